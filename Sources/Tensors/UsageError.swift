/// A mistake of the caller: its text says what was wanted and what came. The one error type a script's author meets.
public struct UsageError: Error, CustomStringConvertible, Equatable, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}
