import Environments
import Tensors

/// Something that learns by acting.
public protocol Agent: AnyObject {
  /// "sac", "dsrl_sac", "dsrl_na": what a checkpoint says it holds.
  var kind: String { get }
  var environment: VectorEnvironment { get }
  var counts: Counts { get }
  /// "initial rollouts", then "learning".
  var phase: String { get }

  /// Acts for train_freq vector steps, then takes the gradient steps due. Where an interrupt is thrown, what is done stays done and
  /// the next call goes on from there, to the same numbers as without it.
  func advance() throws -> Advance
  /// The gradient steps alone, on what is remembered; counts no environment steps. Throws where none is due.
  func train() throws -> Advance
  /// What it does as it learns, exploring, at observations [n, observation]: [n, chunk, action], both in the environment's units. `observe` is to follow.
  func explore(_ observation: Tensor) throws -> Tensor
  /// Remembers what came of what `explore` decided last; counts it.
  func observe(_ outcome: Outcome) throws
  /// The gradient steps due once train_freq outcomes were observed since the last ones, as `advance` takes them; nil before.
  func update() throws -> Advance?
  /// Actions for observations [n, observation], both in the environment's units: [n, chunk, action]. Training's random numbers do not move.
  func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor
  /// The noise that it would give the policy that it steers: [n, latent], inside the box. Throws where it steers none.
  func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor

  /// Everything learned and remembered, replay included, under names of its own.
  var tensors: [(name: String, tensor: Tensor)] { get }
  /// What the tensors do not say.
  var record: AgentRecord { get throws }
  /// Takes both back; continues to the bit as from where they were taken. Throws where they do not fit.
  func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws
}

extension Agent {
  public func explore(_ observation: Tensor) throws -> Tensor { throw actsAlone }
  public func observe(_ outcome: Outcome) throws { throw actsAlone }
  public func update() throws -> Advance? { throw actsAlone }

  private var actsAlone: UsageError { UsageError("a \(kind) takes no gradient steps, so there is nothing to observe; it acts by agent:act, and searches by agent:advance") }
}

/// What has been done so far.
public struct Counts: Codable, Equatable, Sendable {
  /// Steps of single environments, actually executed.
  public var environmentSteps = 0
  /// Chunks decided and remembered.
  public var transitions = 0
  /// Chunks decided, all environments at once counting one.
  public var vectorSteps = 0
  /// Gradient steps of the critics; actor steps run beside them, distillation steps are not among them.
  public var gradientSteps = 0

  /// Gradient steps of the critics per transition; 0 before there is one.
  public var updateRatio: Double { transitions == 0 ? 0 : Double(gradientSteps) / Double(transitions) }
}

/// What one `advance` did.
public struct Advance: Sendable {
  public var environmentSteps = 0
  public var transitions = 0
  public var gradientSteps = 0
  public var episodes: [EpisodeRecord] = []
  /// Means over the gradient steps, by Stable-Baselines3's names; nil where there was none.
  public var metrics: [String: Double]?
}

/// What an agent's checkpoint holds beside tensors.
public struct AgentRecord: Codable, Sendable {
  public let kind: String
  let counts: Counts
  let round: Round
  let streams: [String: RandomStream]
  /// nil for an agent that remembers no transitions.
  let replay: ReplayBuffer.Record?
  let environment: VectorEnvironment.State
  /// Where options were changed after it was made: JSON of all of them.
  var options: String?
}

/// One gradient step of an agent, as its plan names it.
enum UpdateStep: String, Codable, Sendable {
  /// Critics and actor from one batch.
  case joint
  case critic, actor, distillation
}

/// How far the current call of `advance` has come.
struct Round: Codable, Sendable {
  var vectorSteps = 0
  /// Steps done of the plan.
  var updates = 0
  var environmentSteps = 0
  var transitions = 0
  var gradientSteps = 0
  var metrics = MeanMetrics()
  var episodes: [EpisodeRecord] = []

  var advance: Advance {
    Advance(
      environmentSteps: environmentSteps, transitions: transitions, gradientSteps: gradientSteps, episodes: episodes, metrics: metrics.means)
  }
}

/// Running means by name; a name's mean is over the times it was given.
struct MeanMetrics: Codable, Equatable, Sendable {
  private var sums: [String: Double] = [:]
  private var times: [String: Int] = [:]

  mutating func add(_ values: [String: Float]) {
    for (name, value) in values {
      sums[name, default: 0] += Double(value)
      times[name, default: 0] += 1
    }
  }
  var means: [String: Double]? {
    guard !sums.isEmpty else { return nil }
    return Dictionary(uniqueKeysWithValues: sums.map { ($0, $1 / Double(times[$0] ?? 1)) })
  }
}

/// What the agents of this module have in common: the loop of acting and updating.
protocol Learner: Agent {
  var collector: Collector { get }
  var round: Round { get set }
  var trainFreq: Int { get }
  /// Asked before each step whether to stop.
  var interruption: () throws -> Void { get }
  /// What to do in the environments at `observation` [n, observation], as the networks see it.
  func decide(_ observation: Tensor) throws -> Decision
  /// The gradient steps due after `transitions` new ones.
  func plan(transitions: Int) -> [UpdateStep]
  /// Takes one step; returns what to log.
  func update(_ step: UpdateStep) throws -> [String: Float]
}

extension Learner {
  func runRound() throws -> Advance {
    while round.vectorSteps < trainFreq {
      try interruption()
      let outcome = try Interrupt.whole { try collector.step(decide) }
      round.vectorSteps += 1
      round.environmentSteps += outcome.stepsTaken.reduce(0, +)
      round.transitions += outcome.stepsTaken.count
      round.episodes += outcome.episodes
    }
    let steps = plan(transitions: round.transitions)
    while round.updates < steps.count {
      try interruption()
      let step = steps[round.updates]
      let metrics = try Interrupt.whole { try update(step) }
      round.updates += 1
      if step == .joint || step == .critic {
        round.gradientSteps += 1
        collector.counts.gradientSteps += 1
      }
      round.metrics.add(metrics)
    }
    defer { round = Round() }
    return round.advance
  }

  func runExploring(_ observation: Tensor) throws -> Tensor {
    let chunk = try Interrupt.whole { try collector.propose(observation, decide) }
    return try chunk.reshape([observation.shape[0], environment.chunk, environment.actionSpace.count])
  }

  func runObserving(_ outcome: Outcome) throws {
    guard round.updates == 0 else { throw amidUpdates }
    try Interrupt.whole { try collector.observe(outcome) }
    round.vectorSteps += 1
    round.environmentSteps += outcome.stepsTaken.reduce(0, +)
    round.transitions += outcome.stepsTaken.count
  }

  func runUpdatesDue() throws -> Advance? { round.vectorSteps < trainFreq ? nil : try runRound() }

  /// Gradient steps were begun and not ended.
  var amidUpdates: UsageError { UsageError("advance was interrupted amid its gradient steps; call it once more first") }
}
