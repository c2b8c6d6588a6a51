import Environments
import Tensors

/// Behaviour data as transitions of whole chunks, in the environment's units: what acting by chunks would have remembered.
///
/// A chunk begins at every step after which what follows it is known: the next decision's observation, or the task's own end. Where the task
/// ends within a chunk, the last action stands for those that nobody took; what came of the chunk does not depend on them. What a time limit
/// cut off is left out, for what would have followed is not among the data.
struct ChunkTransitions {
  /// [n, steps · observation]
  let observation: Tensor
  /// [n, chunk · action]
  let action: Tensor
  let nextObservation: Tensor
  /// Sums over the steps, not discounted.
  let reward: [Float]
  /// 0 where the task ended.
  let alive: [Float]
  let discount: [Float]

  var count: Int { reward.count }

  /// `name` is what the data are called in errors. Throws for data of other sizes than the environment's, and where no chunk fits.
  init(_ data: DataSet, of environment: VectorEnvironment, gamma: Float, discountPerStep: Bool, name: String) throws {
    let (observations, actions, rewards) = (data.observations, data.actions, data.rewards.values)
    guard observations.shape[1] == environment.frameSize, actions.shape[1] == environment.actionSpace.count else {
      throw UsageError(
        "\(name) want observations of \(environment.frameSize) and actions of \(environment.actionSpace.count) numbers, got \(observations.shape[1]) and \(actions.shape[1])")
    }
    let (chunk, frames) = (environment.chunk, environment.observationSteps)
    let decisions = data.episodes.flatMap { episode in
      episode.range.map { Decision(start: $0, end: min($0 + chunk, episode.range.upperBound), episode: episode) }
        .filter { $0.isFollowed(chunk) }
    }
    guard !decisions.isEmpty else { throw UsageError("\(name) want episodes longer than the chunk of \(chunk)") }
    let n = decisions.count

    /// What is seen at a step, the episode's first observation repeated before it.
    func seen(_ steps: [(Int, DataSet.Episode)]) throws -> Tensor {
      let rows = steps.flatMap { step, episode in (0..<frames).map { max(episode.range.lowerBound, step - frames + 1 + $0) } }
      return try observations.indexSelect(0, rows).reshape([n, frames * observations.shape[1]])
    }
    observation = try seen(decisions.map { ($0.start, $0.episode) })
    nextObservation = try seen(decisions.map { ($0.isLast ? $0.start : $0.end, $0.episode) })
    let rows = decisions.flatMap { decision in (0..<chunk).map { min(decision.start + $0, decision.end - 1) } }
    action = try actions.indexSelect(0, rows).reshape([n, chunk * actions.shape[1]])
    reward = decisions.map { decision in Float(rewards[decision.start..<decision.end].reduce(0.0) { $0 + Double($1) }) }
    alive = decisions.map { $0.isLast ? 0 : 1 }
    discount = decisions.map { decision in chunkDiscount(gamma, perStep: discountPerStep, steps: decision.end - decision.start) }
  }

  /// One chunk of an episode, from `start` up to `end`.
  private struct Decision {
    let start: Int
    let end: Int
    let episode: DataSet.Episode

    /// Whether the task ended with it.
    var isLast: Bool { episode.terminated && end == episode.range.upperBound }
    /// Whether what came after it is known.
    func isFollowed(_ chunk: Int) -> Bool { episode.terminated || start + chunk < episode.range.upperBound }
  }
}
