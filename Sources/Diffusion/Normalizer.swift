import Files
import Tensors

/// Min-max scaling to [-1, 1] as DPPO does it: y = 2 ((x - min) / (max - min + 1e-6) - 1/2), and back x = (y + 1) / 2 (max - min) + min.
public struct Normalizer: Sendable {
  /// Smallest and largest of each column, [columns].
  public let minimum: Tensor
  public let maximum: Tensor

  public var size: Int { minimum.count }

  /// Throws unless both are vectors of one length, finite, min <= max.
  public init(minimum: Tensor, maximum: Tensor) throws {
    guard minimum.rank == 1, minimum.shape == maximum.shape else {
      throw UsageError("a normaliser wants two vectors of one length, got shapes \(minimum.shape) and \(maximum.shape)")
    }
    for (i, (low, high)) in zip(minimum.values, maximum.values).enumerated() where !(low <= high) || !low.isFinite || !high.isFinite {
      throw UsageError("a normaliser wants finite min <= max, got \(low) and \(high) in column \(i + 1)")
    }
    (self.minimum, self.maximum) = (minimum, maximum)
  }

  /// From the columns of data, [n, columns].
  public init(fitting data: Tensor) throws {
    guard data.rank == 2, data.shape[0] > 0 else { throw UsageError("a normaliser is fitted to rows, [n, columns], got shape \(data.shape)") }
    try self.init(minimum: data.detach().min(0), maximum: data.detach().max(0))
  }

  /// SHA-256 of all their numbers, observation before action, smallest before largest: what a policy's normalisation is known by.
  public static func hash(observation: Normalizer, action: Normalizer) throws -> String {
    try SHA256.hex([observation.minimum, observation.maximum, action.minimum, action.maximum].flatMap(bytes))
  }

  /// [..., columns] -> the same shape, the fitted data inside [-1, 1].
  public func normalize(_ x: Tensor) throws -> Tensor {
    try check(x)
    let range = try maximum - minimum + 1e-6
    return try 2 * ((x - minimum) / range) - 1
  }

  /// [..., columns] -> the same shape.
  public func denormalize(_ y: Tensor) throws -> Tensor {
    try check(y)
    let half = try 0.5 * (maximum - minimum)
    return try (y + 1) * half + minimum
  }

  private func check(_ x: Tensor) throws {
    guard x.shape.last == size else { throw UsageError("this normaliser wants \(size) columns, got shape \(x.shape)") }
  }
}
