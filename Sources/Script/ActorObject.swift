import Agents
import Environments
import Files
import LuaBridge
import Tensors

/// What an actor's file says beside its weights: all that acting needs.
struct ActorHead: Codable {
  /// Of the agent that it comes from: "sac", "dsrl_na".
  var kind: String
  /// Of all that it sees at once.
  var observationSize: Int
  /// Observations in that; nil: one.
  var observationSteps: Int?
  var chunk: Int
  /// The environment's, of one action.
  var actionSpace: Box
  var network: NetworkOptions
  /// b, of an actor whose output is a policy's noise in [-b, b].
  var actionMagnitude: Float?
  /// Whether it acts without noise when it is not told.
  var deterministic = false

  var chunkSize: Int { chunk * actionSpace.count }
}

/// An actor alone, without what it learned by: acts and nothing else.
final class ActorObject: LuaObject, CustomStringConvertible {
  static let luaName = "Actor"
  let head: ActorHead
  private let actor: GaussianActor
  /// What a dsrl_na actor steers.
  private let policy: PolicyObject?
  private var stream: RandomStream

  private static let format = "dsrl-lua actor 1"

  /// Reads what `save` left. Throws for a file that holds no actor, and where a policy is missing or has none to steer it.
  init(loading path: String, policy: PolicyObject?, seed: Int) throws {
    let (tensors, metadata) = try Safetensors.read(path)
    guard metadata["format"] == ActorObject.format, let text = metadata["actor"] else { throw UsageError("'\(path)' holds no actor") }
    head = try JSON.decode(ActorHead.self, from: Array(text.utf8), source: path)
    for size in [head.observationSize, head.chunk, head.chunkSize] + head.network.hidden { try checkSize("'\(path)': a size", size) }
    switch (head.actionMagnitude, policy?.policy) {
    case (nil, _?): throw UsageError("'\(path)' holds a \(head.kind) actor, which steers no policy; got one")
    case (_?, nil): throw UsageError("'\(path)' holds a \(head.kind) actor, which steers a policy: load_actor(path, {policy = ...})")
    case (_?, let policy?) where (policy.conditionSize, policy.actionSteps, policy.actionSize) != (head.observationSize, head.chunk, head.actionSpace.count):
      throw UsageError(
        "'\(path)' steers a policy that sees \(head.observationSize) numbers and executes \(head.chunk) actions of \(head.actionSpace.count); got \(policy.conditionSize), \(policy.actionSteps), \(policy.actionSize)")
    default: self.policy = policy
    }
    stream = RandomStream(seed: seed, purpose: "actor")
    let outputs = policy?.policy.latentSize ?? head.chunkSize
    actor = try GaussianActor(observationSize: head.observationSize, actionSize: outputs, network: head.network, using: &stream)
    try actor.load(stateDict: tensors)
  }

  static func save(_ actor: GaussianActor, _ head: ActorHead, to path: String) throws {
    try Safetensors.write(
      actor.namedParameters.map { ($0.name, $0.tensor) }, metadata: ["format": format, "actor": try JSON.encode(head)], to: path)
  }

  /// [n, observation] to [n, chunk, action], in the environment's units, as the agent itself acts.
  func act(_ observation: Tensor, deterministic: Bool?) throws -> Tensor {
    try Tensor.withoutGrad {
      let seen = try policy?.policy.normalize(observation) ?? observation
      let mode = deterministic ?? head.deterministic
      let squashed = mode ? try actor.mode(seen) : try actor.sample(seen, using: &stream).action
      let chunk = try inUnits(squashed, seen)
      return try chunk.reshape([observation.shape[0], head.chunk, head.actionSpace.count])
    }
  }

  private func inUnits(_ squashed: Tensor, _ observation: Tensor) throws -> Tensor {
    if let policy = policy?.policy, let magnitude = head.actionMagnitude {
      return try policy.denormalize(policy.executed(policy.decode(normalized: observation, noise: magnitude * squashed)))
    }
    let (low, high) = (head.actionSpace.low, head.actionSpace.high)
    let half = Tensor((0..<head.chunk).flatMap { _ in zip(low, high).map { Float(($1 - $0) / 2) } })
    let middle = Tensor((0..<head.chunk).flatMap { _ in zip(low, high).map { Float(($0 + $1) / 2) } })
    return try squashed * half + middle
  }

  var description: String {
    let hidden = head.network.hidden.map(String.init).joined(separator: "-")
    return "Actor(\(head.kind), observation \(head.observationSize), chunk \(head.chunk), action \(head.actionSpace), \(hidden) \(head.network.activation.rawValue))"
  }
}
