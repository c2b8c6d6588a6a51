import Diffusion
import Environments
import NeuralNets
import Tensors

/// DSRL with noise aliasing (Wagenmaker et al. 2025, algorithm 1): the value is learned over actions, handed down to noises, and the
/// actor steers the frozen base policy's noise towards it.
///
/// Q^A(s, a) takes normalised observations and what is executed of chunks, in [-1, 1]; Q^W(s, u) and the actor have u in [-1, 1], the noise is w = b u.
public final class DSRLNA: Agent, Learner {
  public internal(set) var options: Options
  /// The options that it was made with.
  let made: Options
  public let kind = "dsrl_na"
  public let steering: Steering
  let core: ActorCritic
  let collector: Collector
  var round = Round()
  var interruption: () throws -> Void = Interrupt.check
  /// The batches of the distillation under way.
  var distillation: Distillation?
  /// Behaviour data apart from the replay; nil where there are none, or they lie in it.
  let offlineData: Demonstrations?
  let hasOfflineData: Bool
  let noiseCriticOptimizer: Adam
  var noiseStream: RandomStream
  private var evaluationStream: RandomStream

  /// `offlineData` are in the environment's units; how they were made does not matter. Throws for options out of their range and for a policy
  /// or data that do not fit the environment.
  public init(_ environment: VectorEnvironment, policy: any BasePolicy, offlineData: DataSet? = nil, _ options: Options = Options()) throws {
    try options.check(hasOfflineData: offlineData != nil)
    try policy.check(fits: environment)
    let steering = try Steering(policy, options.steering)
    (self.options, made, self.steering) = (options, options, steering)

    var stream = RandomStream(seed: options.seed, purpose: "init")
    let actor = try steering.makeActor(options.learning.network, using: &stream)
    core = try ActorCritic(
      options.learning, actor: actor, observationSize: policy.conditionSize, judgedSize: policy.executedSize, hasNoiseCritics: true,
      using: &stream, judged: steering.decode)
    noiseCriticOptimizer = try adam(core.climbed, options.noiseCriticLearningRate ?? options.learningRate)

    let replay = try ReplayBuffer(
      capacity: options.bufferSize, observationSize: policy.conditionSize, actionSize: policy.executedSize, seed: options.seed)
    collector = try Collector(
      environment, replay: replay, gamma: options.gamma, discountPerStep: options.discountPerStep, timeLimits: options.timeLimits, seed: options.seed,
      normalize: policy.normalize)
    hasOfflineData = offlineData != nil
    self.offlineData = try offlineData.flatMap { try DSRLNA.keep($0, beside: replay, environment, policy, options) }
    noiseStream = RandomStream(seed: options.seed, purpose: "noise")
    evaluationStream = RandomStream(seed: options.seed, purpose: "evaluation")
  }

  public var policy: any BasePolicy { steering.policy }
  public var actor: GaussianActor { core.actor }
  /// Q^A
  public var critics: Critics { core.critics }
  /// Q^W; it has no target networks.
  public var noiseCritics: Critics { core.climbed }
  public var temperature: Temperature { core.temperature }
  public var environment: VectorEnvironment { collector.environment }
  public var replay: ReplayBuffer { collector.replay }
  public var counts: Counts { collector.counts }
  public var phase: String { isExploring ? "initial rollouts" : "learning" }
  var trainFreq: Int { options.trainFreq }
  private var isExploring: Bool { counts.vectorSteps < options.initRolloutSteps }

  public func advance() throws -> Advance { try runRound() }
  /// With offline data at any time, without having acted.
  public func train() throws -> Advance { try runTrainingCall(hasOfflineData ? updates(transitions: trainFreq * environment.count) : nil) }
  public func explore(_ observation: Tensor) throws -> Tensor { try runExploring(observation) }
  public func observe(_ outcome: Outcome) throws { try runObserving(outcome) }
  public func update() throws -> Advance? { try runUpdatesDue() }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    let chosen = try noise(for: observation, deterministic: deterministic)
    return try policy.act(observation, noise: chosen)
  }

  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    let normalized = try policy.normalize(observation)
    return try Tensor.withoutGrad {
      try steering.noise(deterministic ? actor.mode(normalized) : core.choose(normalized, using: &evaluationStream))
    }
  }

  /// The actor's noise; before learning, the standard normal restricted to the box.
  func decide(_ observation: Tensor) throws -> Decision {
    let squashed = isExploring
      ? try steering.firstActions(observation.shape[0], using: &noiseStream) : try core.choose(observation, using: &core.stream)
    let chunk = try steering.decode(observation, squashed)
    return Decision(stored: chunk, executed: try policy.denormalize(chunk))
  }
}

extension BasePolicy {
  /// Throws unless the policy sees this environment's observations and decides on as many of its actions as it executes in a step.
  func check(fits environment: VectorEnvironment) throws {
    guard (observationSize, actionSize) == (environment.frameSize, environment.actionSpace.count) else {
      throw UsageError(
        "the environment \(environment.id) wants a policy of observation \(environment.frameSize), action \(environment.actionSpace.count), got \(observationSize), \(actionSize)")
    }
    guard observationSteps == environment.observationSteps else {
      throw UsageError("the environment \(environment.id) shows observation_steps = \(environment.observationSteps) observations, the policy wants \(observationSteps)")
    }
    guard actionSteps == environment.chunk else {
      throw UsageError("the environment \(environment.id) executes chunk = \(environment.chunk) actions at a step, the policy decides on action_steps = \(actionSteps)")
    }
  }
}

// MARK: Saving

extension DSRLNA {
  private var saved: SavedParts {
    SavedParts(
      modules: [("actor", actor), ("critic", critics), ("critic_target", core.targets), ("noise_critic", noiseCritics)],
      optimizers: [
        ("actor_optimizer", core.actorOptimizer), ("critic_optimizer", core.criticOptimizer), ("noise_critic_optimizer", noiseCriticOptimizer),
      ], temperature: temperature, replay: replay)
  }

  public var tensors: [NamedTensor] { saved.tensors + (distillation?.tensors.prefixed("distillation") ?? []) }

  public var record: AgentRecord {
    get throws {
      var streams = ["actor": core.stream, "noise": noiseStream, "evaluation": evaluationStream]
      streams["offline_data"] = offlineData?.replay.stream
      return AgentRecord(
        kind: kind, counts: counts, round: round, streams: streams, replay: replay.record, environment: try environment.state,
        options: try adjustment(from: made))
    }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    let streams = try record.check(kind: kind, streams: ["actor", "noise", "evaluation"] + (offlineData == nil ? [] : ["offline_data"]))
    let underWay = try Distillation(tensors.part("distillation"))
    try saved.load(tensors, replay: record.replay)
    round = Round()
    try adjust(record.options, from: made)
    try collector.restore(record.environment, record.counts)
    (round, distillation) = (record.round, underWay)
    (core.stream, noiseStream, evaluationStream) = (streams[0], streams[1], streams[2])
    offlineData?.replay.stream = streams[streams.count - 1]
  }
}
