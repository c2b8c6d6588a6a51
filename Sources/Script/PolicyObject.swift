import Agents
import Diffusion
import LuaBridge
import NeuralNets
import Tensors

/// A diffusion policy as Lua holds it, with the noise it acts with when nothing steers it.
final class PolicyObject: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "Policy"
  let policy: DiffusionPolicy
  /// Of the noise it acts with.
  let seed: Int
  private let actor: BasePolicyActor

  init(_ policy: DiffusionPolicy, seed: Int) { (self.policy, self.seed, actor) = (policy, seed, BasePolicyActor(policy, seed: seed)) }

  var luaByteCount: Int { policy.network.parameterCount * MemoryLayout<Float>.stride }

  /// [n, observation] to [n, horizon, action], or [observation] to [horizon, action].
  func act(_ observation: Tensor) throws -> Tensor {
    let (rows, isRow) = try observation.rows(of: policy.observationSize, "observations")
    let chunks = try actor.act(rows)
    return isRow ? try chunks.select(0, 0) : chunks
  }

  /// The same from noises [n, latent] or [n, horizon, action], [latent] or [horizon, action] for one observation.
  func decode(_ observation: Tensor, _ noise: Tensor) throws -> Tensor {
    let (rows, isRow) = try observation.rows(of: policy.observationSize, "observations")
    let n = rows.shape[0]
    let latent = [policy.latentSize], chunk = [policy.horizon, policy.actionSize]
    let wanted = isRow ? [latent, chunk] : [[n] + latent, [n] + chunk]
    guard wanted.contains(noise.shape) else { throw UsageError("noise wants the shape \(wanted[0]) or \(wanted[1]) here, got \(noise.shape)") }
    let chunks = try policy.decode(rows, noise: noise.reshape([n] + latent))
    return isRow ? try chunks.select(0, 0) : chunks
  }

  var networkOptions: PolicyNetwork { PolicyNetwork(policy.config.network) }

  var description: String { page }
}

/// A denoiser's shape: what `network` may hold.
struct PolicyNetwork: LuaBridge.Options {
  var kind: DiffusionMLP.Kind
  var hidden: [Int]
  var activation: Activation
  var timeSize: Int
  var layerNorm: Bool
  var conditionHidden: [Int]?

  /// The network's own defaults.
  init() { self.init(DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 1)) }

  init(_ config: DiffusionMLP.Config) {
    (kind, hidden, activation) = (config.kind, config.hidden, config.activation)
    (timeSize, layerNorm, conditionHidden) = (config.timeSize, config.layerNorm, config.conditionHidden)
  }

  func config(observationSize: Int, actionSize: Int, horizon: Int) throws -> DiffusionMLP.Config {
    let sizes = [("observation_size", observationSize), ("action_size", actionSize), ("horizon", horizon), ("network.time_size", timeSize)]
    for (name, size) in sizes { try checkSize(name, size) }
    for size in hidden { try checkSize("network.hidden", size) }
    for size in conditionHidden ?? [] { try checkSize("network.condition_hidden", size) }
    var config = DiffusionMLP.Config(observationSize: observationSize, actionSize: actionSize, horizon: horizon)
    (config.kind, config.hidden, config.activation) = (kind, hidden, activation)
    (config.timeSize, config.layerNorm, config.conditionHidden) = (timeSize, layerNorm, conditionHidden)
    return config
  }
}
