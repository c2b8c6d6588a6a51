import Diffusion
import Environments
import NeuralNets
import Tensors

/// Of several chunks that the frozen policy makes of noises from N(0, I) the one that critics hold for best; they learn the value of
/// acting so. There is no actor (as in Hansen-Estruch et al. 2023, IDQL, and Nakamoto et al. 2024, V-GPS).
///
///   Q  towards  k r + γ (1 - terminated) max over i of Q̄(s', π(s', wᵢ)),  wᵢ ~ N(0, I)
public final class BestOfN: Agent, Learner {
  public let kind = "best_of_n"
  public internal(set) var options: Options
  /// The options that it was made with.
  let made: Options
  public let policy: any BasePolicy
  public let critics: Critics
  public let targets: Critics
  let collector: Collector
  var round = Round()
  var interruption: () throws -> Void = Interrupt.check
  let optimizer: Adam
  private(set) var stream: RandomStream
  private var evaluationStream: RandomStream

  /// Throws for options out of their range and for a policy that does not fit the environment.
  public init(_ environment: VectorEnvironment, policy: any BasePolicy, _ options: Options = Options()) throws {
    try options.check()
    try policy.check(fits: environment)
    (self.options, made, self.policy) = (options, options, policy)
    let (critic, seed) = (options.critic, options.critic.seed)
    var stream = RandomStream(seed: seed, purpose: "init")
    func makeCritics(_ name: String) throws -> Critics {
      try Critics(
        critic.nCritics, observationSize: policy.conditionSize, actionSize: policy.executedSize, network: critic.network, name: name,
        using: &stream)
    }
    critics = try makeCritics("critics")
    targets = try makeCritics("target critics")
    try targets.load(critics)
    optimizer = try adam(critics, critic.learningRate)
    let replay = try ReplayBuffer(
      capacity: critic.bufferSize, observationSize: policy.conditionSize, actionSize: policy.executedSize, seed: seed)
    collector = try Collector(
      environment, replay: replay, gamma: critic.gamma, discountPerStep: critic.discountPerStep, timeLimits: critic.timeLimits, seed: seed, normalize: policy.normalize)
    self.stream = RandomStream(seed: seed, purpose: "noise")
    evaluationStream = RandomStream(seed: seed, purpose: "evaluation")
  }

  public var environment: VectorEnvironment { collector.environment }
  public var replay: ReplayBuffer { collector.replay }
  public var counts: Counts { collector.counts }
  public var phase: String { isExploring ? "initial rollouts" : "learning" }
  var trainFreq: Int { options.critic.trainFreq }
  private var isExploring: Bool { counts.vectorSteps < options.initRolloutSteps }

  public func advance() throws -> Advance { try runRound() }
  public func train() throws -> Advance { try runTrainingCall() }
  public func explore(_ observation: Tensor) throws -> Tensor { try runExploring(observation) }
  public func observe(_ outcome: Outcome) throws { try runObserving(outcome) }
  public func update() throws -> Advance? { try runUpdatesDue() }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    try Tensor.withoutGrad { try policy.act(observation, noise: noise(for: observation, deterministic: deterministic)) }
  }

  /// Deterministic: of the same candidates at every call.
  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    let normalized = try policy.normalize(observation)
    guard deterministic else { return try choose(normalized, options.candidates, by: critics, using: &evaluationStream).noise }
    var stream = RandomStream(seed: options.critic.seed, purpose: "candidates")
    return try choose(normalized, options.candidates, by: critics, using: &stream).noise
  }

  /// The policy's own noise before there is anything learned.
  func decide(_ observation: Tensor) throws -> Decision {
    let chosen = try choose(observation, isExploring ? 1 : options.candidates, by: critics, using: &stream)
    return Decision(stored: chosen.chunk, executed: try policy.denormalize(chosen.chunk))
  }

  func plan(transitions: Int) -> [UpdateStep] {
    guard counts.vectorSteps >= options.initRolloutSteps else { return [] }
    return Array(repeating: .critic, count: options.critic.steps(after: transitions))
  }

  func update(_ step: UpdateStep) throws -> [String: Float] {
    try Tensor.withProducts(in: options.critic.networkPrecision) {
      let batch = try replay.sample(options.critic.batchSize)
      let target = try target(batch)
      let loss = try critics.loss(batch.observation, batch.action, target: target)
      try optimizer.descend(loss)
      try targets.track(critics, tau: options.critic.tau)
      return ["train/critic_loss": try loss.item(), "train/target": try target.mean().item()]
    }
  }

  /// What the critics regress on, [n].
  func target(_ batch: Batch) throws -> Tensor {
    let value = try choose(batch.nextObservation, options.candidates, by: targets, using: &stream).value
    return try options.critic.rewardScale * batch.reward + batch.discount * batch.alive * value
  }

  /// Of `times` noises for each observation the best by `judges`, what is executed of its chunk, and its value.
  private func choose(
    _ observation: Tensor, _ times: Int, by judges: Critics, using stream: inout RandomStream
  ) throws -> (noise: Tensor, chunk: Tensor, value: Tensor) {
    try Tensor.withoutGrad {
      let rows = times == 1 ? observation : try observation.tile([times, 1])
      let noise = try Tensor.randn([rows.shape[0], policy.latentSize], using: &stream)
      let chunk = try policy.executed(policy.decode(normalized: rows, noise: noise))
      let heads = try judges(rows, chunk)
      let values = try judges === targets ? options.critic.combinedTarget(heads, using: &stream) : options.critic.combined(heads)
      guard let places = try best(values, of: times) else { return (noise, chunk, values) }
      return (try noise.indexSelect(0, places), try chunk.indexSelect(0, places), try values.indexSelect(0, places))
    }
  }
}

// MARK: Options

extension BestOfN {
  public struct Options: Codable, Equatable, Sendable {
    /// n, when it acts and in the target.
    public var candidates = 8
    /// Vector steps with the policy's own noise before the first update.
    public var initRolloutSteps = 2001
    public var critic = CriticOptions.steering

    public init() {}

    func check() throws {
      try critic.check()
      try checkAtLeast("candidates", candidates, 1)
      try checkAtLeast("init_rollout_steps", initRolloutSteps, 0)
    }
  }
}

// MARK: Saving

extension BestOfN {
  private var saved: SavedParts {
    SavedParts(modules: [("critic", critics), ("critic_target", targets)], optimizers: [("critic_optimizer", optimizer)], temperature: nil, replay: replay)
  }

  public var tensors: [(name: String, tensor: Tensor)] { saved.tensors }

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
    round = Round()
    try adjust(record.options, from: made)
    try collector.restore(record.environment, record.counts)
    round = record.round
    (stream, evaluationStream) = (streams[0], streams[1])
  }
}
