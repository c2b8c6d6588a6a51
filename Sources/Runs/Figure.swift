import Tensors

/// A picture of numbers. `write(to:)` draws it into a file, `text(width:height:)` into characters.
public struct Figure: Sendable {
  public var title = ""
  public var xLabel = ""
  public var yLabel = ""
  /// Logarithmic axes; every number on them must be positive.
  public var xLog = false
  public var yLog = false
  /// nil: what the data needs.
  public var xRange: ClosedRange<Double>?
  public var yRange: ClosedRange<Double>?
  /// Names for 1, 2, ... on the y axis, instead of numbers.
  public var yNames: [String] = []
  /// Beside the data, never on it.
  public var legend = true
  /// In pixels.
  public var width = 800
  public var height = 500
  public var series: [Series]

  public init(_ series: [Series] = []) { self.series = series }

  /// What one entry of the legend stands for.
  public struct Series: Sendable {
    public enum Content: Sendable {
      /// `low` and `high`, where given, bound a band around the line.
      case line(x: [Double], y: [Double], low: [Double]? = nil, high: [Double]? = nil)
      case scatter(x: [Double], y: [Double])
      /// Side by side from zero up: `heights[i]` from `edges[i]` to `edges[i + 1]`.
      case bars(edges: [Double], heights: [Double])
      /// Points between `low` and `high`, each a horizontal stroke, at the heights `y`.
      case intervals(x: [Double], low: [Double], high: [Double], y: [Double])
      /// Many lines of one kind.
      case trajectories([Trajectory])
      /// `rows[0]` is the lowest; they fill the ranges evenly.
      case image(rows: [[Double]], x: ClosedRange<Double>, y: ClosedRange<Double>)
    }
    public var label: String
    public var content: Content
    /// Its place in the palette, from 0; nil takes its place among the series.
    public var colour: Int?
    public init(_ label: String, _ content: Content, colour: Int? = nil) { (self.label, self.content, self.colour) = (label, content, colour) }
  }

  /// A line of points in order; `colour` places it on the colour scale, nil gives it its series' colour.
  public struct Trajectory: Sendable {
    public var x: [Double]
    public var y: [Double]
    public var colour: Double?
    public init(x: [Double], y: [Double], colour: Double? = nil) { (self.x, self.y, self.colour) = (x, y, colour) }
  }

  /// Throws what is wrong with the numbers, before any drawing.
  func check() throws {
    guard !series.isEmpty else { throw UsageError("a figure wants at least one series") }
    guard width >= 50, height >= 50, width <= 10000, height <= 10000 else { throw UsageError("a figure's sides are 50 to 10000 pixels, got \(width) x \(height)") }
    var something = false
    for series in series {
      if case .bars(let edges, let heights) = series.content {
        guard edges.count == heights.count + 1, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
          throw UsageError("'\(series.label)': \(heights.count) bars want \(heights.count + 1) rising edges, got \(edges.count)")
        }
      }
      for (x, y) in series.points {
        guard x.count == y.count else { throw UsageError("'\(series.label)' has \(x.count) x and \(y.count) y") }
        something = something || zip(x, y).contains { $0.isFinite && $1.isFinite }
        for (log, values, axis) in [(xLog, x, "x"), (yLog, y, "y")] where log {
          if let wrong = values.first(where: { $0 <= 0 }) { throw UsageError("a logarithmic \(axis) axis wants positive numbers, '\(series.label)' has \(wrong)") }
        }
      }
      if case .intervals(let x, let low, let high, let y) = series.content, Set([x.count, low.count, high.count, y.count]).count > 1 {
        throw UsageError("'\(series.label)' has \(x.count) x, \(low.count) low, \(high.count) high and \(y.count) y")
      }
      if case .line(let x, _, let low, let high) = series.content {
        guard (low == nil) == (high == nil) else { throw UsageError("'\(series.label)': a band wants both low and high") }
        for (name, bound) in [("low", low), ("high", high)] {
          guard let bound else { continue }
          guard bound.count == x.count else { throw UsageError("'\(series.label)' has \(x.count) x and \(bound.count) \(name)") }
        }
      }
      if case .image(let rows, _, _) = series.content {
        guard let columns = rows.first?.count, columns > 0, rows.allSatisfy({ $0.count == columns }) else {
          throw UsageError("'\(series.label)': an image wants rows of one length, got lengths \(Set(rows.map(\.count)).sorted())")
        }
        something = something || rows.joined().contains(where: \.isFinite)
      }
    }
    guard something else { throw UsageError("a figure wants at least one point that is a finite number") }
  }
}

extension Figure.Series {
  /// The lines or clouds of points it consists of.
  var points: [(x: [Double], y: [Double])] {
    switch content {
    case .line(let x, let y, _, _), .scatter(let x, let y), .intervals(let x, _, _, let y): [(x, y)]
    case .trajectories(let lines): lines.map { ($0.x, $0.y) }
    case .bars(let edges, let heights): [(zip(edges, edges.dropFirst()).map { ($0 + $1) / 2 }, heights)]
    case .image: []
    }
  }
}
