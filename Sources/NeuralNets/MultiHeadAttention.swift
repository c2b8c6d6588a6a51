import Tensors

/// softmax(Q Kᵀ / √d) V in several heads beside each other (Vaswani et al. 2017), with PyTorch's names and initialisation.
public final class MultiHeadAttention: Module {
  public let heads: Int
  /// Queries, keys and values above each other, [3 size, size].
  public let inProjWeight: Tensor
  /// [3 size]
  public let inProjBias: Tensor
  public let outProjection: Linear
  private let dropout: Dropout?

  public var size: Int { outProjection.inputs }
  public var namedParameters: [NamedTensor] {
    [("in_proj_weight", inProjWeight), ("in_proj_bias", inProjBias)] + outProjection.named("out_proj")
  }

  /// Throws unless `heads` divides the size; `dropout` acts on the attention weights.
  public init(_ size: Int, heads: Int, dropout: Dropout? = nil, using stream: inout RandomStream) throws {
    guard size > 0, heads > 0, size % heads == 0 else {
      throw UsageError("attention wants a number of heads that divides its size, got \(heads) heads and size \(size)")
    }
    (self.heads, self.dropout) = (heads, dropout)
    outProjection = try Linear(size, size, using: &stream)
    try outProjection.bias.assign(Tensor.zeros([size]))
    let weight = Tensor.zeros([3 * size, size])
    try Initializer.xavierUniform(gain: 1).fill(weight, using: &stream)
    inProjWeight = try weight.trackGradient()
    inProjBias = try Tensor.zeros([3 * size]).trackGradient()
  }

  /// Self-attention: [n, length, size] -> the same shape; a mask [length, length] is not 0 where a query must not look, each may look somewhere.
  public func callAsFunction(_ x: Tensor, mask: Tensor? = nil) throws -> Tensor {
    try check(x, x)
    return try outProjection(x.linear(inProjWeight, inProjBias).attention(heads: heads, mask: mask, kept: kept(x, x)))
  }

  /// Cross-attention: queries of [n, length, size] at a memory [n, places, size] -> [n, length, size].
  public func callAsFunction(_ x: Tensor, _ memory: Tensor, mask: Tensor? = nil) throws -> Tensor {
    try check(x, memory)
    let queries = try x.linear(inProjWeight.narrow(0, 0, size), inProjBias.narrow(0, 0, size))
    let rest = try memory.linear(inProjWeight.narrow(0, size, 2 * size), inProjBias.narrow(0, size, 2 * size))
    return try outProjection(queries.attention(at: rest, heads: heads, mask: mask, kept: kept(x, memory)))
  }

  private func check(_ x: Tensor, _ memory: Tensor) throws {
    guard x.rank == 3, memory.rank == 3, x.shape[2] == size, memory.shape[2] == size, x.shape[0] == memory.shape[0] else {
      throw UsageError("attention wants queries and memory of shape [n, length, \(size)], got \(x.shape) and \(memory.shape)")
    }
  }

  /// What dropout leaves of the weights.
  private func kept(_ x: Tensor, _ memory: Tensor) throws -> Tensor? { try dropout?.mask([x.shape[0], heads, x.shape[1], memory.shape[1]]) }
}
