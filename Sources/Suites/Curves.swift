import Runs
import Tensors

/// How a method's runs of one task went on, as one line with a band.
public struct LearningCurve: Sendable {
  public var x, middle, low, high: [Double]
}

extension Results {
  public enum Abscissa: String, Sendable { case steps, seconds }

  /// The interquartile mean of a method's runs at `points` places along the abscissa with its bootstrap interval, where all runs have
  /// values: each run's evaluations are joined by straight lines. nil where it has no runs of the task, or nothing in common.
  public func curve(_ method: String, _ task: String, over abscissa: Abscissa = .steps, points: Int = 41, using random: inout RandomStream) throws -> LearningCurve? {
    let lines = runs(method, task).map { (x: abscissa == .steps ? $0.steps : $0.seconds, y: $0.values) }
    guard let start = lines.map({ $0.x[0] }).max(), let end = lines.map({ $0.x[$0.x.count - 1] }).min(), start <= end else { return nil }
    var own = lines[0].x.filter { $0 >= start && $0 <= end }
    if let last = own.last, last < end { own.append(end) }
    // Places of evaluations where there are few of them; then the line is what was measured.
    let x = own.count <= points && own.count > 1 && abscissa == .steps
      ? own : (0..<points).map { start + (end - start) * Double($0) / Double(points - 1) }
    var curve = LearningCurve(x: x, middle: [], low: [], high: [])
    let bootstrap = try Bootstrap(resamples: 2000)
    for place in x {
      let values = lines.map { Results.value(of: $0, at: place) }
      let interval = try bootstrap.interval([values], using: &random) { ScoreTable(resampled: $0).interquartileMean }
      curve.middle.append(ScoreTable(resampled: [values]).interquartileMean)
      curve.low.append(interval.lowerBound)
      curve.high.append(interval.upperBound)
    }
    return curve
  }

  private static func value(of line: (x: [Double], y: [Double]), at place: Double) -> Double {
    guard let after = line.x.firstIndex(where: { $0 >= place }) else { return line.y[line.y.count - 1] }
    guard after > 0, line.x[after] > line.x[after - 1] else { return line.y[after] }
    let share = (place - line.x[after - 1]) / (line.x[after] - line.x[after - 1])
    return line.y[after - 1] + share * (line.y[after] - line.y[after - 1])
  }
}
