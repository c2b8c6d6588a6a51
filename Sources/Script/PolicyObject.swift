import Agents
import Diffusion
import LuaBridge
import NeuralNets
import Tensors

/// A policy as Lua holds it, with the noise it acts with when nothing steers it.
final class PolicyObject: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "Policy"
  let policy: any BasePolicy
  /// Of the noise it acts with.
  let seed: Int
  private let actor: BasePolicyActor

  init(_ policy: any BasePolicy, seed: Int) { (self.policy, self.seed, actor) = (policy, seed, BasePolicyActor(policy, seed: seed)) }

  /// nil for a policy that is no diffusion policy of this program's.
  var diffusion: DiffusionPolicy? { policy as? DiffusionPolicy }
  /// The same where only such a policy will do; `what` it is wanted for.
  func diffusion(for what: String) throws -> DiffusionPolicy {
    guard let diffusion else { throw LuaError("\(what) wants a policy made by dsrl.policy.diffusion or read from a file, this one is a black box") }
    return diffusion
  }

  var luaByteCount: Int { (diffusion?.network.parameterCount ?? 0) * MemoryLayout<Float>.stride }

  /// [n, observation] to [n, actionSteps, action], or [observation] to [actionSteps, action].
  func act(_ observation: Tensor) throws -> Tensor {
    let (rows, isRow) = try policy.observationRows(observation)
    let chunks = try actor.act(rows)
    return isRow ? try chunks.select(0, 0) : chunks
  }

  /// Chunks [n, horizon, action] or [horizon, action] from noises [n, latent] or [n, horizon, action], [latent] or [horizon, action] for one observation.
  func decode(_ observation: Tensor, _ noise: Tensor) throws -> Tensor {
    let rows = try PolicyRows(policy, observation, noise: noise)
    let chunks = try policy.decode(rows.observation, noise: rows.other)
    return rows.isRow ? try chunks.select(0, 0) : chunks
  }

  var description: String { page }
}
