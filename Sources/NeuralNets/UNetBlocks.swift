import Tensors

// The blocks of Diffusion Policy's U-Net over action chunks (Chi et al. 2023), under that code's parameter names. Rows are [n, channels, horizon].

/// Convolution that keeps the length -> group norm -> Mish.
public final class Conv1dBlock: Layer {
  public let convolution: Conv1d
  public let norm: GroupNorm

  public var namedParameters: [NamedTensor] { convolution.named("block.0") + norm.named("block.1") }

  /// Throws for an even kernel and for groups that do not divide the outputs.
  public init(_ inputs: Int, _ outputs: Int, kernel: Int, groups: Int = 8, epsilon: Float = 1e-5, using stream: inout RandomStream) throws {
    guard kernel > 0, kernel % 2 == 1 else { throw UsageError("a convolution block wants an odd kernel, got \(kernel)") }
    var config = Conv1d.Config()
    config.padding = kernel / 2
    convolution = try Conv1d(inputs, outputs, kernel: kernel, config, using: &stream)
    norm = try GroupNorm(groups, outputs, epsilon: epsilon)
  }

  /// [n, inputs, length] -> [n, outputs, length]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try self(x, film: nil) }

  /// The same with FiLM at the end, as `Tensor.groupNormMish` has it.
  func callAsFunction(_ x: Tensor, film: Tensor?) throws -> Tensor {
    try convolution(x).groupNormMish(norm.groups, norm.weight, norm.bias, epsilon: norm.epsilon, film: film)
  }
}

/// Two convolution blocks around FiLM (Perez et al. 2018): between them each channel is shifted, and scaled if asked for, by what a
/// linear layer makes of the condition after Mish, in DPPO's larger form three layers of the condition as it is; the input is added at the end, through a 1-wide convolution where the channels differ.
public final class ConditionalResidualBlock1d: Module {
  public struct Config: Codable, Equatable, Sendable {
    public var kernelSize = 3
    public var nGroups = 8
    /// FiLM scales as well as shifts.
    public var condPredictScale = false
    /// DPPO's form: three layers for the condition instead of one.
    public var largerEncoder = false
    public var groupnormEps: Float = 1e-5

    public init() {}
  }

  public let first: Conv1dBlock
  public let second: Conv1dBlock
  /// The condition's only layer, or its first.
  public let conditionEncoder: Linear
  /// The larger encoder's other layers, with Mish before each.
  public let deeperEncoder: [Linear]
  /// nil where inputs and outputs are equal in number.
  public let residual: Conv1d?
  public let predictsScale: Bool

  public var namedParameters: [NamedTensor] {
    first.named("blocks.0") + second.named("blocks.1") + conditionEncoder.named(deeperEncoder.isEmpty ? "cond_encoder.1" : "cond_encoder.0")
      + deeperEncoder.enumerated().flatMap { $1.named("cond_encoder.\(2 * $0 + 2)") } + (residual?.named("residual_conv") ?? [])
  }

  public init(_ inputs: Int, _ outputs: Int, condition: Int, _ config: Config = Config(), using stream: inout RandomStream) throws {
    predictsScale = config.condPredictScale
    let (kernel, groups, epsilon) = (config.kernelSize, config.nGroups, config.groupnormEps)
    first = try Conv1dBlock(inputs, outputs, kernel: kernel, groups: groups, epsilon: epsilon, using: &stream)
    second = try Conv1dBlock(outputs, outputs, kernel: kernel, groups: groups, epsilon: epsilon, using: &stream)
    let channels = predictsScale ? 2 * outputs : outputs
    conditionEncoder = try Linear(condition, channels, using: &stream)
    deeperEncoder = config.largerEncoder ? [try Linear(channels, channels, using: &stream), try Linear(channels, channels, using: &stream)] : []
    residual = inputs == outputs ? nil : try Conv1d(inputs, outputs, kernel: 1, using: &stream)
  }

  /// [n, inputs, length] and [n, condition] -> [n, outputs, length]
  public func callAsFunction(_ x: Tensor, _ condition: Tensor) throws -> Tensor {
    guard x.rank == 3, condition.shape == [x.shape[0], conditionEncoder.inputs] else {
      throw UsageError(
        "a conditional block wants an input [n, channels, length] and a condition [n, \(conditionEncoder.inputs)], got \(x.shape) and \(condition.shape)")
    }
    let heard = try conditionEncoder(deeperEncoder.isEmpty ? condition.mish() : condition)
    let film = try deeperEncoder.reduce(heard) { try $1($0.mish()) }
    let rows = try x.byPlace()
    let result = try second(first(rows.byChannel(), film: film)).byPlace()
    return try (result + (residual?(rows.byChannel()).byPlace() ?? rows)).byChannel()
  }
}

/// Half the length: a convolution of kernel 3 and stride 2.
public final class Downsample1d: Layer {
  public let convolution: Conv1d
  public var namedParameters: [NamedTensor] { convolution.named("conv") }

  public init(_ channels: Int, using stream: inout RandomStream) throws {
    var config = Conv1d.Config()
    (config.stride, config.padding) = (2, 1)
    convolution = try Conv1d(channels, channels, kernel: 3, config, using: &stream)
  }

  /// [n, channels, length] -> [n, channels, ⌈length / 2⌉]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try convolution(x) }
}

/// Twice the length: a transposed convolution of kernel 4 and stride 2.
public final class Upsample1d: Layer {
  public let convolution: ConvTranspose1d
  public var namedParameters: [NamedTensor] { convolution.named("conv") }

  public init(_ channels: Int, using stream: inout RandomStream) throws {
    var config = ConvTranspose1d.Config()
    (config.stride, config.padding) = (2, 1)
    convolution = try ConvTranspose1d(channels, channels, kernel: 4, config, using: &stream)
  }

  /// [n, channels, length] -> [n, channels, 2 length]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try convolution(x) }
}
