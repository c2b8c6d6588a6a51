import Diffusion
import Environments
import LuaBridge
import Tensors

/// Behaviour data as Lua holds it.
final class DataObject: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "DataSet"
  let data: DataSet

  init(_ data: DataSet) { self.data = data }
  var luaByteCount: Int { (data.observations.count + data.actions.count + data.count) * MemoryLayout<Float>.stride }
  var description: String { page }
}

extension Interpreter {
  /// dsrl.data, and the type DataSet.
  func installData(_ defined: EnvironmentDefinitions) {
    module("dsrl.data", doc: "Behaviour data: what a policy is trained on.") { m in
      m.function("load", "(path: string, options?: table) -> DataSet", loadDoc) { [unowned self] (path: String, options: LuaTable?) throws -> DataObject in
        try long { try loadData(path, options) }
      }
      m.function("collect", "(options: table) -> DataSet",
        "Data of acting. env: Environment or id (environments like it are made, itself is left alone); policy: Policy, Agent, Actor or function(observations [n, observation]) -> actions [n, chunk, action]; steps (at least) or episodes (exactly); num_envs (that of env, else 1), over which the program's threads are spread, seed (0), deterministic (false), noise (0): standard deviation of normal noise on every action, in half ranges of the action space.") {
        [unowned self] (options: LuaTable) throws -> DataObject in try long { DataObject(try collectData(options, defined)) }
      }
      m.function("demonstrations", "(options: table) -> DataSet",
        "Demonstrations by the task's own demonstrator. env (\"PointFork-v0\"; also \"Driving-v0\", \"PointMaze-v0\", \"PushT-v0\"), episodes (100), seed (0), and the environment's own options.", options: PointForkOptions.self,
        { [unowned self] (options: LuaTable) throws -> DataObject in try long { try demonstrations(options) } })
    }
    type(DataObject.self, doc: "Behaviour data: steps in order, episode after episode.") { t in
      installDataMethods(t)
      t.method("returns", "() -> number[]", "Sum of the rewards of each episode.") { (data: DataObject) in data.data.episodes.map(\.return) }
      t.method("statistics", "() -> table", "steps, episodes, and min, max, mean, std of return, length and each element of observation and action; terminated and, where the data say so, success: shares of the episodes.") {
        (data: DataObject) in statistics(data.data)
      }
      t.property("observations", "Tensor", "[steps, observation], before the action.") { $0.data.observations }
      t.property("actions", "Tensor", "[steps, action].") { $0.data.actions }
      t.property("rewards", "Tensor", "[steps].") { $0.data.rewards }
      t.property("terminals", "boolean[]", "Where the task itself ended the episode.") { $0.data.terminals }
      t.property("timeouts", "boolean[]", "Where the episode was cut off.") { $0.data.timeouts }
      t.property("episodes", "table[]", "first and last step (from 1), length, return, terminated (else it was cut off) and, where the data say so, success of each episode.") { $0.data.episodes.map(\.luaTable) }
      t.metamethod(.len, "(data) -> integer", "Steps in all.") { (data: DataObject) in data.data.count }
    }
  }

  private func collectData(_ options: LuaTable, _ defined: EnvironmentDefinitions) throws -> DataSet {
    var table = options
    let seed: Int = try table.takeOptional("seed") ?? 0
    let acting = try table.takeActing(["policy"], seed: seed)
    let env: LuaValue = try table.take("env")
    let steps: Int? = try table.takeOptional("steps")
    let episodes: Int? = try table.takeOptional("episodes")
    let count: Int? = try table.takeOptional("num_envs")
    let noise: Double? = try table.takeOptional("noise")
    try table.finish()
    var given: Int?
    if case .object(let object as EnvironmentObject) = env { given = object.count }

    let environments = try acting.recipe(env, defined).vector(count: count ?? given ?? 1, seed: seed)
    let act = try interruptible(noise.map { try acting.noisy($0, in: environments.actionSpace, seed: seed) } ?? acting.act)
    switch (steps, episodes) {
    case (let steps?, nil): return try collect(from: environments, steps: steps, action: act)
    case (nil, let episodes?): return try collect(from: environments, episodes: episodes, action: act)
    default: throw LuaError("either 'steps' or 'episodes' expected, got \(steps == nil ? "neither" : "both")")
    }
  }
}

extension DataSet.Episode {
  var luaTable: LuaTable {
    LuaTable([
      ("first", .int(range.lowerBound + 1)), ("last", .int(range.upperBound)), ("length", .int(range.count)), ("return", .number(self.return)),
      ("terminated", .bool(terminated)), ("success", success.map { .bool($0) } ?? .null),
    ])
  }
}

private func statistics(_ data: DataSet) -> LuaTable {
  func table(_ summary: Summary) -> LuaValue {
    ["min": .number(summary.minimum), "max": .number(summary.maximum), "mean": .number(summary.mean), "std": .number(summary.standardDeviation)]
  }
  return LuaTable([
    ("steps", .int(data.count)), ("episodes", .int(data.episodes.count)), ("return", table(data.returnStatistics)),
    ("length", table(data.lengthStatistics)), ("observation", .table(LuaTable(list: data.observationStatistics.map(table)))),
    ("action", .table(LuaTable(list: data.actionStatistics.map(table)))), ("terminated", .number(data.terminatedShare)),
    ("success", data.successShare.map { .number($0) } ?? .null),
  ])
}
