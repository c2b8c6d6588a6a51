import Tensors

/// DPPO's denoiser: the noise in a chunk of actions, from the noised chunk, the time and the observation (Ren et al. 2024).
public final class DiffusionMLP: Denoiser {
  public struct Config: Codable, Equatable, Sendable {
    public var observationSize: Int
    public var actionSize: Int
    /// Actions in a chunk.
    public var horizon: Int
    /// Observations the policy sees at once, oldest first.
    public var observationSteps = 1
    public var timeSize = 16
    public var kind: Kind = .residualMLP
    public var hidden: [Int] = [512, 512, 512]
    public var activation: Activation = .mish
    public var layerNorm = false
    /// The layers between observation and trunk; nil: the observation goes in as it is.
    public var conditionHidden: [Int]?

    public init(observationSize: Int, actionSize: Int, horizon: Int) {
      (self.observationSize, self.actionSize, self.horizon) = (observationSize, actionSize, horizon)
    }

    public var chunkSize: Int { horizon * actionSize }
    public var conditionSize: Int { observationSteps * observationSize }
  }

  public enum Kind: String, Codable, CaseIterable, Sendable {
    case residualMLP = "residual_mlp"
    case mlp
  }

  /// The network after the inputs are joined.
  public enum Trunk {
    case residual(ResidualMLP)
    case plain(MLP)

    var layer: any Layer {
      switch self {
      case .residual(let net): net
      case .plain(let net): net
      }
    }
  }

  public let config: Config
  public let sizes: DenoiserSizes
  public let timeEmbedding: TimeEmbedding
  public let trunk: Trunk
  /// The observation's own layers, activation after all but the last.
  public let condition: MLP?

  /// Throws for sizes that make no network.
  public init(_ config: Config, using stream: inout RandomStream) throws {
    self.config = config
    sizes = try DenoiserSizes(
      observation: config.observationSize, steps: config.observationSteps, action: config.actionSize, horizon: config.horizon)
    timeEmbedding = try TimeEmbedding(config.timeSize, using: &stream)
    condition = try config.conditionHidden.map { sizes in
      var layers = MLP.Config(inputs: config.conditionSize, outputs: sizes.last)
      layers.hidden = sizes.dropLast()
      layers.activation = config.activation
      layers.naming = .moduleList
      return try MLP(layers, using: &stream)
    }
    let inputs = config.chunkSize + config.timeSize + (config.conditionHidden?.last ?? config.conditionSize)
    switch config.kind {
    case .residualMLP:
      var layers = ResidualMLP.Config(inputs: inputs, outputs: config.chunkSize)
      layers.hidden = config.hidden
      layers.activation = config.activation
      layers.layerNorm = config.layerNorm
      trunk = .residual(try ResidualMLP(layers, using: &stream))
    case .mlp:
      var layers = MLP.Config(inputs: inputs, outputs: config.chunkSize)
      layers.hidden = config.hidden
      layers.activation = config.activation
      layers.layerNorm = config.layerNorm
      layers.naming = .moduleList
      trunk = .plain(try MLP(layers, using: &stream))
    }
  }

  /// DPPO's names, without the "network." of its files.
  public var namedParameters: [NamedTensor] {
    timeEmbedding.named("time_embedding") + (condition?.named("cond_mlp") ?? []) + trunk.layer.named("mlp_mean")
  }

  /// ε: [n, horizon · action] at a time for each row, [n], from observations [n, steps · observation].
  public func callAsFunction(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "DiffusionMLP"); defer { span.end() }
    try check(x, t, observation)
    return try join(x, timeEmbedding(t), observation)
  }

  /// ε at one time for the whole batch.
  public func callAsFunction(_ x: Tensor, _ t: Float, _ observation: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "DiffusionMLP"); defer { span.end() }
    try check(x, observation)
    let time = try timeEmbedding(Tensor([t]))
    return try join(x, time.expand(to: [x.shape[0], config.timeSize]), observation)
  }

  /// The order [x, time, observation] is the checkpoints'.
  private func join(_ x: Tensor, _ time: Tensor, _ observation: Tensor) throws -> Tensor {
    let state = try condition?(observation) ?? observation
    return try trunk.layer(Tensor.cat([x, time, state], dim: 1))
  }
}
