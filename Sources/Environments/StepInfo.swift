/// Numbers by name, in a fixed order: what a step tells beside its reward. The names are shared, so that a step costs one list of numbers.
public struct StepInfo: Equatable, Sendable, ExpressibleByDictionaryLiteral {
  public let names: [String]
  public let values: [Double]

  /// As many values as names.
  public init(names: [String], values: [Double]) {
    precondition(names.count == values.count)
    (self.names, self.values) = (names, values)
  }

  public init(dictionaryLiteral elements: (String, Double)...) {
    (names, values) = (elements.map(\.0), elements.map(\.1))
  }

  /// nil where there is no number of that name.
  public subscript(name: String) -> Double? { names.firstIndex(of: name).map { values[$0] } }
}
