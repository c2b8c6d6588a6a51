import Diffusion
import Environments
import NeuralNets
import Tensors

/// Soft actor-critic (Haarnoja et al. 2018), in the arithmetic and order of Stable-Baselines3; the action is a whole chunk.
///
/// Over a frozen policy it is DSRL-SAC (Wagenmaker et al. 2025, section 4): the action is then the policy's initial noise, which the
/// critics judge and the replay buffer keeps, in [-1, 1]; the policy makes a chunk of it once, where it is executed.
public final class SAC: Agent, Learner {
  public let kind: String
  public var options: LearningOptions { core.options }
  /// The options that it was made with.
  let made: LearningOptions
  /// What its actions steer; nil for actions of the environment's own.
  public let steering: Steering?
  let map: any ActionMap
  let core: ActorCritic
  let collector: Collector
  var round = Round()
  var interruption: () throws -> Void = Interrupt.check
  private let start: Start
  private var demonstrations: Demonstrations?
  private var evaluationStream: RandomStream

  /// `demonstrations` are in the environment's units. Throws for options out of their range and for an unbounded action space.
  public convenience init(_ environment: VectorEnvironment, demonstrations: DataSet? = nil, _ options: Options = Options()) throws {
    try options.check(hasDemonstrations: demonstrations != nil)
    let map = try ActionScale(environment.actionSpace, chunk: environment.chunk, observationSize: environment.observationSpace.count)
    try self.init("sac", environment, map, options.learning, .environmentSteps(options.learningStarts)) { network, stream in
      try GaussianActor(observationSize: map.observationSize, actionSize: map.size, network: network, using: &stream)
    }
    self.demonstrations = try demonstrations.map { try Demonstrations($0, environment, map, options) }
  }

  /// DSRL-SAC. Throws for options out of their range and for a policy that does not fit the environment.
  public convenience init(_ environment: VectorEnvironment, policy: any BasePolicy, _ options: SteeringSACOptions = SteeringSACOptions()) throws {
    try policy.check(fits: environment)
    let map = try Steering(policy, options.steering)
    try self.init("dsrl_sac", environment, map, options.learning, .vectorSteps(options.initRolloutSteps), makeActor: map.makeActor)
  }

  /// A residual agent: corrections of a policy's actions. Throws as the others do.
  public convenience init(_ environment: VectorEnvironment, correcting policy: any BasePolicy, _ options: ResidualSACOptions = ResidualSACOptions()) throws {
    try policy.check(fits: environment)
    let map = try Residual(policy, options.residual, seed: options.seed)
    try self.init("residual", environment, map, options.learning, .vectorSteps(options.initRolloutSteps)) { network, stream in
      try GaussianActor(observationSize: map.observationSize, actionSize: map.size, network: network, using: &stream)
    }
  }

  private init(
    _ kind: String, _ environment: VectorEnvironment, _ map: any ActionMap, _ options: LearningOptions, _ start: Start,
    makeActor: (NetworkOptions, inout RandomStream) throws -> GaussianActor
  ) throws {
    try options.check()
    (self.kind, made, self.map, self.start, steering) = (kind, options, map, start, map as? Steering)
    var stream = RandomStream(seed: options.seed, purpose: "init")
    let actor = try makeActor(options.network, &stream)
    core = try ActorCritic(
      options, actor: actor, observationSize: map.observationSize, judgedSize: map.size, hasNoiseCritics: false, using: &stream,
      judged: { _, action in action })
    let replay = try ReplayBuffer(capacity: options.bufferSize, observationSize: map.observationSize, actionSize: map.size, seed: options.seed)
    collector = try Collector(
      environment, replay: replay, gamma: options.gamma, discountPerStep: options.discountPerStep, timeLimits: options.timeLimits, seed: options.seed,
      normalize: map.normalize)
    evaluationStream = RandomStream(seed: options.seed, purpose: "evaluation")
  }

  public var actor: GaussianActor { core.actor }
  public var critics: Critics { core.critics }
  public var temperature: Temperature { core.temperature }
  public var environment: VectorEnvironment { collector.environment }
  public var replay: ReplayBuffer { collector.replay }
  public var counts: Counts { collector.counts }
  public var phase: String { start.isExploring(counts) ? "initial rollouts" : "learning" }
  var trainFreq: Int { options.trainFreq }

  public func advance() throws -> Advance { try runRound() }
  public func train() throws -> Advance { try runTrainingCall() }
  public func explore(_ observation: Tensor) throws -> Tensor { try runExploring(observation) }
  public func observe(_ outcome: Outcome) throws { try runObserving(outcome) }
  public func update() throws -> Advance? { try runUpdatesDue() }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    let seen = try map.normalize(observation)
    let chunk = try Tensor.withoutGrad { try map.executed(seen, choose(seen, deterministic: deterministic)) }
    return try chunk.reshape([observation.shape[0], environment.chunk, environment.actionSpace.count])
  }

  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    guard let steering else { throw UsageError("\(kind) chooses actions, not noise") }
    return try Tensor.withoutGrad { try steering.noise(choose(steering.normalize(observation), deterministic: deterministic)) }
  }

  private func choose(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    deterministic ? try actor.mode(observation) : try core.choose(observation, using: &evaluationStream)
  }

  func decide(_ observation: Tensor) throws -> Decision {
    let action = start.isExploring(counts)
      ? try map.firstActions(observation.shape[0], using: &core.stream) : try core.choose(observation, using: &core.stream)
    return Decision(stored: action, executed: try map.executed(observation, action))
  }

  func plan(transitions: Int) -> [UpdateStep] {
    guard start.learns(counts) else { return [] }
    return Array(repeating: .joint, count: options.critic.steps(after: transitions))
  }

  func update(_ step: UpdateStep) throws -> [String: Float] {
    try Tensor.withProducts(in: options.networkPrecision) {
      try core.update(drawBatch(), isWarmingUp: counts.gradientSteps < options.criticWarmup)
    }
  }

  /// What one gradient step learns from.
  func drawBatch() throws -> Batch {
    try demonstrations.map { try $0.sample(options.batchSize, with: replay) } ?? replay.sample(options.batchSize)
  }
}

/// How long an agent acts before it learns.
private enum Start {
  /// Learns once there are more than these.
  case environmentSteps(Int)
  /// Learns once there are these.
  case vectorSteps(Int)

  func isExploring(_ counts: Counts) -> Bool {
    switch self {
    case .environmentSteps(let n): counts.environmentSteps < n
    case .vectorSteps(let n): counts.vectorSteps < n
    }
  }
  func learns(_ counts: Counts) -> Bool {
    switch self {
    case .environmentSteps(let n): counts.environmentSteps > n
    case .vectorSteps(let n): counts.vectorSteps >= n
    }
  }
}

// MARK: Saving

extension SAC {
  private var saved: SavedParts {
    SavedParts(
      modules: [("actor", actor), ("critic", critics), ("critic_target", core.targets)],
      optimizers: [("actor_optimizer", core.actorOptimizer), ("critic_optimizer", core.criticOptimizer)], temperature: temperature,
      replay: replay)
  }

  public var tensors: [NamedTensor] { saved.tensors }

  public var record: AgentRecord {
    get throws {
      var streams = ["actor": core.stream, "evaluation": evaluationStream]
      streams["demonstrations"] = demonstrations?.replay.stream
      return AgentRecord(
        kind: kind, counts: counts, round: round, streams: streams, replay: replay.record, environment: try environment.state,
        options: try adjustment(from: made))
    }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    let streams = try record.check(kind: kind, streams: ["actor", "evaluation"] + (demonstrations == nil ? [] : ["demonstrations"]))
    try saved.load(tensors, replay: record.replay)
    round = Round()
    try adjust(record.options, from: made)
    try collector.restore(record.environment, record.counts)
    round = record.round
    (core.stream, evaluationStream) = (streams[0], streams[1])
    demonstrations?.replay.stream = streams[streams.count - 1]
  }
}
