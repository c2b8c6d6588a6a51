import Environments
import NeuralNets
import Tensors

/// Soft actor-critic (Haarnoja et al. 2018), in the arithmetic and order of Stable-Baselines3; the action is a whole chunk.
public final class SAC: Agent, Learner {
  public let options: Options
  public let kind = "sac"
  public let actor: GaussianActor
  public let critics: Critics
  public let targets: Critics
  public let temperature: Temperature

  let collector: Collector
  var round = Round()
  var interruption: () throws -> Void = Interrupt.check
  private let scale: ActionScale
  private let actorOptimizer: Adam
  private let criticOptimizer: Adam
  var actorStream: RandomStream
  private var evaluationStream: RandomStream

  /// Throws for options out of their range and for an unbounded action space.
  public init(_ environment: VectorEnvironment, _ options: Options = Options()) throws {
    try options.check()
    self.options = options
    let observationSize = environment.observationSpace.count
    let actionSize = environment.chunk * environment.actionSpace.count
    scale = try ActionScale(environment.actionSpace, chunk: environment.chunk)

    var stream = RandomStream(seed: options.seed, purpose: "init")
    let network = options.network
    actor = try GaussianActor(observationSize: observationSize, actionSize: actionSize, network: network, using: &stream)
    critics = try Critics(options.nCritics, observationSize: observationSize, actionSize: actionSize, network: network, using: &stream)
    targets = try Critics(
      options.nCritics, observationSize: observationSize, actionSize: actionSize, network: network, name: "target critics", using: &stream)
    try targets.load(critics)
    temperature = try Temperature(
      options.entCoef, targetEntropy: options.targetEntropy ?? -Float(actionSize), learningRate: options.learningRate)
    actorOptimizer = try adam(actor, options.learningRate)
    criticOptimizer = try adam(critics, options.learningRate)

    let replay = try ReplayBuffer(
      capacity: options.bufferSize, observationSize: observationSize, actionSize: actionSize, seed: options.seed)
    collector = try Collector(
      environment, replay: replay, gamma: options.gamma, discountPerStep: options.discountPerStep, seed: options.seed, normalize: { $0 })
    actorStream = RandomStream(seed: options.seed, purpose: "actor")
    evaluationStream = RandomStream(seed: options.seed, purpose: "evaluation")
  }

  public var environment: VectorEnvironment { collector.environment }
  public var replay: ReplayBuffer { collector.replay }
  public var counts: Counts { collector.counts }
  public var phase: String { isExploring ? "initial rollouts" : "learning" }
  var trainFreq: Int { options.trainFreq }
  private var isExploring: Bool { counts.environmentSteps < options.learningStarts }

  public func advance() throws -> Advance { try runRound() }
  public func train() throws -> Advance { try runTrainingCall() }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    let action = try Tensor.withoutGrad {
      deterministic ? try actor.mode(observation) : try actor.sample(observation, using: &evaluationStream).action
    }
    return try scale(action).reshape([observation.shape[0], environment.chunk, environment.actionSpace.count])
  }

  /// Uniform over the box until learning starts.
  func decide(_ observation: Tensor) throws -> Decision {
    let action = try Tensor.withoutGrad {
      isExploring
        ? try Tensor.uniform([observation.shape[0], actor.actionSize], -1, 1, using: &actorStream)
        : try actor.sample(observation, using: &actorStream).action
    }
    return Decision(stored: action, executed: try scale(action))
  }

  func plan(transitions: Int) -> [UpdateStep] {
    guard counts.environmentSteps > options.learningStarts else { return [] }
    return Array(repeating: .joint, count: options.gradientSteps < 0 ? transitions : options.gradientSteps)
  }

  func update(_ step: UpdateStep) throws -> [String: Float] {
    try Tensor.withProducts(in: options.networkPrecision) { try update(replay.sample(options.batchSize)) }
  }

  /// One gradient step on every network; returns what to log.
  public func update(_ batch: Batch) throws -> [String: Float] {
    let alpha = temperature.value
    let (action, logProb) = try actor.sample(batch.observation, using: &actorStream)
    let temperatureLoss = try temperature.update(logProb)

    let target = try target(batch, alpha: alpha)
    let criticLoss = try critics.loss(batch.observation, batch.action, target: target)
    try criticOptimizer.descend(criticLoss)

    let actorLoss = try critics.frozen {
      let value = try critics(batch.observation, action).min(0)
      let loss = try (alpha * logProb - value).mean()
      try actorOptimizer.descend(loss)
      return loss
    }
    try targets.track(critics, tau: options.tau)

    return [
      "train/critic_loss": try criticLoss.item(), "train/actor_loss": try actorLoss.item(), "train/ent_coef": alpha,
      "train/ent_coef_loss": temperatureLoss, "train/entropy": -(try logProb.mean().item()),
    ]
  }

  /// r + γ (1 - terminated) (min Q̄(s', u') - α ln p(u')), u' ~ π(s'); [n]
  func target(_ batch: Batch, alpha: Float) throws -> Tensor {
    try Tensor.withoutGrad {
      let (next, logProb) = try actor.sample(batch.nextObservation, using: &actorStream)
      let value = try targets(batch.nextObservation, next).min(0) - alpha * logProb
      return try batch.reward + batch.discount * batch.alive * value
    }
  }
}

// MARK: Options

extension SAC {
  /// Stable-Baselines3's names and defaults.
  public struct Options: Codable, Equatable, Sendable {
    public var learningRate: Float = 3e-4
    public var bufferSize = 1_000_000
    /// Environment steps with uniformly random actions before the first gradient step.
    public var learningStarts = 100
    public var batchSize = 256
    public var tau: Float = 0.005
    public var gamma: Float = 0.99
    /// γ for each executed step of a chunk, not for the chunk.
    public var discountPerStep = false
    /// Vector steps between calls of the updates.
    public var trainFreq = 1
    /// -1: as many as transitions came in.
    public var gradientSteps = 1
    public var entCoef = EntCoef.auto
    /// In [-1, 1] units; nil: minus the action's size.
    public var targetEntropy: Float?
    public var nCritics = 2
    public var hidden: [Int] = [256, 256]
    public var activation: Activation = .relu
    public var layerNorm = false
    /// What the operands of the networks' products are rounded to while they learn; weights, sums and optimisers are float32 always.
    public var networkPrecision = Precision.float32
    public var seed = 0

    public init() {}

    var network: NetworkOptions { NetworkOptions(hidden: hidden, activation: activation, layerNorm: layerNorm) }

    func check() throws {
      try checkAtLeast("batch_size", batchSize, 1)
      try checkAtLeast("train_freq", trainFreq, 1)
      try checkAtLeast("gradient_steps", gradientSteps, -1)
      try checkAtLeast("learning_starts", learningStarts, 0)
    }
  }
}

func checkAtLeast(_ name: String, _ value: Int, _ least: Int) throws {
  guard value >= least else { throw UsageError("\(name) wants at least \(least), got \(value)") }
}

// MARK: Saving

extension SAC {
  private var saved: SavedParts {
    SavedParts(
      modules: [("actor", actor), ("critic", critics), ("critic_target", targets)],
      optimizers: [("actor_optimizer", actorOptimizer), ("critic_optimizer", criticOptimizer)], temperature: temperature, replay: replay)
  }

  public var tensors: [NamedTensor] { saved.tensors }

  public var record: AgentRecord {
    get throws {
      AgentRecord(
        kind: kind, counts: counts, round: round, streams: ["actor": actorStream, "evaluation": evaluationStream], replay: replay.record,
        environment: try environment.state)
    }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    let streams = try record.check(kind: kind, streams: ["actor", "evaluation"])
    try saved.load(tensors, replay: record.replay)
    try collector.restore(record.environment, record.counts)
    round = record.round
    (actorStream, evaluationStream) = (streams[0], streams[1])
  }
}
