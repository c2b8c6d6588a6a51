import LuaBridge
import Runs
import Tensors

/// Options of the functions that give intervals.
private struct IntervalOptions {
  var bootstrap: Bootstrap
  var random: RandomStream
  /// Of the optimality gap.
  var target: Double

  init(_ table: LuaTable?) throws {
    var table = table ?? LuaTable()
    let name: String = try table.takeOptional("method") ?? Bootstrap.Method.percentile.rawValue
    guard let method = Bootstrap.Method(rawValue: name) else {
      throw LuaError("'method' must be one of \(Bootstrap.Method.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")), got '\(name)'")
    }
    bootstrap = try Bootstrap(method: method, confidence: table.takeOptional("confidence") ?? 0.95, resamples: table.takeOptional("resamples") ?? 10000)
    random = RandomStream(seed: try table.takeOptional("seed") ?? 0, purpose: "bootstrap")
    target = try table.takeOptional("target") ?? 1
    try table.finish()
  }
}

/// Runs by task: a list of lists.
private struct Scores: FromLua {
  let table: ScoreTable
  static var luaExpectation: String { "list of tasks, each a list of its runs' scores" }
  static func read(_ L: LuaState, at index: CInt) throws -> Scores {
    guard case .table(let tasks) = try LuaValue.read(L, at: index), tasks.names.isEmpty else { throw LuaError("\(luaExpectation) expected") }
    return Scores(table: try ScoreTable(try tasks.list.enumerated().map { place, runs in
      do { return try Numbers(runs).values } catch { throw LuaError("task \(place + 1): \(error)") }
    }))
  }
}

private func threeNumbers(_ value: Double, _ interval: ClosedRange<Double>) -> LuaValue {
  .table(LuaTable([("value", .number(value)), ("low", .number(interval.lowerBound)), ("high", .number(interval.upperBound))]))
}

// dsrl.stats.aggregate, improvement and profile: many runs of many tasks (Agarwal et al. 2021).
extension Session {
  func installScores() {
    let intervals = "options?: {method: string?, confidence: number?, resamples: integer?, seed: integer?}"
    let doc = "method (\"percentile\"; \"bca\"), confidence (0.95), resamples (10000), seed (0)."
    lua.module("dsrl.stats") {
      $0.function(
        "aggregate", "(scores: number[][], options?: {method: string?, confidence: number?, resamples: integer?, seed: integer?, target: number?}) -> table",
        "Scores by task, each a list of runs, summed up: {mean =, median =, iqm =, optimality_gap =, n =}, each {value =, low =, high =} with its stratified bootstrap interval. target (1): of the optimality gap. \(doc)"
      ) { (scores: Scores, options: LuaTable?) throws -> LuaTable in
        var options = try IntervalOptions(options)
        let target = options.target
        func values(_ table: ScoreTable) -> [Double] { [table.mean, table.median, table.interquartileMean, table.optimalityGap(target: target)] }
        let found = try options.bootstrap.intervals(scores.table.tasks, using: &options.random) { try values(ScoreTable($0)) }
        let all = zip(["mean", "median", "iqm", "optimality_gap"], zip(values(scores.table), found)).map { ($0, threeNumbers($1.0, $1.1)) }
        return LuaTable(all + [("n", .int(scores.table.runCount))])
      }
      $0.function(
        "improvement", "(x: number[][], y: number[][], \(intervals)) -> table",
        "The probability that a run of x beats one of y on the same task, ties half, mean over tasks: {value =, low =, high =}. \(doc)"
      ) { (x: Scores, y: Scores, options: LuaTable?) throws -> LuaValue in
        var options = try IntervalOptions(options)
        let value = try x.table.probabilityOfImprovement(over: y.table)
        let count = x.table.tasks.count
        let interval = try options.bootstrap.interval(x.table.tasks + y.table.tasks, using: &options.random) {
          try ScoreTable(Array($0[..<count])).probabilityOfImprovement(over: ScoreTable(Array($0[count...])))
        }
        return threeNumbers(value, interval)
      }
      $0.function(
        "profile", "(scores: number[][], thresholds: number[] | Tensor, \(intervals)) -> table",
        "The share of runs above each threshold, every task with the same weight: {values =, low =, high =}, lists as long as the thresholds. \(doc)"
      ) { (scores: Scores, thresholds: Numbers, options: LuaTable?) throws -> LuaTable in
        var options = try IntervalOptions(options)
        let found = try options.bootstrap.intervals(scores.table.tasks, using: &options.random) { try ScoreTable($0).profile(thresholds.values) }
        func list(_ values: [Double]) -> LuaValue { .table(LuaTable(list: values.map { .number($0) })) }
        return LuaTable([("values", list(scores.table.profile(thresholds.values))), ("low", list(found.map(\.lowerBound))), ("high", list(found.map(\.upperBound)))])
      }
    }
  }
}
