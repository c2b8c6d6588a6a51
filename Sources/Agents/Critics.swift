import NeuralNets
import Tensors

/// The shape of an agent's networks, the same for actor and critics.
public struct NetworkOptions: Codable, Equatable, Sendable {
  public var hidden: [Int] = [256, 256]
  public var activation: Activation = .relu
  public var layerNorm = false

  public init() {}
  public init(hidden: [Int], activation: Activation, layerNorm: Bool) {
    (self.hidden, self.activation, self.layerNorm) = (hidden, activation, layerNorm)
  }

  func config(inputs: Int, outputs: Int?) -> MLP.Config {
    var config = MLP.Config(inputs: inputs, outputs: outputs)
    (config.hidden, config.activation, config.layerNorm) = (hidden, activation, layerNorm)
    return config
  }
}

/// Estimates of the value of an action, side by side, each a network of its own.
public final class Critics: Module {
  public let heads: Ensemble
  private let weights: [Tensor]
  /// What a profile calls them.
  let name: String

  /// Stable-Baselines3's names: qf0, qf1, …
  public var namedParameters: [NamedTensor] { heads.members.enumerated().flatMap { $1.namedParameters.prefixed("qf\($0)") } }

  /// Throws unless `count` and all sizes are positive.
  public init(_ count: Int, observationSize: Int, actionSize: Int, network: NetworkOptions, name: String = "critics", using stream: inout RandomStream) throws {
    guard count > 0 else { throw UsageError("n_critics wants at least 1, got \(count)") }
    heads = try Ensemble(count, of: network.config(inputs: observationSize + actionSize, outputs: 1), using: &stream)
    weights = heads.parameters
    self.name = name
  }

  /// [n, observation], [n, action] -> [heads, n]
  public func callAsFunction(_ observation: Tensor, _ action: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: name); defer { span.end() }
    let values = try heads(Tensor.cat([observation, action], dim: 1))
    return try values.reshape([heads.members.count, -1])
  }

  /// ½ Σ over heads of the mean squared error against `target`: [n] for all heads, or [heads, n], head against head.
  public func loss(_ observation: Tensor, _ action: Tensor, target: Tensor) throws -> Tensor {
    let values = try self(observation, action)
    let errors = try (values - target).squared()
    return try 0.5 * errors.mean(1).sum()
  }

  /// Runs `body` with the critics as a given function: gradients pass through them but are not collected for them.
  func frozen<R>(_ body: () throws -> R) throws -> R {
    for weight in weights { try weight.trackGradient(false) }
    let result = Result { try body() }
    for weight in weights { try weight.trackGradient() }
    return try result.get()
  }

  /// Moves these critics towards `source` by tau (Polyak averaging).
  func track(_ source: Critics, tau: Float) throws { try polyak(weights, source.weights, tau: tau) }
}
