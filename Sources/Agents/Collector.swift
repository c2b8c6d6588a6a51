import Environments
import Tensors

/// What an agent does at one time in every environment.
struct Decision {
  /// The action as the replay buffer keeps it, [n, stored].
  let stored: Tensor
  /// The chunk in the environment's units, [n, chunk · action].
  let executed: Tensor
}

/// What a time limit means for the value of what comes after it.
public enum TimeLimits: String, Codable, CaseIterable, Sendable {
  /// It goes on.
  case bootstrap
  /// It ends, as where the task ends: the published code's.
  case terminate
}

/// Acts in the environments and remembers what came of it.
final class Collector {
  let environment: VectorEnvironment
  let replay: ReplayBuffer
  var counts = Counts()
  private let seed: Int
  private let gamma: Float
  private let discountPerStep: Bool
  private let timeLimits: TimeLimits
  private let normalize: (Tensor) throws -> Tensor
  /// Where the environments are, as the networks see it; nil where a reset is due.
  private var observation: Tensor?
  /// Where several processes share the environments.
  var sharing: Sharing?
  /// What was decided for somebody else to execute.
  private var proposed: (observation: Tensor, decision: Decision)?

  /// `normalize` turns the environment's observations into what the networks see and the buffer keeps.
  init(
    _ environment: VectorEnvironment, replay: ReplayBuffer, gamma: Float, discountPerStep: Bool, timeLimits: TimeLimits = .bootstrap,
    seed: Int, normalize: @escaping (Tensor) throws -> Tensor
  ) throws {
    guard 0...1 ~= gamma else { throw UsageError("gamma wants to be in [0, 1], got \(gamma)") }
    (self.environment, self.replay, self.gamma, self.discountPerStep, self.seed) = (environment, replay, gamma, discountPerStep, seed)
    (self.normalize, self.timeLimits) = (normalize, timeLimits)
  }

  /// One vector step with what `decide` answers. Where the environments fail, the next call begins new episodes.
  func step(_ decide: (Tensor) throws -> Decision) throws -> VectorStep {
    let current = try observation ?? normalize(environment.reset(seed: counts.vectorSteps == 0 ? seed : nil))
    let decision = try decide(current)
    observation = nil
    let outcome = try environment.step(decision.executed, share: sharing?.environments)
    try remember(current, decision, Outcome(outcome))
    observation = try normalize(outcome.observation)
    return outcome
  }

  /// What `decide` answers to observations in the environment's units, for somebody else to execute; [n, chunk · action]. `observe` is to follow.
  func propose(_ seen: Tensor, _ decide: (Tensor) throws -> Decision) throws -> Tensor {
    let current = try normalize(seen)
    let decision = try decide(current)
    proposed = (current, decision)
    return decision.executed
  }

  /// Remembers what came of what was proposed last. Throws where nothing was, or for an outcome of other environments than that was for.
  func observe(_ outcome: Outcome) throws {
    guard let proposed else { throw UsageError("observe wants what came of act with explore; nothing was decided since the last time") }
    try outcome.check(count: proposed.observation.shape[0], chunk: environment.chunk)
    self.proposed = nil
    try remember(proposed.observation, proposed.decision, outcome)
    let isOwn = environment.isStarted && environment.observation.values == outcome.observation.values
    observation = isOwn ? try normalize(outcome.observation) : nil
  }

  private func remember(_ current: Tensor, _ decision: Decision, _ outcome: Outcome) throws {
    let discount = outcome.stepsTaken.map { chunkDiscount(gamma, perStep: discountPerStep, steps: $0) }
    let cut = timeLimits == .terminate ? zip(outcome.terminated, outcome.truncated).map { $0 || $1 } : outcome.terminated
    try replay.add(
      observation: current, action: decision.stored, nextObservation: normalize(outcome.finalObservation),
      reward: outcome.reward.values, alive: cut.map { $0 ? 0 : 1 }, discount: discount)
    counts.vectorSteps += 1
    counts.transitions += outcome.stepsTaken.count
    counts.environmentSteps += outcome.stepsTaken.reduce(0, +)
  }

  /// Puts environments, counts and place back.
  func restore(_ environment: VectorEnvironment.State, _ counts: Counts) throws {
    try self.environment.restore(environment)
    observation = counts.vectorSteps > 0 && self.environment.isStarted ? try normalize(self.environment.observation) : nil
    proposed = nil
    self.counts = counts
  }
}

/// What the value of what comes after a decision is multiplied by: γ, or γ^steps for the steps that it took.
func chunkDiscount(_ gamma: Float, perStep: Bool, steps: Int) -> Float {
  perStep ? (0..<steps).reduce(Float(1)) { product, _ in product * gamma } : gamma
}
