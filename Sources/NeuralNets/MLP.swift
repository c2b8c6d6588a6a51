import Tensors

/// A multi-layer perceptron: (Linear -> LayerNorm -> activation) per hidden size, then Linear -> output activation.
public final class MLP: Layer {
  public struct Config: Codable, Equatable, Sendable {
    public var inputs: Int
    public var hidden: [Int] = [256, 256]
    /// nil: the net ends after the last hidden activation, as the trunk under several heads.
    public var outputs: Int?
    public var activation: Activation = .relu
    public var outputActivation: Activation = .identity
    public var layerNorm = false
    public var naming: Naming = .sequential

    public init(inputs: Int, outputs: Int?) { (self.inputs, self.outputs) = (inputs, outputs) }
  }

  /// Whose state dict the parameters' names follow.
  public enum Naming: String, Codable, CaseIterable, Sendable {
    /// PyTorch's nn.Sequential, in which norms and activations count: layers.0, layers.2, layers.4.
    case sequential
    /// DPPO's MLP: moduleList.0.linear_1, moduleList.0.norm_1.
    case moduleList = "module_list"
  }

  /// One layer of the net; the activation comes last.
  public struct Block {
    public let linear: Linear
    public let norm: LayerNorm?
    public let activation: Activation
  }

  public let config: Config
  public let blocks: [Block]

  /// Throws for a net without a layer and for sizes that are not positive.
  public init(_ config: Config, using stream: inout RandomStream) throws {
    let sizes = config.hidden + (config.outputs.map { [$0] } ?? [])
    guard !sizes.isEmpty else { throw UsageError("an MLP wants hidden sizes or an output, got neither") }
    var blocks: [Block] = []
    for (index, size) in sizes.enumerated() {
      let isHidden = index < config.hidden.count
      let linear = try Linear(index == 0 ? config.inputs : sizes[index - 1], size, using: &stream)
      let norm = isHidden && config.layerNorm ? try LayerNorm(size) : nil
      blocks.append(Block(linear: linear, norm: norm, activation: isHidden ? config.activation : config.outputActivation))
    }
    (self.config, self.blocks) = (config, blocks)
  }

  /// [n, inputs] -> [n, outputs]
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "MLP"); defer { span.end() }
    return try blocks.reduce(x) { x, block in try block.linear(x, norm: block.norm, activation: block.activation) }
  }

  public var namedParameters: [NamedTensor] {
    switch config.naming {
    case .sequential: sequentialParameters
    case .moduleList:
      blocks.enumerated().flatMap { index, block in
        block.linear.named("moduleList.\(index).linear_1") + (block.norm?.named("moduleList.\(index).norm_1") ?? [])
      }
    }
  }

  private var sequentialParameters: [NamedTensor] {
    var index = 0
    var result: [NamedTensor] = []
    for block in blocks {
      result += block.linear.named("layers.\(index)")
      index += 1
      if let norm = block.norm {
        result += norm.named("layers.\(index)")
        index += 1
      }
      index += 1  // the activation's place
    }
    return result
  }
}
