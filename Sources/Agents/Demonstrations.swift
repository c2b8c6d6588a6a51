import Environments
import Tensors

/// Behaviour data as transitions of chunks, of which every batch takes a share (Ball et al. 2023, RLPD).
final class Demonstrations {
  let replay: ReplayBuffer
  /// Of each batch.
  private let share: Float

  /// From every step at which a whole chunk follows in its episode and what comes after it is known: the next observation, or the task's own end.
  /// Throws for data of other sizes than the environment's, and where no such step is there.
  init(_ data: DataSet, _ environment: VectorEnvironment, _ scale: ActionScale, _ options: SAC.Options) throws {
    let (observations, actions, rewards) = (data.observations, data.actions, data.rewards.values)
    guard observations.shape[1] == environment.observationSpace.count, actions.shape[1] == environment.actionSpace.count else {
      throw UsageError(
        "demonstrations want observations of \(environment.observationSpace.count) and actions of \(environment.actionSpace.count) numbers, got \(observations.shape[1]) and \(actions.shape[1])")
    }
    share = options.demonstrationRatio ?? 0.5
    let chunk = environment.chunk
    var (starts, nexts, alive): ([Int], [Int], [Float]) = ([], [], [])
    for episode in data.episodes where episode.range.count >= chunk {
      for start in episode.range.lowerBound...(episode.range.upperBound - chunk) {
        let isLast = start + chunk == episode.range.upperBound
        if isLast, !episode.terminated { continue }
        starts.append(start)
        nexts.append(isLast ? start : start + chunk)
        alive.append(isLast ? 0 : 1)
      }
    }
    guard !starts.isEmpty else { throw UsageError("demonstrations want episodes longer than the chunk of \(chunk)") }
    let rows = starts.flatMap { Array($0..<$0 + chunk) }
    let discount = chunkDiscount(options.gamma, perStep: options.discountPerStep, steps: chunk)
    replay = try ReplayBuffer(
      capacity: starts.count, observationSize: observations.shape[1], actionSize: chunk * actions.shape[1], seed: options.seed,
      purpose: "demonstrations")
    try replay.add(
      observation: observations.indexSelect(0, starts), action: scale.unit(actions.indexSelect(0, rows).reshape([starts.count, -1])),
      nextObservation: observations.indexSelect(0, nexts),
      reward: starts.map { start in Float(rewards[start..<start + chunk].reduce(0.0) { $0 + Double($1) }) }, alive: alive,
      discount: Array(repeating: discount, count: starts.count))
  }

  /// A batch of `n`, part from `other`, part from here.
  func sample(_ n: Int, with other: ReplayBuffer) throws -> Batch {
    let own = Int((share * Float(n)).rounded())
    guard own > 0 else { return try other.sample(n) }
    let here = try replay.sample(own)
    return own == n ? here : try Batch(joining: other.sample(n - own), here)
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
