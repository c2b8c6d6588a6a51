import Agents
import Environments
import LuaBridge
import Ranks
import Runs
import Tensors

/// What `dsrl.evaluate` found, and how sure one may be of it.
final class EvaluationObject: LuaObject, CustomStringConvertible {
  static let luaName = "Evaluation"
  let evaluation: Evaluation
  /// 95 %: of the mean return by the bootstrap, of the success rate by Wilson's score.
  let interval: ClosedRange<Double>
  let successInterval: ClosedRange<Double>?
  /// Of the policy that was steered, on the same seeds; nil where nobody asked.
  let base: EvaluationObject?
  /// The mean of the differences of the returns, episode by episode, from the base policy's, with its 95 % interval by the bootstrap.
  let gain: (mean: Double, interval: ClosedRange<Double>)?

  init(_ evaluation: Evaluation, seed: Int, base: EvaluationObject? = nil) throws {
    (self.evaluation, self.base) = (evaluation, base)
    var pairs = RandomStream(seed: seed, purpose: "bootstrap of differences")
    gain = try base.map { base in
      let differences = zip(evaluation.returns, base.evaluation.returns).map { $0 - $1 }
      return (try Statistics.mean(differences), try Statistics.bootstrapInterval(differences, using: &pairs))
    }
    var stream = RandomStream(seed: seed, purpose: "bootstrap")
    interval = try Statistics.bootstrapInterval(evaluation.returns, using: &stream)
    successInterval = try evaluation.successes.map { try Statistics.wilsonInterval(successes: $0.count(where: \.self), trials: $0.count) }
  }

  var table: LuaTable {
    func pair(_ range: ClosedRange<Double>) -> LuaValue { [.number(range.lowerBound), .number(range.upperBound)] }
    return LuaTable([
      ("base", base.map { .table($0.table) } ?? .null), ("gain", gain.map { .number($0.mean) } ?? .null),
      ("gain_interval", gain.map { pair($0.interval) } ?? .null),
      ("mean_reward", .number(evaluation.mean)), ("std_reward", .number(evaluation.std)), ("n", .int(evaluation.episodes)),
      ("interval", pair(interval)), ("returns", .table(LuaTable(list: evaluation.returns.map(LuaValue.number)))),
      ("lengths", .table(LuaTable(list: evaluation.lengths.map(LuaValue.int)))), ("mean_ep_length", .number(evaluation.meanLength)),
      ("successes", evaluation.successes.map { .table(LuaTable(list: $0.map(LuaValue.bool))) } ?? .null),
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
    text += ")"
    guard let base, let gain else { return text }
    return text + "\n  base " + base.description
      + "\n  gain \(short(gain.mean)), 95 % interval \(short(gain.interval.lowerBound)) to \(short(gain.interval.upperBound)), over the same episodes"
  }
}

extension Interpreter {
  /// dsrl.evaluate, and the type Evaluation.
  func installEvaluation(_ defined: EnvironmentDefinitions, _ ranks: Ranks) {
    module("dsrl") { m in
      m.function("evaluate", "(options: table) -> Evaluation",
        "Runs whole episodes in environments of its own. agent, policy or actor (or a function(observations) -> actions under either name); env: Environment or id (an agent's own kind); episodes (10), seed (0), num_envs (as many as episodes, at most 10), deterministic (false; an actor's own), base (false: true runs the policy that an agent steers through the same episodes, beside it), distributed (false: true splits the episodes over the ranks of mpirun, which all call it and all get the whole). The same seed and num_envs meet the same episodes.") {
        [unowned self] (options: LuaTable) throws -> EvaluationObject in try long { try evaluateActing(options, defined, ranks) }
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
      property("successes", "boolean[]?", "Of each episode; nil where the task does not know success.") { $0.successes }
      property("mean_ep_length", "number", "Their mean.") { $0.meanLength }
      property("success_rate", "number?", "Share of successful episodes; nil where the task does not know success.") { $0.successRate }
      t.property("interval", "number[]", "{low, high}: 95 % for the mean return, by the bootstrap.") { [$0.interval.lowerBound, $0.interval.upperBound] }
      t.property("success_interval", "number[]?", "{low, high}: 95 % for the success rate, by Wilson's score.") { $0.successInterval.map { [$0.lowerBound, $0.upperBound] } }
      t.property("base", "Evaluation?", "Of the policy that the agent steers, on the same seeds; nil without base = true.") { $0.base }
      t.property("gain", "number?", "The mean difference of the returns from the base policy's, episode by episode; nil without base = true.") { $0.gain?.mean }
      t.property("gain_interval", "number[]?", "{low, high}: 95 % for it, by the bootstrap over the pairs.") { $0.gain.map { [$0.interval.lowerBound, $0.interval.upperBound] } }
      t.method("to_table", "() -> table", "All of it as a plain table.") { (evaluation: EvaluationObject) in evaluation.table }
    }
  }

  private func evaluateActing(_ options: LuaTable, _ defined: EnvironmentDefinitions, _ ranks: Ranks) throws -> EvaluationObject {
    var table = options
    let seed: Int = try table.takeOptional("seed") ?? 0
    let episodes: Int = try table.takeOptional("episodes") ?? 10
    let count: Int? = try table.takeOptional("num_envs")
    let env: LuaValue? = try table.takeOptional("env")
    let besideBase: Bool = try table.takeOptional("base") ?? false
    let isShared: Bool = try table.takeOptional("distributed") ?? false
    let steered = besideBase ? try steeredPolicy(table) : nil
    let acting = try table.takeActing(["agent", "policy", "actor"], seed: seed)
    try table.finish()
    guard (1...1_000_000).contains(episodes) else { throw UsageError("episodes wants a number from 1 to 1000000, got \(episodes)") }
    let environments = try acting.recipe(env, defined).vector(count: count ?? min(episodes, 10), seed: seed)
    func run(_ act: @escaping (Tensor) throws -> Tensor) throws -> Evaluation {
      try evaluate(policy: interruptible(act), on: environments, episodes: episodes, seed: seed, ranks: isShared ? ranks : .alone)
    }
    let base = try steered.map { try EvaluationObject(run(BasePolicyActor($0.policy, seed: seed).act), seed: seed) }
    return try EvaluationObject(run(acting.act), seed: seed, base: base)
  }

  /// The policy that the agent of an evaluation steers.
  private func steeredPolicy(_ table: LuaTable) throws -> PolicyObject {
    guard case .object(let agent as AgentObject)? = table["agent"], let policy = agent.policy else {
      throw UsageError("base = true wants an agent that steers a policy, got \((table["agent"] ?? .null).brief)")
    }
    return policy
  }
}
