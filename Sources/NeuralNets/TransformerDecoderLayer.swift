import Tensors

/// A decoder layer that normalises first (Vaswani et al. 2017; Xiong et al. 2020): self-attention, attention at a memory, and two linear
/// layers with GELU between, each added to its input; PyTorch's names.
public final class TransformerDecoderLayer: Module {
  public let selfAttention: MultiHeadAttention
  public let crossAttention: MultiHeadAttention
  public let first: Linear
  public let second: Linear
  /// Before each of the three parts.
  public let norms: [LayerNorm]
  private let dropout: Dropout

  public var namedParameters: [NamedTensor] {
    selfAttention.named("self_attn") + crossAttention.named("multihead_attn") + first.named("linear1") + second.named("linear2")
      + norms.enumerated().flatMap { $1.named("norm\($0 + 1)") }
  }

  /// The linear layers are four times as wide within; `dropout` acts on attention weights, within the linear layers, and on each part's result.
  public init(_ size: Int, heads: Int, dropout: Dropout, using stream: inout RandomStream) throws {
    self.dropout = dropout
    selfAttention = try MultiHeadAttention(size, heads: heads, dropout: dropout, using: &stream)
    crossAttention = try MultiHeadAttention(size, heads: heads, dropout: dropout, using: &stream)
    first = try Linear(size, 4 * size, using: &stream)
    second = try Linear(4 * size, size, using: &stream)
    norms = try (0..<3).map { _ in try LayerNorm(size) }
  }

  /// [n, length, size] and a memory [n, places, size] -> [n, length, size]; masks are not 0 where a place must not be looked at.
  public func callAsFunction(_ x: Tensor, _ memory: Tensor, mask: Tensor? = nil, memoryMask: Tensor? = nil) throws -> Tensor {
    var hidden = try x + dropout(selfAttention(norms[0](x), mask: mask))
    hidden = try hidden + dropout(crossAttention(norms[1](hidden), memory, mask: memoryMask))
    let wide = try dropout(first(norms[2](hidden), norm: nil, activation: .gelu))
    return try hidden + dropout(second(wide))
  }
}
