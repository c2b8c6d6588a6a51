import Files
import Runs
import Tensors

extension Results {
  /// Whether all tasks have a normalised scale, or there is only one task: only then do scores of different tasks add up.
  var isComparable: Bool { tasks.count == 1 || tasks.allSatisfy { suite.normalization[$0] != nil } }
  private var isNormalized: Bool { tasks.allSatisfy { suite.normalization[$0] != nil } }
  private var scoreName: String { isNormalized ? "normalised \(suite.metric)" : suite.metric }
  private var scoreNote: String {
    "Score: \(suite.lastEvaluations == 1 ? "the last evaluation's" : "the mean of the last \(suite.lastEvaluations) evaluations'") \(suite.metric)\(isNormalized ? ", normalised" : "")."
  }

  /// A stream for each number, so that one method more changes nothing about the others.
  private func random(_ purpose: String) -> RandomStream { RandomStream(seed: Report.seed, purpose: purpose) }

  /// All methods over all tasks, as a table and as a picture.
  func summaryTable() throws -> (table: ReportTable, figure: Figure) {
    let gap = isNormalized
    var table = ReportTable("Summary", note: "", columns: ["method", "n", "IQM", "95 % interval", "mean", "95 % interval", "median"] + (gap ? ["optimality gap"] : []))
    table.note = scoreNote + " IQM: the mean without the lowest and highest quarter of the runs; intervals by stratified bootstrap over runs, 10000 resamples."
    var figure = Figure()
    (figure.xLabel, figure.title, figure.legend) = (scoreName, "\(suite.name): interquartile mean and 95 % interval", false)
    guard isComparable else {
      table.note = "The tasks have no common scale (normalization of the suite), so there is no summary over them; the next table has each by itself."
      table.columns = ["method", "n"]
      table.rows = methods.map { method in [method, String(runs.count { $0.cell.method == method })] }
      return (table, try taskFigure())
    }
    var points: (x: [Double], low: [Double], high: [Double], y: [Double]) = ([], [], [], [])
    for method in methods {
      guard let scores = try scores(method) else {
        table.rows.append([method, "0"] + table.columns.dropFirst(2).map { _ in "–" })
        continue
      }
      var random = random("summary " + method)
      let intervals = try Bootstrap().intervals(scores.tasks, using: &random) {
        let table = ScoreTable(resampled: $0)
        return [table.interquartileMean, table.mean]
      }
      let name = isComplete(method) ? method : method + " (not all tasks)"
      table.rows.append(
        [name, String(scores.runCount), scores.interquartileMean.brief, Brief.text(intervals[0]), scores.mean.brief, Brief.text(intervals[1]), scores.median.brief]
          + (gap ? [scores.optimalityGap().brief] : []))
      figure.yNames.append(name)
      points.x.append(scores.interquartileMean)
      points.low.append(intervals[0].lowerBound)
      points.high.append(intervals[0].upperBound)
      points.y.append(Double(figure.yNames.count))
    }
    figure.height = 140 + 45 * figure.yNames.count
    figure.series = [.init("", .intervals(x: points.x, low: points.low, high: points.high, y: points.y))]
    return (table, figure)
  }

  /// Every method on every task, on the task's own scale.
  func taskTable() throws -> ReportTable {
    var table = ReportTable(
      "Tasks", note: "\(suite.metric) of the finished runs: mean, 95 % bootstrap interval over seeds, standard deviation, n.",
      columns: ["task", "method", "n", "mean", "95 % interval", "sd", "lowest", "highest"])
    for task in tasks {
      for method in methods {
        let scores = runs(method, task).map(\.score)
        guard !scores.isEmpty else { continue }
        let interval = try taskInterval(method, task)
        table.rows.append([
          task, method, String(scores.count), try Statistics.mean(scores).brief, scores.count > 1 ? Brief.text(interval) : "–",
          scores.count > 1 ? try Statistics.standardDeviation(scores).brief : "–", (scores.min() ?? .nan).brief, (scores.max() ?? .nan).brief,
        ])
      }
    }
    return table
  }

  private func taskInterval(_ method: String, _ task: String) throws -> ClosedRange<Double> {
    var random = random("task \(task) \(method)")
    return try Statistics.bootstrapInterval(runs(method, task).map(\.score), using: &random)
  }

  /// Where tasks cannot be summed up: each with each method, a series for a task.
  private func taskFigure() throws -> Figure {
    var figure = Figure()
    (figure.xLabel, figure.title, figure.yNames) = (suite.metric, "\(suite.name): mean and 95 % interval", methods)
    figure.height = 140 + 45 * methods.count
    for (number, task) in tasks.enumerated() {
      var points: (x: [Double], low: [Double], high: [Double], y: [Double]) = ([], [], [], [])
      for (row, method) in methods.enumerated() where !runs(method, task).isEmpty {
        let interval = try taskInterval(method, task)
        points.x.append(try Statistics.mean(runs(method, task).map(\.score)))
        points.low.append(interval.lowerBound)
        points.high.append(interval.upperBound)
        points.y.append(Double(row + 1) + 0.5 * ((Double(number) + 0.5) / Double(tasks.count) - 0.5))
      }
      if !points.x.isEmpty { figure.series.append(.init(task, .intervals(x: points.x, low: points.low, high: points.high, y: points.y))) }
    }
    return figure
  }

  /// For every pair of methods, how probable it is that the first does better on a task; nil for one method.
  func improvementTable() throws -> ReportTable? {
    let complete = methods.filter(isComplete)
    guard complete.count > 1 else { return nil }
    var table = ReportTable(
      "Probability of improvement", note: "P(X > Y): the probability that a run of the row's method beats one of the column's on the same task, mean over tasks, with its 95 % bootstrap interval. 0.5 is a draw.",
      columns: ["X \\ Y"] + complete)
    for x in complete {
      guard let ours = try scores(x) else { continue }
      table.rows.append([x] + (try complete.map { y in
        guard x != y, let theirs = try scores(y) else { return "–" }
        var random = random("improvement \(x) over \(y)")
        let count = ours.tasks.count
        let interval = try Bootstrap(resamples: 2000).interval(ours.tasks + theirs.tasks, using: &random) {
          try ScoreTable(resampled: Array($0[..<count])).probabilityOfImprovement(over: ScoreTable(resampled: Array($0[count...])))
        }
        return "\(try ours.probabilityOfImprovement(over: theirs).brief) \(Brief.text(interval))"
      }))
    }
    return table
  }

  /// What the runs took.
  func costTable() throws -> ReportTable {
    var table = ReportTable(
      "Cost", note: "Medians over the finished runs. Wall time as measured on the machines that ran them, other work included.",
      columns: ["task", "method", "wall time", "environment steps", "gradient steps", "peak memory", "processor"])
    for task in tasks {
      for method in methods {
        let all = runs(method, task)
        guard !all.isEmpty else { continue }
        func median(_ values: [Double]) throws -> Double? { values.isEmpty ? nil : try Statistics.median(values) }
        table.rows.append([
          task, method, Progress.duration(try Statistics.median(all.map(\.wallTime))), Brief.text(try Statistics.median(all.map { $0.steps.last ?? 0 })),
          try median(all.compactMap(\.gradientSteps)).map(Brief.text) ?? "–", try median(all.compactMap(\.peakMemory)).map { "\(Int($0 / 1048576)) MiB" } ?? "–",
          all.map(\.manifest.processor).uniqued().joined(separator: "; "),
        ])
      }
    }
    return table
  }

  /// Cells without a result.
  func missingTable(_ store: SuiteStore) -> ReportTable {
    ReportTable(
      "Cells without a result", note: "Not part of any number above.", columns: ["cell", "state", "settings", "log"],
      rows: missing.map { cell, state in [cell.key, state == .queue ? "waits" : state.rawValue, cell.description, store.log(of: cell)] })
  }
}
