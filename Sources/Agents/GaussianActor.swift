import Glibc
import NeuralNets
import Tensors

/// A Gaussian with diagonal covariance, squashed into (-1, 1) by tanh (Haarnoja et al. 2018, appendix C).
public final class GaussianActor: Module {
  public let trunk: MLP
  public let mean: Linear
  public let logStd: Linear
  /// What the Gaussian is multiplied by before the tanh.
  private let gain: Float
  /// What the log-density loses for each number by the gain and by the scale in which it is measured.
  private let logScale: Float

  public var actionSize: Int { mean.outputs }
  /// Stable-Baselines3's names.
  public var namedParameters: [NamedTensor] {
    trunk.namedParameters.prefixed("latent_pi") + mean.namedParameters.prefixed("mu") + logStd.namedParameters.prefixed("log_std")
  }

  /// Actions are tanh(gain · x) for the Gaussian's x; their density is that of actions exp(logScale) times as large.
  /// Throws for a network without a hidden layer and for sizes that are not positive.
  public init(
    observationSize: Int, actionSize: Int, network: NetworkOptions, gain: Float = 1, logScale: Float = 0, using stream: inout RandomStream
  ) throws {
    (self.gain, self.logScale) = (gain, logScale + logf(gain))
    guard let width = network.hidden.last else { throw UsageError("an actor wants at least one hidden layer, got none") }
    trunk = try MLP(network.config(inputs: observationSize, outputs: nil), using: &stream)
    mean = try Linear(width, actionSize, using: &stream)
    logStd = try Linear(width, actionSize, using: &stream)
  }

  /// The Gaussian before the tanh: mean and log standard deviation, the latter within [-20, 2]; [n, action] each.
  public func distribution(_ observation: Tensor) throws -> (mean: Tensor, logStd: Tensor) {
    let span = Profile.Span(layer: "actor"); defer { span.end() }
    let features = try trunk(observation)
    return (try mean(features), try logStd(features).clamp(-20, 2))
  }

  /// Actions in (-1, 1), [n, action], that pass gradients to the actor, and their log-densities in that space, [n].
  public func sample(_ observation: Tensor, using stream: inout RandomStream) throws -> (action: Tensor, logProb: Tensor) {
    try sample(observation, noise: noise(rows: observation.shape[0], using: &stream))
  }

  /// Draws of the standard normal for so many actions, [rows, action].
  func noise(rows: Int, using stream: inout RandomStream) throws -> Tensor { try Tensor.randn([rows, actionSize], using: &stream) }

  /// The same for given draws of the standard normal, [n, action].
  func sample(_ observation: Tensor, noise: Tensor) throws -> (action: Tensor, logProb: Tensor) {
    let (mean, logStd) = try distribution(observation)
    let x = try mean + logStd.exp() * noise
    let u = gain == 1 ? x : gain * x
    let logProb = try squashedLogProb(u, noise: noise, logStd: logStd)
    return (u.tanh(), logScale == 0 ? logProb : logProb - logScale * Float(actionSize))
  }

  /// The action at the Gaussian's mean, [n, action].
  public func mode(_ observation: Tensor) throws -> Tensor {
    let x = try mean(trunk(observation))
    return (gain == 1 ? x : gain * x).tanh()
  }

  /// Makes every action start as tanh(u), u = gain · x ~ N(0, std²), whatever the observation.
  func startAround(std: Float) throws {
    for head in [mean, logStd] { try head.weight.assign(.zeros(head.weight.shape)) }
    try mean.bias.assign(.zeros([actionSize]))
    try logStd.bias.assign(Tensor.full(std / gain, [actionSize]).log())
  }
}

/// ln p(tanh u), [n], for u = mean + std · noise: ln N(noise) - ln std - ln(1 - tanh² u), the last as 2 (ln 2 - u - softplus(-2u)).
func squashedLogProb(_ u: Tensor, noise: Tensor, logStd: Tensor) throws -> Tensor {
  let normal = try -0.5 * noise.squared() - logStd
  let squash = try 2 * (u + (-2 * u).softplus())
  let constant = Float(u.shape[1]) * (0.918_938_53 + 1.386_294_36)  // ln(2π) / 2 and 2 ln 2
  return try (normal + squash).sum(1) - constant
}
