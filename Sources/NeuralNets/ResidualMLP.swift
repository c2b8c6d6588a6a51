import Tensors

/// y = x + L2(act(norm(L1(act(norm(x)))))): two layers with the activation before each.
public final class ResidualBlock: Layer {
  public let l1: Linear
  public let l2: Linear
  public let norm1: LayerNorm?
  public let norm2: LayerNorm?
  public let activation: Activation

  public init(_ size: Int, activation: Activation, layerNorm: Bool, using stream: inout RandomStream) throws {
    l1 = try Linear(size, size, using: &stream)
    l2 = try Linear(size, size, using: &stream)
    norm1 = layerNorm ? try LayerNorm(size, epsilon: 1e-6) : nil
    norm2 = layerNorm ? try LayerNorm(size, epsilon: 1e-6) : nil
    self.activation = activation
  }

  public var namedParameters: [NamedTensor] {
    l1.named("l1") + l2.named("l2") + (norm1?.named("norm1") ?? []) + (norm2?.named("norm2") ?? [])
  }

  /// [n, size] -> [n, size]
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let first = try l1(activation(norm1?(x) ?? x), norm: norm2, activation: activation)
    return try l2(first) + x
  }
}

/// DPPO's residual MLP: Linear, pre-activation blocks of two layers each, Linear; nothing after the first nor before the last.
public final class ResidualMLP: Layer {
  public struct Config: Codable, Equatable, Sendable {
    public var inputs: Int
    /// One size, an odd number of times: the first layer's, then two for each block.
    public var hidden: [Int] = [512, 512, 512]
    public var outputs: Int
    public var activation: Activation = .mish
    /// With ε = 1e-6, before each activation of a block.
    public var layerNorm = false

    public init(inputs: Int, outputs: Int) { (self.inputs, self.outputs) = (inputs, outputs) }
  }

  public let config: Config
  public let input: Linear
  public let blocks: [ResidualBlock]
  public let output: Linear

  /// Throws unless the hidden sizes are equal and odd in number.
  public init(_ config: Config, using stream: inout RandomStream) throws {
    guard let size = config.hidden.first, config.hidden.count % 2 == 1, config.hidden.allSatisfy({ $0 == size }) else {
      throw UsageError("a residual MLP wants an odd number of equal hidden sizes, got \(config.hidden)")
    }
    input = try Linear(config.inputs, size, using: &stream)
    var blocks: [ResidualBlock] = []
    for _ in 0..<config.hidden.count / 2 {
      blocks.append(try ResidualBlock(size, activation: config.activation, layerNorm: config.layerNorm, using: &stream))
    }
    self.blocks = blocks
    output = try Linear(size, config.outputs, using: &stream)
    self.config = config
  }

  public var namedParameters: [NamedTensor] {
    let inner = blocks.enumerated().flatMap { $1.named("layers.\($0 + 1)") }
    return input.named("layers.0") + inner + output.named("layers.\(blocks.count + 1)")
  }

  /// [n, inputs] -> [n, outputs]
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "ResidualMLP"); defer { span.end() }
    let hidden = try blocks.reduce(try input(x)) { x, block in try block(x) }
    return try output(hidden)
  }
}
