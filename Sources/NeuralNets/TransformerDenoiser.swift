import Tensors

/// Diffusion Policy's transformer: a token for each action, which looks at a token of the time and one for each observation (Chi et al. 2023).
public final class TransformerDenoiser: Denoiser {
  public struct Config: Codable, Equatable, Sendable {
    public var observationSize: Int
    public var actionSize: Int
    /// Actions in a chunk.
    public var horizon: Int
    /// Observations the policy sees at once, oldest first.
    public var observationSteps = 1
    public var nLayer = 8
    public var nHead = 4
    /// Numbers in a token.
    public var nEmb = 256
    /// Dropout on the tokens as they come in.
    public var pDropEmb: Float = 0
    /// Dropout within the decoder.
    public var pDropAttn: Float = 0.3
    /// Action k looks only at the actions up to k and at the time and the observations up to k.
    public var causalAttn = true

    public init(observationSize: Int, actionSize: Int, horizon: Int) {
      (self.observationSize, self.actionSize, self.horizon) = (observationSize, actionSize, horizon)
    }
  }

  public let config: Config
  public let sizes: DenoiserSizes
  public let dropoutSource: RandomSource?
  let sinusoid: SinusoidalEmbedding
  let actionEmbedding: Linear
  let observationEmbedding: Linear
  /// What is added for the place of an action, [1, horizon, size], and of a token to look at, [1, 1 + observations, size].
  let positions, memoryPositions: Tensor
  /// What the tokens to look at go through: two linear layers with Mish between.
  let encoder: (first: Linear, second: Linear)
  let layers: [TransformerDecoderLayer]
  let norm: LayerNorm
  let head: Linear
  private let tokenDropout, layerDropout: Dropout
  let mask, memoryMask: Tensor?

  /// Diffusion Policy's names.
  public var namedParameters: [NamedTensor] {
    [("pos_emb", positions), ("cond_pos_emb", memoryPositions)] + actionEmbedding.named("input_emb") + observationEmbedding.named("cond_obs_emb")
      + encoder.first.named("encoder.0") + encoder.second.named("encoder.2")
      + layers.enumerated().flatMap { $1.named("decoder.layers.\($0)") } + norm.named("ln_f") + head.named("head")
  }

  /// Weights begin normal with deviation 0.02, biases 0; throws for sizes that make no network.
  public init(_ config: Config, dropout source: RandomSource, using stream: inout RandomStream) throws {
    (self.config, dropoutSource) = (config, source)
    sizes = try DenoiserSizes(
      observation: config.observationSize, steps: config.observationSteps, action: config.actionSize, horizon: config.horizon)
    guard config.nLayer > 0 else { throw UsageError("a transformer wants one layer or more, got \(config.nLayer)") }
    let size = config.nEmb
    tokenDropout = try Dropout(config.pDropEmb, from: source)
    let within = try Dropout(config.pDropAttn, from: source)
    (tokenDropout.isTraining, within.isTraining) = (false, false)
    layerDropout = within

    actionEmbedding = try Linear(config.actionSize, size, using: &stream)
    sinusoid = try SinusoidalEmbedding(size)
    observationEmbedding = try Linear(config.observationSize, size, using: &stream)
    let places = 1 + config.observationSteps
    positions = try Tensor.zeros([1, config.horizon, size]).trackGradient()
    memoryPositions = try Tensor.zeros([1, places, size]).trackGradient()
    encoder = (try Linear(size, 4 * size, using: &stream), try Linear(4 * size, size, using: &stream))
    layers = try (0..<config.nLayer).map { _ in try TransformerDecoderLayer(size, heads: config.nHead, dropout: within, using: &stream) }
    norm = try LayerNorm(size)
    head = try Linear(size, config.actionSize, using: &stream)
    mask = config.causalAttn ? try Tensor.ones([config.horizon, config.horizon]).triu(1) : nil
    memoryMask = config.causalAttn ? try Tensor.ones([config.horizon, places]).triu(2) : nil

    for (name, parameter) in namedParameters {
      if parameter.rank > 1 {
        try Initializer.normal(mean: 0, std: 0.02).fill(parameter, using: &stream)
      } else if name.hasSuffix("bias") {
        try Initializer.constant(0).fill(parameter, using: &stream)
      }
    }
  }

  public func train(_ on: Bool) { (tokenDropout.isTraining, layerDropout.isTraining) = (on, on) }

  public func callAsFunction(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "TransformerDenoiser"); defer { span.end() }
    try check(x, t, observation)
    return try run(x, sinusoid(t), observation)
  }

  public func callAsFunction(_ x: Tensor, _ t: Float, _ observation: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "TransformerDenoiser"); defer { span.end() }
    try check(x, observation)
    return try run(x, sinusoid(Tensor([t])).expand(to: [x.shape[0], config.nEmb]), observation)
  }

  private func run(_ x: Tensor, _ time: Tensor, _ observation: Tensor) throws -> Tensor {
    let n = x.shape[0]
    let observed = try observationEmbedding(observation.reshape([n, observationSteps, observationSize]))
    var memory = try Tensor.cat([time.reshape([n, 1, config.nEmb]), observed], dim: 1)
    memory = try tokenDropout(memory + memoryPositions)
    memory = try encoder.second(encoder.first(memory).mish())

    var hidden = try tokenDropout(actionEmbedding(x.reshape([n, horizon, actionSize])) + positions)
    for layer in layers { hidden = try layer(hidden, memory, mask: mask, memoryMask: memoryMask) }
    return try head(norm(hidden)).reshape([n, chunkSize])
  }
}
