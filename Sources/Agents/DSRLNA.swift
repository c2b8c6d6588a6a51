import Diffusion
import Environments
import NeuralNets
import Tensors

/// DSRL with noise aliasing (Wagenmaker et al. 2025, algorithm 1): the value is learned over actions, handed down to noises, and the
/// actor steers the frozen base policy's noise towards it.
///
/// Q^A(s, a) takes normalised observations and what is executed of chunks, in [-1, 1]; Q^W(s, u) and the actor have u in [-1, 1], the noise is w = b u.
public final class DSRLNA: Agent, Learner {
  public let options: Options
  public let kind = "dsrl_na"
  public let policy: any BasePolicy
  public let actor: GaussianActor
  /// Q^A
  public let critics: Critics
  /// Q̄^A
  public let targets: Critics
  /// Q^W; it has no target networks.
  public let noiseCritics: Critics
  public let temperature: Temperature

  let collector: Collector
  var round = Round()
  var interruption: () throws -> Void = Interrupt.check
  /// The batches of the distillation under way.
  var distillation: Distillation?
  let actorOptimizer: Adam
  let criticOptimizer: Adam
  let noiseCriticOptimizer: Adam
  var actorStream: RandomStream
  var noiseStream: RandomStream
  private var evaluationStream: RandomStream

  /// Throws for options out of their range and for a policy that does not fit the environment.
  public init(_ environment: VectorEnvironment, policy: any BasePolicy, _ options: Options = Options()) throws {
    try options.check()
    try policy.check(fits: environment)
    (self.options, self.policy) = (options, policy)

    var stream = RandomStream(seed: options.seed, purpose: "init")
    let (observation, latent, network) = (policy.conditionSize, policy.latentSize, options.network)
    func makeCritics(_ actionSize: Int, _ name: String) throws -> Critics {
      try Critics(options.nCritics, observationSize: observation, actionSize: actionSize, network: network, name: name, using: &stream)
    }
    actor = try GaussianActor(observationSize: observation, actionSize: latent, network: network, using: &stream)
    critics = try makeCritics(policy.executedSize, "critics")
    targets = try makeCritics(policy.executedSize, "target critics")
    try targets.load(critics)
    noiseCritics = try makeCritics(latent, "noise critics")
    if options.actorInit == .gaussian { try actor.startAround(std: Float(standardNormalStart(bound: Double(options.actionMagnitude)))) }

    let rate = options.learningRate
    temperature = try Temperature(
      options.entCoef, targetEntropy: options.targetEntropy ?? -Float(latent), learningRate: options.entCoefLearningRate ?? rate)
    actorOptimizer = try adam(actor, options.actorLearningRate ?? rate)
    criticOptimizer = try adam(critics, options.criticLearningRate ?? rate)
    noiseCriticOptimizer = try adam(noiseCritics, options.noiseCriticLearningRate ?? rate)

    let replay = try ReplayBuffer(
      capacity: options.bufferSize, observationSize: observation, actionSize: policy.executedSize, seed: options.seed)
    collector = try Collector(
      environment, replay: replay, gamma: options.gamma, discountPerStep: options.discountPerStep, seed: options.seed,
      normalize: policy.normalize)
    actorStream = RandomStream(seed: options.seed, purpose: "actor")
    noiseStream = RandomStream(seed: options.seed, purpose: "noise")
    evaluationStream = RandomStream(seed: options.seed, purpose: "evaluation")
  }

  public var environment: VectorEnvironment { collector.environment }
  public var replay: ReplayBuffer { collector.replay }
  public var counts: Counts { collector.counts }
  public var phase: String { isExploring ? "initial rollouts" : "learning" }
  var trainFreq: Int { options.trainFreq }
  private var isExploring: Bool { counts.vectorSteps < options.initRolloutSteps }

  public func advance() throws -> Advance { try runRound() }
  public func train() throws -> Advance { try runTrainingCall() }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    let chosen = try noise(for: observation, deterministic: deterministic)
    return try policy.act(observation, noise: chosen)
  }

  /// The noise that the actor would give the policy at observations [n, observation]: [n, latent], inside the box.
  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    let normalized = try policy.normalize(observation)
    return try Tensor.withoutGrad {
      let squashed = deterministic ? try actor.mode(normalized) : try actor.sample(normalized, using: &evaluationStream).action
      return options.actionMagnitude * squashed
    }
  }

  /// The actor's noise; before learning, the standard normal restricted to the box (redrawn outside it, not clipped).
  func decide(_ observation: Tensor) throws -> Decision {
    let squashed = try Tensor.withoutGrad {
      isExploring ? try gaussian(observation.shape[0]) : try actor.sample(observation, using: &actorStream).action
    }
    let chunk = try decode(observation, squashed: squashed)
    return Decision(stored: chunk, executed: try policy.denormalize(chunk))
  }

  /// What is executed, in [-1, 1], of the chunks that the policy makes of w = b u; constants to every gradient.
  func decode(_ observation: Tensor, squashed: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "decode"); defer { span.end() }
    let chunk = try Tensor.withoutGrad { try policy.executed(policy.decode(normalized: observation, noise: options.actionMagnitude * squashed)) }
    precondition(!chunk.requiresGrad, "nothing is differentiated through the base policy")
    return chunk
  }

  /// w / b for w from the standard normal restricted to the box, [rows, latent].
  func gaussian(_ rows: Int) throws -> Tensor {
    let noise = try restrictedNormal([rows, policy.latentSize], bound: options.actionMagnitude, using: &noiseStream)
    return noise / options.actionMagnitude
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
      modules: [("actor", actor), ("critic", critics), ("critic_target", targets), ("noise_critic", noiseCritics)],
      optimizers: [
        ("actor_optimizer", actorOptimizer), ("critic_optimizer", criticOptimizer), ("noise_critic_optimizer", noiseCriticOptimizer),
      ], temperature: temperature, replay: replay)
  }

  public var tensors: [NamedTensor] { saved.tensors + (distillation?.tensors.prefixed("distillation") ?? []) }

  public var record: AgentRecord {
    get throws {
      AgentRecord(
        kind: kind, counts: counts, round: round,
        streams: ["actor": actorStream, "noise": noiseStream, "evaluation": evaluationStream], replay: replay.record,
        environment: try environment.state)
    }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    let streams = try record.check(kind: kind, streams: ["actor", "noise", "evaluation"])
    let underWay = try Distillation(tensors.part("distillation"))
    try saved.load(tensors, replay: record.replay)
    try collector.restore(record.environment, record.counts)
    (round, distillation) = (record.round, underWay)
    (actorStream, noiseStream, evaluationStream) = (streams[0], streams[1], streams[2])
  }
}
