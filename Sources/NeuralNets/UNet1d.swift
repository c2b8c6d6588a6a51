import Tensors

/// Diffusion Policy's U-Net over the actions of a chunk, with FiLM from time and observation in every block (Chi et al. 2023).
public final class UNet1d: Denoiser {
  public struct Config: Codable, Equatable, Sendable {
    public var observationSize: Int
    public var actionSize: Int
    /// Actions in a chunk; each level but the last halves it.
    public var horizon: Int
    /// Observations the policy sees at once, oldest first.
    public var observationSteps = 1
    /// Channels of each level.
    public var downDims = [256, 512, 1024]
    public var kernelSize = 5
    public var nGroups = 8
    public var diffusionStepEmbedDim = 256
    /// FiLM scales as well as shifts.
    public var condPredictScale = true
    /// FiLM hears the condition through three layers, as in DPPO, instead of one.
    public var largerEncoder = false
    public var groupnormEps: Float = 1e-5

    public init(observationSize: Int, actionSize: Int, horizon: Int) {
      (self.observationSize, self.actionSize, self.horizon) = (observationSize, actionSize, horizon)
    }
  }

  /// Two residual blocks, and what changes the length after them.
  struct Level {
    let first: ConditionalResidualBlock1d
    let second: ConditionalResidualBlock1d
    let resize: (any Layer)?

    var namedParameters: [NamedTensor] { first.named("0") + second.named("1") + (resize?.named("2") ?? []) }

    func callAsFunction(_ x: Tensor, _ condition: Tensor) throws -> Tensor { try second(first(x, condition), condition) }
  }

  public let config: Config
  public let sizes: DenoiserSizes
  public let timeEmbedding: TimeEmbedding
  let down: [Level]
  let middle: Level
  let up: [Level]
  let finalBlock: Conv1dBlock
  let finalConvolution: Conv1d

  /// Diffusion Policy's names.
  public var namedParameters: [NamedTensor] {
    middle.namedParameters.prefixed("mid_modules") + timeEmbedding.named("diffusion_step_encoder")
      + up.enumerated().flatMap { $1.namedParameters.prefixed("up_modules.\($0)") }
      + down.enumerated().flatMap { $1.namedParameters.prefixed("down_modules.\($0)") }
      + finalBlock.named("final_conv.0") + finalConvolution.named("final_conv.1")
  }

  /// Throws for sizes that make no network, and for a horizon that cannot be halved often enough.
  public init(_ config: Config, using stream: inout RandomStream) throws {
    self.config = config
    sizes = try DenoiserSizes(
      observation: config.observationSize, steps: config.observationSteps, action: config.actionSize, horizon: config.horizon)
    let widths = config.downDims
    guard let narrowest = widths.first, let widest = widths.last, widths.allSatisfy({ $0 > 0 }) else {
      throw UsageError("a U-Net wants one positive number of channels or more, got \(widths)")
    }
    let halvings = widths.count - 1
    guard config.horizon.trailingZeroBitCount >= halvings else {
      throw UsageError("a U-Net of \(widths.count) levels wants a horizon divisible by \(divisor(halvings)), got \(config.horizon)")
    }
    timeEmbedding = try TimeEmbedding(config.diffusionStepEmbedDim, expansion: 4, using: &stream)

    var options = ConditionalResidualBlock1d.Config()
    (options.kernelSize, options.nGroups, options.condPredictScale) = (config.kernelSize, config.nGroups, config.condPredictScale)
    (options.largerEncoder, options.groupnormEps) = (config.largerEncoder, config.groupnormEps)
    let condition = config.diffusionStepEmbedDim + config.observationSteps * config.observationSize
    func level(_ inputs: Int, _ outputs: Int, resize: (any Layer)? = nil) throws -> Level {
      Level(
        first: try ConditionalResidualBlock1d(inputs, outputs, condition: condition, options, using: &stream),
        second: try ConditionalResidualBlock1d(outputs, outputs, condition: condition, options, using: &stream),
        resize: resize)
    }
    down = try widths.indices.map { i in
      let halve = i < halvings ? try Downsample1d(widths[i], using: &stream) : nil
      return try level(i == 0 ? config.actionSize : widths[i - 1], widths[i], resize: halve)
    }
    middle = try level(widest, widest)
    up = try (0..<halvings).reversed().map { i in
      let double = try Upsample1d(widths[i], using: &stream)
      return try level(2 * widths[i + 1], widths[i], resize: double)
    }
    finalBlock = try Conv1dBlock(narrowest, narrowest, kernel: config.kernelSize, groups: config.nGroups, epsilon: config.groupnormEps, using: &stream)
    finalConvolution = try Conv1d(narrowest, config.actionSize, kernel: 1, using: &stream)
  }

  public func callAsFunction(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "UNet1d"); defer { span.end() }
    try check(x, t, observation)
    return try run(x, timeEmbedding(t), observation)
  }

  public func callAsFunction(_ x: Tensor, _ t: Float, _ observation: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "UNet1d"); defer { span.end() }
    try check(x, observation)
    return try run(x, timeEmbedding(Tensor([t])).expand(to: [x.shape[0], timeEmbedding.size]), observation)
  }

  /// On the way up each level takes what the way down made a level further in, so the first level's is not used, as in Diffusion Policy.
  /// Between the levels everything lies place by place, [length, n, channels].
  private func run(_ x: Tensor, _ time: Tensor, _ observation: Tensor) throws -> Tensor {
    let condition = try Tensor.cat([time, observation], dim: 1)
    var rows = try x.reshape([x.shape[0], horizon, actionSize]).transposed(0, 1)
    var kept: [Tensor] = []
    for level in down {
      rows = try level(rows.byChannel(), condition).byPlace()
      kept.append(rows)
      rows = try level.resize?(rows.byChannel()).byPlace() ?? rows
    }
    rows = try middle(rows.byChannel(), condition).byPlace()
    for (level, skip) in zip(up, kept.reversed()) {
      rows = try level(Tensor.cat([rows, skip], dim: 2).byChannel(), condition).byPlace()
      rows = try level.resize?(rows.byChannel()).byPlace() ?? rows
    }
    return try finalConvolution(finalBlock(rows.byChannel())).transposed().reshape([x.shape[0], chunkSize])
  }
}

/// 2^halvings, in words where it is no Int.
private func divisor(_ halvings: Int) -> String {
  halvings < Int.bitWidth - 1 ? String(1 << halvings) : "2^\(halvings)"
}
