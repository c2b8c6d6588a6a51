import Tensors

/// A stream of random numbers that several modules draw from.
public final class RandomSource {
  public var stream: RandomStream
  public init(_ stream: RandomStream) { self.stream = stream }
}

/// While it trains, sets elements to 0 with probability p and scales the others by 1 / (1 - p); else the identity (Srivastava et al. 2014).
public final class Dropout: Layer {
  public let p: Float
  public var isTraining = true
  private let source: RandomSource

  public var namedParameters: [NamedTensor] { [] }

  /// Throws unless p is a probability.
  public init(_ p: Float, from source: RandomSource) throws {
    guard 0...1 ~= p else { throw UsageError("dropout wants a probability in [0, 1], got \(p)") }
    (self.p, self.source) = (p, source)
  }

  /// Any shape to the same.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try mask(x.shape).map { try x * $0 } ?? x
  }

  /// What multiplies the elements: 0 or 1 / (1 - p); nil where everything stays.
  func mask(_ shape: [Int]) throws -> Tensor? {
    isTraining && p > 0 ? try Tensor.dropoutMask(shape, p, using: &source.stream) : nil
  }
}
