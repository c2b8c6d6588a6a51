import Agents
import Diffusion
import Environments
import Files
import LuaBridge
import Tensors

/// What an actor's file says beside its weights: all that acting needs.
struct ActorHead: Codable {
  /// Of the agent that it comes from: "sac", "dsrl_sac", "dsrl_na".
  var kind: String
  /// Of all that it sees at once.
  var observationSize: Int
  /// Observations in that; nil: one.
  var observationSteps: Int?
  var chunk: Int
  /// The environment's, of one action.
  var actionSpace: Box
  var network: NetworkOptions
  /// Of an actor whose output is a policy's noise.
  var steering: SteeringOptions?
  /// Of an actor whose output corrects a policy's actions, with the seed of that policy's noise.
  var residual: ResidualOptions?
  var residualSeed: Int?
  /// Whether it acts without noise when it is not told.
  var deterministic = false

  var chunkSize: Int { chunk * actionSpace.count }
}

extension ActorHead {
  /// From its outputs to actions. Throws where a policy is missing or has none to steer it.
  func map(_ policy: (any BasePolicy)?, _ path: String) throws -> any ActionMap {
    guard kind != "sac" else {
      guard policy == nil else { throw UsageError("'\(path)' holds a sac actor, which steers no policy; got one") }
      return try ActionScale(actionSpace, chunk: chunk, observationSize: observationSize)
    }
    guard let policy else { throw UsageError("'\(path)' holds a \(kind) actor, which steers a policy: load_actor(path, {policy = ...})") }
    guard (policy.conditionSize, policy.actionSteps, policy.actionSize) == (observationSize, chunk, actionSpace.count) else {
      throw UsageError(
        "'\(path)' steers a policy that sees \(observationSize) numbers and executes \(chunk) actions of \(actionSpace.count); got \(policy.conditionSize), \(policy.actionSteps), \(policy.actionSize)")
    }
    if let steering { return try Steering(policy, steering) }
    guard let residual, let residualSeed else { throw UsageError("'\(path)' holds a \(kind) actor in the form of another version") }
    return try Residual(policy, residual, seed: residualSeed)
  }
}

/// An actor alone, without what it learned by: acts and nothing else.
final class ActorObject: LuaObject, CustomStringConvertible {
  static let luaName = "Actor"
  let head: ActorHead
  private let actor: GaussianActor
  private let map: any ActionMap
  private var stream: RandomStream

  private static let format = "dsrl-lua actor 1"

  /// Reads what `save` left. Throws for a file that holds no actor, and where a policy is missing or has none to steer it.
  init(loading path: String, policy: PolicyObject?, seed: Int) throws {
    let (tensors, metadata) = try Safetensors.read(path)
    guard metadata["format"] == ActorObject.format, let text = metadata["actor"] else { throw UsageError("'\(path)' holds no actor") }
    head = try JSON.decode(ActorHead.self, from: Array(text.utf8), source: path)
    for size in [head.observationSize, head.chunk, head.chunkSize] + head.network.hidden { try checkSize("'\(path)': a size", size) }
    map = try head.map(policy?.policy, path)
    stream = RandomStream(seed: seed, purpose: "actor")
    actor = try GaussianActor(
      observationSize: map.observationSize, actionSize: map.size, network: head.network, gain: head.steering?.gain ?? 1, using: &stream)
    try actor.load(stateDict: tensors)
  }

  static func save(_ actor: GaussianActor, _ head: ActorHead, to path: String) throws {
    try Safetensors.write(
      actor.namedParameters.map { ($0.name, $0.tensor) }, metadata: ["format": format, "actor": try JSON.encode(head)], to: path)
  }

  /// [n, observation] to [n, chunk, action], in the environment's units, as the agent itself acts.
  func act(_ observation: Tensor, deterministic: Bool?) throws -> Tensor {
    try Tensor.withoutGrad {
      let seen = try map.normalize(observation)
      let mode = deterministic ?? head.deterministic
      let squashed = mode ? try actor.mode(seen) : try actor.sample(seen, using: &stream).action
      return try map.executed(seen, squashed).reshape([observation.shape[0], head.chunk, head.actionSpace.count])
    }
  }

  var description: String {
    let hidden = head.network.hidden.map(String.init).joined(separator: "-")
    return "Actor(\(head.kind), observation \(head.observationSize), chunk \(head.chunk), action \(head.actionSpace), \(hidden) \(head.network.activation.rawValue))"
  }
}
