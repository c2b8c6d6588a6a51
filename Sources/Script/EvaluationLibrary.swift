import Agents
import Environments
import LuaBridge
import Runs
import Tensors

/// What `dsrl.evaluate` found, and how sure one may be of it.
final class EvaluationObject: LuaObject, CustomStringConvertible {
  static let luaName = "Evaluation"
  let evaluation: Evaluation
  /// 95 %: of the mean return by the bootstrap, of the success rate by Wilson's score.
  let interval: ClosedRange<Double>
  let successInterval: ClosedRange<Double>?

  init(_ evaluation: Evaluation, seed: Int) throws {
    self.evaluation = evaluation
    var stream = RandomStream(seed: seed, purpose: "bootstrap")
    interval = try Statistics.bootstrapInterval(evaluation.returns, using: &stream)
    successInterval = try evaluation.successes.map { try Statistics.wilsonInterval(successes: $0.count(where: \.self), trials: $0.count) }
  }

  var table: LuaTable {
    func pair(_ range: ClosedRange<Double>) -> LuaValue { [.number(range.lowerBound), .number(range.upperBound)] }
    return LuaTable([
      ("mean_reward", .number(evaluation.mean)), ("std_reward", .number(evaluation.std)), ("n", .int(evaluation.episodes)),
      ("interval", pair(interval)), ("returns", .table(LuaTable(list: evaluation.returns.map(LuaValue.number)))),
      ("lengths", .table(LuaTable(list: evaluation.lengths.map(LuaValue.int)))), ("mean_ep_length", .number(evaluation.meanLength)),
      ("success_rate", evaluation.successRate.map(LuaValue.number) ?? .null), ("success_interval", successInterval.map(pair) ?? .null),
    ])
  }

  var description: String {
    func short(_ x: Double) -> String { formatted(abs(x) >= 100 ? "%.1f" : "%.3f", x) }
    let mean = "mean_reward \(short(evaluation.mean)) ± \(short(evaluation.std))"
    let sure = "95 % interval \(short(interval.lowerBound)) to \(short(interval.upperBound))"
    var text = "Evaluation(\(evaluation.episodes) episodes: \(mean), \(sure), mean length \(formatted("%.1f", evaluation.meanLength))"
    if let rate = evaluation.successRate, let interval = successInterval {
      text += ", success \(formatted("%.1f", 100 * rate)) % (\(formatted("%.1f", 100 * interval.lowerBound)) to \(formatted("%.1f", 100 * interval.upperBound)))"
    }
    return text + ")"
  }
}

extension Interpreter {
  /// dsrl.evaluate, and the type Evaluation.
  func installEvaluation(_ defined: EnvironmentDefinitions) {
    module("dsrl") { m in
      m.function("evaluate", "(options: table) -> Evaluation",
        "Runs whole episodes in environments of its own. agent, policy or actor (or a function(observations) -> actions under either name); env: Environment or id (an agent's own kind); episodes (10), seed (0), num_envs (as many as episodes, at most 10), deterministic (false; an actor's own). The same seed and num_envs meet the same episodes.") {
        [unowned self] (options: LuaTable) throws -> EvaluationObject in try long { try evaluateActing(options, defined) }
      }
    }
    type(EvaluationObject.self, doc: "What a number of episodes brought.") { t in
      func property<R: ToLua>(_ name: String, _ type: String, _ doc: String, _ get: @escaping (Evaluation) -> R) {
        t.property(name, type, doc) { get($0.evaluation) }
      }
      property("mean_reward", "number", "The mean return.") { $0.mean }
      property("std_reward", "number", "The returns' standard deviation, divided by n.") { $0.std }
      property("n", "integer", "Episodes.") { $0.episodes }
      property("returns", "number[]", "Sum of the rewards of each episode.") { $0.returns }
      property("lengths", "integer[]", "Environment steps of each episode.") { $0.lengths }
      property("mean_ep_length", "number", "Their mean.") { $0.meanLength }
      property("success_rate", "number?", "Share of successful episodes; nil where the task does not know success.") { $0.successRate }
      t.property("interval", "number[]", "{low, high}: 95 % for the mean return, by the bootstrap.") { [$0.interval.lowerBound, $0.interval.upperBound] }
      t.property("success_interval", "number[]?", "{low, high}: 95 % for the success rate, by Wilson's score.") { $0.successInterval.map { [$0.lowerBound, $0.upperBound] } }
      t.method("to_table", "() -> table", "All of it as a plain table.") { (evaluation: EvaluationObject) in evaluation.table }
    }
  }

  private func evaluateActing(_ options: LuaTable, _ defined: EnvironmentDefinitions) throws -> EvaluationObject {
    var table = options
    let seed: Int = try table.takeOptional("seed") ?? 0
    let episodes: Int = try table.takeOptional("episodes") ?? 10
    let count: Int? = try table.takeOptional("num_envs")
    let env: LuaValue? = try table.takeOptional("env")
    let acting = try table.takeActing(["agent", "policy", "actor"], seed: seed)
    try table.finish()
    guard (1...1_000_000).contains(episodes) else { throw UsageError("episodes wants a number from 1 to 1000000, got \(episodes)") }
    let environments = try acting.recipe(env, defined).vector(count: count ?? min(episodes, 10), seed: seed)
    return try EvaluationObject(evaluate(policy: interruptible(acting.act), on: environments, episodes: episodes, seed: seed), seed: seed)
  }
}
