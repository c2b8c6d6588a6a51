import Tensors

/// A row of numbers to learn for each of `count` things; rows begin standard normal, as PyTorch's.
public final class Embedding: Layer {
  /// [count, size]
  public let weight: Tensor

  public var count: Int { weight.shape[0] }
  public var size: Int { weight.shape[1] }
  public var namedParameters: [NamedTensor] { [("weight", weight)] }

  /// Throws unless both sizes are positive.
  public init(_ count: Int, _ size: Int, using stream: inout RandomStream) throws {
    guard count > 0, size > 0 else { throw UsageError("an embedding wants positive sizes, got \(count) of \(size)") }
    weight = try Tensor.randn([count, size], using: &stream).trackGradient()
  }

  /// Indices from 0, [...] -> [..., size]
  public func callAsFunction(_ indices: Tensor) throws -> Tensor {
    let rows = try indices.values.map { value in
      guard let row = Int(exactly: value) else { throw UsageError("an index into an embedding is an integer, got \(value)") }
      return row
    }
    return try weight.indexSelect(0, rows).reshape(indices.shape + [size])
  }
}
