import Environments
import Tensors

/// Behaviour data of which every batch takes a share (Ball et al. 2023, RLPD).
final class Demonstrations {
  let replay: ReplayBuffer
  /// Of each batch.
  private let share: Float

  /// SAC's: in the environment's units, actions as it scales them. Throws for data of other sizes than the environment's, and where no chunk fits.
  convenience init(_ data: DataSet, _ environment: VectorEnvironment, _ scale: ActionScale, _ options: SAC.Options) throws {
    let transitions = try ChunkTransitions(
      data, of: environment, gamma: options.gamma, discountPerStep: options.discountPerStep, name: "demonstrations")
    let replay = try ReplayBuffer(
      capacity: transitions.count, observationSize: scale.observationSize, actionSize: scale.size, seed: options.seed, purpose: "demonstrations")
    try replay.add(transitions, observation: { $0 }, action: scale.unit)
    self.init(replay, share: options.demonstrationRatio ?? 0.5)
  }

  init(_ replay: ReplayBuffer, share: Float) { (self.replay, self.share) = (replay, share) }

  /// A batch of `n`, part from `other`, part from here; all from here while `other` is empty.
  func sample(_ n: Int, with other: ReplayBuffer) throws -> Batch {
    let own = other.count == 0 ? n : Int((share * Float(n)).rounded())
    guard own > 0 else { return try other.sample(n) }
    let here = try replay.sample(own)
    return own == n ? here : try Batch(joining: other.sample(n - own), here)
  }
}

extension ReplayBuffer {
  /// Remembers behaviour data; `observation` and `action` turn the environment's units into what the networks see.
  func add(_ transitions: ChunkTransitions, observation: (Tensor) throws -> Tensor, action: (Tensor) throws -> Tensor) throws {
    try add(
      observation: observation(transitions.observation), action: action(transitions.action), nextObservation: observation(transitions.nextObservation),
      reward: transitions.reward, alive: transitions.alive, discount: transitions.discount)
  }
}

extension Batch {
  /// One after the other.
  init(joining a: Batch, _ b: Batch) throws {
    func join(_ part: KeyPath<Batch, Tensor>) throws -> Tensor { try Tensor.cat([a[keyPath: part], b[keyPath: part]]) }
    self.init(
      observation: try join(\.observation), action: try join(\.action), nextObservation: try join(\.nextObservation),
      reward: try join(\.reward), alive: try join(\.alive), discount: try join(\.discount))
  }
}
