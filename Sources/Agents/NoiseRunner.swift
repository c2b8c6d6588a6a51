import Diffusion
import Environments
import Tensors

/// Acts in environments with noises given to a frozen policy, and counts.
final class NoiseRunner {
  let environment: VectorEnvironment
  let policy: any BasePolicy
  private(set) var counts = Counts()
  private let seed: Int
  private var isReady = false

  /// Throws for a policy that does not fit the environment.
  init(_ environment: VectorEnvironment, _ policy: any BasePolicy, seed: Int) throws {
    try policy.check(fits: environment)
    (self.environment, self.policy, self.seed) = (environment, policy, seed)
  }

  /// One vector step with `noise`, [n, latent]. Where the environments fail, the next call begins new episodes.
  func step(_ noise: Tensor) throws -> VectorStep {
    let observation = isReady ? environment.observation : try environment.reset(seed: counts.vectorSteps == 0 ? seed : nil)
    isReady = false
    let outcome = try environment.step(Tensor.withoutGrad { try policy.act(observation, noise: noise) })
    isReady = true
    counts.vectorSteps += 1
    counts.transitions += environment.count
    counts.environmentSteps += outcome.stepsTaken.reduce(0, +)
    return outcome
  }

  func restore(_ environment: VectorEnvironment.State, _ counts: Counts) throws {
    try self.environment.restore(environment)
    (self.counts, isReady) = (counts, counts.vectorSteps > 0)
  }
}

extension Advance {
  /// Of one vector step that teaches nothing.
  init(_ step: VectorStep, metrics: [String: Double]? = nil) {
    self.init(
      environmentSteps: step.stepsTaken.reduce(0, +), transitions: step.stepsTaken.count, gradientSteps: 0, episodes: step.episodes,
      metrics: metrics)
  }
}
