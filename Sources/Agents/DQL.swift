import Diffusion
import Environments
import NeuralNets
import Tensors

/// Fine-tuning of the policy's own weights by the critics' gradient through its denoising steps (Wang, Hunt and Zhou 2023, Diffusion-QL): what
/// steering is compared with. The given policy stays as it is; π begins as a copy of it, and π̄ follows π slowly.
///
///   Q  towards  k r + γ (1 - terminated) Q̄(s', π̄(s', w)),  w ~ N(0, I)
///   π  down     η L(a) - Q(s, π(s, w)) / mean |Q|,  L being the loss that the policy was trained by, a what was done
public final class DQL: Agent, Learner {
  public let kind = "dql"
  public private(set) var options: Options
  private let made: Options
  /// π
  public let policy: DiffusionPolicy
  /// π̄
  let targetPolicy: DiffusionPolicy
  public let critics: Critics
  let targets: Critics
  let collector: Collector
  var round = Round()
  var interruption: () throws -> Void = Interrupt.check
  private let criticOptimizer: Adam
  private let policyOptimizer: Adam
  var stream: RandomStream
  private var evaluationStream: RandomStream

  /// Throws for options out of their range, for a policy that does not fit the environment, and for one that cannot be copied or differentiated.
  public init(_ environment: VectorEnvironment, policy base: DiffusionPolicy, _ options: Options = Options()) throws {
    try options.check()
    try base.check(fits: environment)
    guard base.executedSize == base.chunkSize else {
      throw UsageError("a dql agent judges and imitates whole chunks; wanted a policy with action_steps = horizon = \(base.horizon), got \(base.actionSteps)")
    }
    guard base.schedule.isDeterministic else { throw UsageError("a dql agent wants a deterministic sampler, got a \(base.sampler.kind.rawValue) sampler that draws noise inside") }
    (self.options, made) = (options, options)
    (policy, targetPolicy) = (try base.copy(), try base.copy())
    let (critic, seed) = (options.critic, options.critic.seed)
    var stream = RandomStream(seed: seed, purpose: "init")
    func makeCritics(_ name: String) throws -> Critics {
      try Critics(
        critic.nCritics, observationSize: base.conditionSize, actionSize: base.chunkSize, network: critic.network, name: name, using: &stream)
    }
    critics = try makeCritics("critics")
    targets = try makeCritics("target critics")
    try targets.load(critics)
    criticOptimizer = try adam(critics, critic.learningRate)
    var config = Adam.Config()
    (config.learningRate, config.maxGradNorm) = (options.actorLearningRate ?? critic.learningRate, options.maxGradNorm)
    policyOptimizer = try Adam(policy.network.namedParameters, config)
    let replay = try ReplayBuffer(capacity: critic.bufferSize, observationSize: base.conditionSize, actionSize: base.chunkSize, seed: seed)
    collector = try Collector(
      environment, replay: replay, gamma: critic.gamma, discountPerStep: critic.discountPerStep, timeLimits: critic.timeLimits, seed: seed,
      normalize: base.normalize)
    self.stream = RandomStream(seed: seed, purpose: "noise")
    evaluationStream = RandomStream(seed: seed, purpose: "evaluation")
  }

  public var environment: VectorEnvironment { collector.environment }
  public var replay: ReplayBuffer { collector.replay }
  public var counts: Counts { collector.counts }
  public var phase: String { counts.vectorSteps < options.initRolloutSteps ? "initial rollouts" : "learning" }
  var trainFreq: Int { options.critic.trainFreq }

  public func advance() throws -> Advance { try runRound() }
  public func train() throws -> Advance { try runTrainingCall() }
  public func explore(_ observation: Tensor) throws -> Tensor { try runExploring(observation) }
  public func observe(_ outcome: Outcome) throws { try runObserving(outcome) }
  public func update() throws -> Advance? { try runUpdatesDue() }

  /// Deterministic: from the noise 0.
  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    let size = [observation.shape[0], policy.latentSize]
    return try policy.act(observation, noise: deterministic ? .zeros(size) : .randn(size, using: &evaluationStream))
  }

  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    throw UsageError("a dql chooses no noise: its policy starts from the standard normal")
  }

  func decide(_ observation: Tensor) throws -> Decision {
    let chunk = try policy.decode(normalized: observation, noise: noise(rows: observation.shape[0]))
    return Decision(stored: chunk, executed: try policy.denormalize(chunk))
  }

  private func noise(rows: Int) throws -> Tensor { try .randn([rows, policy.latentSize], using: &stream) }

  func plan(transitions: Int) -> [UpdateStep] {
    guard counts.vectorSteps >= options.initRolloutSteps else { return [] }
    return Array(repeating: .joint, count: options.critic.steps(after: transitions))
  }

  func update(_ step: UpdateStep) throws -> [String: Float] {
    try Tensor.withProducts(in: options.critic.networkPrecision) {
      let batch = try replay.sample(options.critic.batchSize)
      let target = try target(batch, noise: noise(rows: batch.reward.count))
      let loss = try critics.loss(batch.observation, batch.action, target: target)
      try criticOptimizer.descend(loss)
      try targets.track(critics, tau: options.critic.tau)
      let metrics = ["train/critic_loss": try loss.item(), "train/target": try target.mean().item()]
      guard counts.gradientSteps >= options.criticWarmup else { return metrics }
      return metrics.merging(try updatePolicy(batch)) { first, _ in first }
    }
  }

  /// What the critics regress on, [n], for noises at the next observations, [n, latent].
  func target(_ batch: Batch, noise: Tensor) throws -> Tensor {
    try Tensor.withoutGrad {
      let chunk = try targetPolicy.decode(normalized: batch.nextObservation, noise: noise)
      let value = try options.critic.combinedTarget(targets(batch.nextObservation, chunk), using: &stream)
      return try options.critic.rewardScale * batch.reward + batch.discount * batch.alive * value
    }
  }

  /// The mean of -Q(s, π(s, w)), in parts of the mean |Q| where the options say so; with the gradient through the denoising steps.
  func climbingLoss(_ observation: Tensor, noise: Tensor) throws -> Tensor {
    let values = try options.critic.combined(critics(observation, policy.unrolled(normalized: observation, noise: noise)))
    guard options.normalizeQ else { return -values.mean() }
    let size = try values.detach().abs().mean().item()
    return (-1 / max(size, 1e-6)) * values.mean()
  }

  private func updatePolicy(_ batch: Batch) throws -> [String: Float] {
    let noise = try noise(rows: batch.reward.count)
    let metrics = try critics.frozen {
      let climb = try climbingLoss(batch.observation, noise: noise)
      guard options.bcWeight > 0 else {
        try policyOptimizer.descend(climb)
        return ["train/actor_loss": try climb.item()]
      }
      let imitation = try policy.imitationLoss(normalized: batch.observation, chunk: batch.action, using: &stream)
      let loss = try climb + options.bcWeight * imitation
      try policyOptimizer.descend(loss)
      return ["train/actor_loss": try loss.item(), "train/bc_loss": try imitation.item()]
    }
    try polyak(targetPolicy.network, policy.network, tau: options.critic.tau)
    for changed in [policy, targetPolicy] { changed.weightsChanged() }
    return metrics
  }
}

// MARK: Options

extension DQL {
  public struct Options: Codable, Equatable, Sendable {
    /// η, the weight of the loss that the policy was trained by.
    public var bcWeight: Float = 1
    /// Whether the critics' values count in parts of their mean size.
    public var normalizeQ = true
    /// nil: the critics'.
    public var actorLearningRate: Float?
    /// The largest norm of the policy's gradient; nil: no clipping.
    public var maxGradNorm: Float?
    /// Gradient steps of the critics that leave the policy alone.
    public var criticWarmup = 0
    /// Vector steps with the given policy before the first update.
    public var initRolloutSteps = 2001
    public var critic = CriticOptions.steering

    public init() {}

    func check() throws {
      try critic.check()
      guard bcWeight.isFinite, bcWeight >= 0 else { throw UsageError("bc_weight wants a number from 0 on, got \(bcWeight)") }
      try checkRate("actor_learning_rate", actorLearningRate)
      try checkAtLeast("critic_warmup", criticWarmup, 0)
      try checkAtLeast("init_rollout_steps", initRolloutSteps, 0)
    }
  }
}

extension DQL: Adjustable {
  public static var adjustable: [AdjustableOption<Options>] {
    CriticOptions.adjustable.map { $0.inside(\.critic) } + [
      .init("actor_learning_rate", \.actorLearningRate), .init("bc_weight", \.bcWeight), .init("critic_warmup", \.criticWarmup),
      .init("normalize_q", \.normalizeQ),
    ]
  }
  public var adjusted: Options { options }

  public func adjust(_ new: Options) throws {
    guard round.updates == 0 else { throw amidUpdates }
    let merged = merged(new, into: made)
    try merged.check()
    options = merged
    criticOptimizer.learningRate = merged.critic.learningRate
    policyOptimizer.learningRate = merged.actorLearningRate ?? merged.critic.learningRate
  }
}

// MARK: Saving

extension DQL {
  private var saved: SavedParts {
    SavedParts(
      modules: [("policy", policy.network), ("policy_target", targetPolicy.network), ("critic", critics), ("critic_target", targets)],
      optimizers: [("policy_optimizer", policyOptimizer), ("critic_optimizer", criticOptimizer)], temperature: nil, replay: replay)
  }

  public var tensors: [NamedTensor] { saved.tensors }

  public var record: AgentRecord {
    get throws {
      AgentRecord(
        kind: kind, counts: counts, round: round, streams: ["noise": stream, "evaluation": evaluationStream], replay: replay.record,
        environment: try environment.state, options: try adjustment(from: made))
    }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    let streams = try record.check(kind: kind, streams: ["noise", "evaluation"])
    try saved.load(tensors, replay: record.replay)
    for changed in [policy, targetPolicy] { changed.weightsChanged() }
    round = Round()
    try adjust(record.options, from: made)
    try collector.restore(record.environment, record.counts)
    round = record.round
    (stream, evaluationStream) = (streams[0], streams[1])
  }
}
