import Tensors

/// y = x Wᵀ + b, with PyTorch's default initialisation: weight and bias from U(-1/√in, 1/√in).
public final class Linear: Layer {
  /// [out, in]
  public let weight: Tensor
  /// [out]
  public let bias: Tensor

  public var inputs: Int { weight.shape[1] }
  public var outputs: Int { weight.shape[0] }
  public var namedParameters: [NamedTensor] { [("weight", weight), ("bias", bias)] }

  /// Throws unless both sizes are positive.
  public init(_ inputs: Int, _ outputs: Int, using stream: inout RandomStream) throws {
    guard inputs > 0, outputs > 0 else { throw UsageError("a linear layer wants positive sizes, got \(inputs) -> \(outputs)") }
    let bound = 1 / Float(inputs).squareRoot()
    weight = try Tensor.uniform([outputs, inputs], -bound, bound, using: &stream).trackGradient()
    bias = try Tensor.uniform([outputs], -bound, bound, using: &stream).trackGradient()
  }

  /// [n, in] -> [n, out]
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "Linear \(inputs)x\(outputs)"); defer { span.end() }
    return try x.linear(weight, bias)
  }

  /// activation(norm(x Wᵀ + b)) in one go: [n, in] -> [n, out]
  func callAsFunction(_ x: Tensor, norm: LayerNorm?, activation: Activation) throws -> Tensor {
    let span = Profile.Span(layer: "Linear \(inputs)x\(outputs)"); defer { span.end() }
    let norm = norm.map { RowNormalisation(gain: $0.weight, shift: $0.bias, epsilon: $0.epsilon) }
    guard let fused = activation.fused else { return activation(try x.dense(weight, bias, norm: norm, activation: .none)) }
    return try x.dense(weight, bias, norm: norm, activation: fused)
  }
}

/// y = x Wᵀ: a linear layer without bias.
public final class LinearMap: Layer {
  /// [out, in]
  public let weight: Tensor
  public var namedParameters: [NamedTensor] { [("weight", weight)] }

  /// Throws unless both sizes are positive.
  public init(_ inputs: Int, _ outputs: Int, using stream: inout RandomStream) throws {
    weight = try Linear(inputs, outputs, using: &stream).weight
  }

  /// [n, in] -> [n, out]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.linear(weight, nil) }
}

/// (x - mean) / √(variance + ε) · gain + bias over the last dimension (Ba et al. 2016); gain starts at 1, bias at 0.
public final class LayerNorm: Layer {
  /// The gain, [size], under PyTorch's name.
  public let weight: Tensor
  /// [size]
  public let bias: Tensor
  public let epsilon: Float

  public var namedParameters: [NamedTensor] { [("weight", weight), ("bias", bias)] }

  public init(_ size: Int, epsilon: Float = 1e-5) throws {
    guard size > 0 else { throw UsageError("a layer norm wants a positive size, got \(size)") }
    weight = try Tensor.ones([size]).trackGradient()
    bias = try Tensor.zeros([size]).trackGradient()
    self.epsilon = epsilon
  }

  /// [n, size] -> [n, size]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.layerNorm(weight, bias, epsilon: epsilon) }
}
