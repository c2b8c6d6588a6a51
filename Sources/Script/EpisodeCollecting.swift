import Environments
import Tensors

/// Behaviour data of exactly `episodes` whole episodes: `action` maps observations [n, observation] to chunks [n, chunk, action].
///
/// Every environment does its own fixed share, so that short episodes are not preferred; the data come environment after environment.
func collect(from environments: VectorEnvironment, episodes: Int, action: (Tensor) throws -> Tensor) throws -> DataSet {
  guard episodes >= 1 else { throw UsageError("collecting wants a positive number of episodes, got \(episodes)") }
  let n = environments.count
  let shares = (0..<n).map { episodes / n + ($0 < episodes % n ? 1 : 0) }
  var steps = Array(repeating: [ExecutedStep](), count: n)
  var ended = Array(repeating: 0, count: n)
  var observation = try environments.reset()
  while zip(ended, shares).contains(where: { $0 < $1 }) {
    let outcome = try environments.step(action(observation), recording: true)
    observation = outcome.observation
    for (index, executed) in outcome.executed.enumerated() where ended[index] < shares[index] {
      steps[index] += executed
      if outcome.terminated[index] || outcome.truncated[index] { ended[index] += 1 }
    }
  }

  let all = steps.flatMap(\.self)
  return try DataSet(
    observations: Tensor(all.flatMap { $0.observation.map { Float($0) } }, shape: [all.count, environments.frameSize]),
    actions: Tensor(all.flatMap { $0.action.map { Float($0) } }, shape: [all.count, environments.actionSpace.count]),
    rewards: Tensor(all.map { Float($0.reward) }), terminals: all.map(\.terminated), timeouts: all.map(\.truncated))
}
