import Diffusion
import Environments
import Files
import Ranks
import Tensors

/// What a number of episodes brought.
public struct Evaluation: Codable, Equatable, Sendable {
  /// Sums of rewards, in an order that does not depend on which episode ended first.
  public let returns: [Double]
  /// In environment steps.
  public let lengths: [Int]
  /// nil where the task does not know success.
  public let successes: [Bool]?

  public var episodes: Int { returns.count }
  public var mean: Double { returns.reduce(0, +) / Double(returns.count) }
  /// The returns' standard deviation, divided by n as in Stable-Baselines3's evaluate_policy.
  public var std: Double {
    let mean = mean
    return (returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(returns.count)).squareRoot()
  }
  public var meanLength: Double { Double(lengths.reduce(0, +)) / Double(lengths.count) }
  /// The share of successful episodes.
  public var successRate: Double? { successes.map { Double($0.count(where: \.self)) / Double($0.count) } }
}

/// Runs exactly `episodes` episodes of `policy`, which maps observations [n, observation] to chunks [n, chunk, action].
///
/// Every environment does its own fixed share, so that short episodes are not preferred; and starts from `seed`, so that policies
/// evaluated with the same seed and environments meet the same episodes wherever an environment draws only at its resets.
/// `environment` is reset and is not to be one that an agent trains in. Over several `ranks` each does the episodes of its part of the environments;
/// all draw as one process would, and all know what came of it.
public func evaluate(
  policy: (Tensor) throws -> Tensor, on environment: VectorEnvironment, episodes: Int, seed: Int, ranks: Ranks = .alone
) throws -> Evaluation {
  guard episodes > 0 else { throw UsageError("an evaluation wants at least one episode, got \(episodes)") }
  let n = environment.count
  let shares = (0..<n).map { episodes / n + ($0 < episodes % n ? 1 : 0) }
  var records: [[EpisodeRecord]] = Array(repeating: [], count: n)

  let share = ranks.size == 1 ? nil : EnvironmentShare(rank: ranks.rank, size: ranks.size)
  let own = share?.part(of: n) ?? 0..<n

  var observation = try environment.reset(seed: seed)
  var steps = 0
  while own.contains(where: { records[$0].count < shares[$0] }) {
    try Interrupt.check()
    let step = try environment.step(Tensor.withoutGrad { try policy(observation) }, share: share)
    steps += 1
    for episode in step.episodes where records[episode.environment].count < shares[episode.environment] {
      records[episode.environment].append(episode)
    }
    observation = step.observation
  }

  if ranks.size > 1 {
    // The policy's random numbers go on from where the longest episode left them.
    for _ in steps..<(try ranks.largest(steps)) { _ = try Tensor.withoutGrad { try policy(observation) } }
    let told = try ranks.allgather(Array(JSON.encode(own.map { records[$0] }).utf8))
    records = try told.flatMap { try JSON.decode([[EpisodeRecord]].self, from: $0, source: "another rank's episodes") }
  }
  let all = records.flatMap(\.self)
  let successes = all.compactMap(\.success)
  return Evaluation(
    returns: all.map(\.return), lengths: all.map(\.length), successes: successes.count == all.count ? successes : nil)
}

/// The base policy as it is deployed without steering: noise from the standard normal.
public final class BasePolicyActor {
  public let policy: any BasePolicy
  private var stream: RandomStream

  public init(_ policy: any BasePolicy, seed: Int) {
    self.policy = policy
    stream = RandomStream(seed: seed, purpose: "base policy")
  }

  /// Observations [n, steps · observation] to what is executed, [n, actionSteps, action], both in the environment's units.
  public func act(_ observation: Tensor) throws -> Tensor {
    let noise = try Tensor.randn([observation.shape[0], policy.latentSize], using: &stream)
    return try policy.act(observation, noise: noise, using: &stream)
  }
}
