import Tensors

/// (x - mean) / √(variance + ε) over each group of channels, then channel by channel · gain + bias (Wu and He 2018).
public final class GroupNorm: Layer {
  public let groups: Int
  /// The gain, [channels], under PyTorch's name.
  public let weight: Tensor
  /// [channels]
  public let bias: Tensor
  public let epsilon: Float

  public var namedParameters: [NamedTensor] { [("weight", weight), ("bias", bias)] }

  /// Throws unless `groups` divides the channels.
  public init(_ groups: Int, _ channels: Int, epsilon: Float = 1e-5) throws {
    guard groups > 0, channels > 0, channels % groups == 0 else {
      throw UsageError("a group norm wants groups that divide its channels, got \(groups) groups of \(channels) channels")
    }
    self.groups = groups
    weight = try Tensor.ones([channels]).trackGradient()
    bias = try Tensor.zeros([channels]).trackGradient()
    self.epsilon = epsilon
  }

  /// [n, channels, ...] -> the same shape
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.groupNorm(groups, weight, bias, epsilon: epsilon) }
}
