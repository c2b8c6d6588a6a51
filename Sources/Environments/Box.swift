import Glibc
import Tensors

/// The values a vector may take: an interval for each element, infinite where it is not bounded (Gymnasium's Box).
public struct Box: Codable, Equatable, Sendable {
  public let low: [Double]
  public let high: [Double]

  /// Throws where the ends differ in number, or an upper end lies below its lower one.
  public init(low: [Double], high: [Double]) throws {
    guard low.count == high.count else { throw UsageError("a box wants as many upper ends as lower ones, got \(high.count) and \(low.count)") }
    for (index, (low, high)) in zip(low, high).enumerated() where !(low <= high) {
      throw UsageError("a box wants low <= high, got \(low) and \(high) at element \(index + 1)")
    }
    (self.low, self.high) = (low, high)
  }

  /// -bound...bound in each of `count` elements; infinity where nothing bounds them.
  public init(symmetric bound: Double, count: Int) {
    low = Array(repeating: -bound, count: count)
    high = Array(repeating: bound, count: count)
  }

  /// -bounds[i]...bounds[i] in element i.
  public init(symmetric bounds: [Double]) { (low, high) = (bounds.map { -$0 }, bounds) }

  /// Of ends that are known to be in order.
  init(between low: [Double], and high: [Double]) {
    precondition(low.count == high.count)
    (self.low, self.high) = (low, high)
  }

  public var count: Int { low.count }

  /// Whether `values` has the right length and every element lies in its interval; NaN lies nowhere.
  public func contains(_ values: [Double]) -> Bool {
    values.count == count && values.indices.allSatisfy { low[$0] <= values[$0] && values[$0] <= high[$0] }
  }

  /// The nearest values inside.
  public func clip(_ values: [Double]) -> [Double] {
    precondition(values.count == count)
    return values.indices.map { min(max(values[$0], low[$0]), high[$0]) }
  }

  /// A random element as Gymnasium draws it: uniform between two ends, exponential from one end, normal without ends.
  public func sample(using stream: inout RandomStream) -> [Double] {
    zip(low, high).map { low, high in
      switch (low.isFinite, high.isFinite) {
      case (true, true): stream.uniform(low, high)
      case (true, false): low - log(1 - stream.uniform())
      case (false, true): high + log(1 - stream.uniform())
      case (false, false): stream.normal()
      }
    }
  }
}

extension Box: CustomStringConvertible {
  /// `Box(3 in [-1, 1])`, or the interval of every element where they differ.
  public var description: String {
    let intervals = zip(low, high).map { "[\(Box.short($0)), \(Box.short($1))]" }
    if let first = intervals.first, intervals.allSatisfy({ $0 == first }) { return "Box(\(count) in \(first))" }
    return "Box(\(intervals.joined(separator: ", ")))"
  }

  static func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
