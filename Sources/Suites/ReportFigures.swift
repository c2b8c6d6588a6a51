import Runs
import Tensors

extension Results {
  /// Learning curves of every task over environment steps and over wall time, the published ones beside the former.
  func curveFigures() throws -> [(name: String, figure: Figure)] {
    var figures: [(String, Figure)] = []
    for task in tasks {
      for abscissa in [Abscissa.steps, .seconds] {
        var figure = Figure()
        figure.width = 900
        figure.title = "\(task): interquartile mean and 95 % interval"
        (figure.xLabel, figure.yLabel) = (abscissa == .steps ? "environment steps" : "wall time [s]", suite.metric)
        for (number, method) in methods.enumerated() {
          var random = RandomStream(seed: Report.seed, purpose: "curve \(task) \(method) \(abscissa.rawValue)")
          guard let curve = try curve(method, task, over: abscissa, using: &random), curve.x.count > 1 else { continue }
          let band = runs(method, task).count > 1
          figure.series.append(.init("\(method) (n = \(runs(method, task).count))", .line(x: curve.x, y: curve.middle, low: band ? curve.low : nil, high: band ? curve.high : nil), colour: number))
        }
        guard let end = figure.series.flatMap({ $0.end }).max() else { continue }
        if abscissa == .steps {
          for (number, published) in (suite.published[task] ?? []).enumerated() {
            let shown = published.steps.indices.filter { published.steps[$0] <= end }
            guard shown.count > 1 else { continue }
            figure.series.append(.init("\(published.label), published", .line(x: shown.map { published.steps[$0] }, y: shown.map { published.values[$0] }), colour: methods.count + number))
          }
        }
        figures.append(("curve-\(Report.fileName(task))-\(abscissa.rawValue)", figure))
      }
    }
    return figures
  }

  /// The share of runs above a score, for every method and score; nil where scores of the tasks do not add up.
  func profileFigure() throws -> Figure? {
    guard isComparable, runs.count > 1 else { return nil }
    let all = runs.map(\.normalized)
    guard let low = all.min(), let high = all.max(), low < high else { return nil }
    let margin = 0.05 * (high - low)
    let thresholds = (0...80).map { low - margin + (high - low + 2 * margin) * Double($0) / 80 }
    var figure = Figure()
    (figure.title, figure.xLabel, figure.yLabel) = ("Performance profile: share of runs above a score, and 95 % interval", "score", "share of runs")
    figure.yRange = 0...1
    figure.width = 900
    for (number, method) in methods.enumerated() {
      guard let scores = try scores(method) else { continue }
      var random = RandomStream(seed: Report.seed, purpose: "profile " + method)
      let intervals = try Bootstrap(resamples: 2000).intervals(scores.tasks, using: &random) { ScoreTable(resampled: $0).profile(thresholds) }
      figure.series.append(.init(method, .line(x: thresholds, y: scores.profile(thresholds), low: intervals.map(\.lowerBound), high: intervals.map(\.upperBound)), colour: number))
    }
    return figure
  }
}

extension Figure.Series {
  fileprivate var end: [Double] { if case .line(let x, _, _, _) = content { x } else { [] } }
}
