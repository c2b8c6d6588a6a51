import Environments
import NeuralNets
import Tensors

/// How closely an agent is looked at.
public struct DiagnosisOptions: Codable, Equatable, Sendable {
  /// From the replay.
  public var observations = 256
  /// Of these, at how many the two critics are compared.
  public var states = 64
  /// Noises of each law at each of them.
  public var noises = 16
  /// Whole episodes for the critics' bias; 0: it is not measured.
  public var episodes = 10
  public var seed = 0

  public init() {}

  func check() throws {
    try checkAtLeast("observations", observations, 1)
    try checkAtLeast("states", states, 1)
    try checkAtLeast("noises", noises, 2)
    try checkAtLeast("episodes", episodes, 0)
    guard states <= observations else { throw UsageError("states are among the observations, so at most \(observations) of them; got \(states)") }
  }
}

/// What an agent with an actor looks like from near while it learns: numbers by name. Nothing of it moves.
///
/// Every number is of the actor's outputs u in [-1, 1] and of the critics as the agent combines their heads:
///   ent_coef, entropy          the temperature, and the entropy of the actor as its options measure it
///   saturation                 the share of |u| > 0.95
///   box_coverage               of ten equal parts of [-1, 1] the share that is visited, a mean over the outputs; 1 for the uniform law, 0.1 for a point
///   rank_*, pairs_*, regret_*  of noise critics against the critics of actions, at noises of the base policy's law (gaussian) and of the actor's
///   q_value, q_return, q_bias  what the critics promise along `rollouts`' episodes, what came, and the difference
public func diagnose(_ agent: any Agent, _ options: DiagnosisOptions, rollouts: VectorEnvironment? = nil) throws -> [String: Double] {
  try options.check()
  let subject: Subject
  switch agent {
  case let agent as DSRLNA: subject = agent.subject
  case let agent as SAC: subject = agent.subject
  default: throw UsageError("a diagnosis looks at an actor and its critics (sac, dsrl_sac, dsrl_na, residual); a \(agent.kind) has no actor")
  }
  var stream = RandomStream(seed: options.seed, purpose: "diagnosis")
  return try Tensor.withoutGrad {
    let observation = try subject.observations(options.observations, using: &stream)
    var result = try subject.actorNumbers(observation, using: &stream)
    let few = try observation.narrow(0, 0, options.states)
    try result.merge(subject.agreement(few, noises: options.noises, using: &stream)) { first, _ in first }
    if options.episodes > 0, let rollouts, subject.promisesWhatItDoes {
      try result.merge(subject.bias(on: rollouts, episodes: options.episodes, seed: options.seed, using: &stream)) { first, _ in first }
    }
    return result
  }
}

/// What a diagnosis looks at.
struct Subject {
  let core: ActorCritic
  /// nil for an agent whose critics judge the actor's outputs themselves.
  let steering: Steering?
  /// Where observations are drawn from.
  let memory: ReplayBuffer
  /// Observations in the environment's units as the networks see them.
  let normalize: (Tensor) throws -> Tensor
  /// What the critics judge of outputs at observations.
  let judged: (_ observation: Tensor, _ output: Tensor) throws -> Tensor
  /// What they do in the environment, of what is judged.
  let executed: (_ observation: Tensor, _ judged: Tensor) throws -> Tensor

  /// The rollouts' actor is the one whose value the critics learn.
  var promisesWhatItDoes: Bool { core.options.targetBestOfN == 1 }

  func observations(_ count: Int, using stream: inout RandomStream) throws -> Tensor {
    guard memory.count > 0 else { throw UsageError("a diagnosis wants something remembered; the agent has not acted") }
    return memory.gather((0..<count).map { _ in stream.integer(below: memory.count) }).observation
  }

  func actorNumbers(_ observation: Tensor, using stream: inout RandomStream) throws -> [String: Double] {
    let (output, logProb) = try core.actor.sample(observation, using: &stream)
    let values = output.values
    return [
      "ent_coef": Double(core.temperature.value), "entropy": -Double(try logProb.mean().item()),
      "saturation": Double(values.count { abs($0) > 0.95 }) / Double(values.count),
      "box_coverage": boxCoverage(values, columns: core.actor.actionSize),
    ]
  }

  /// Empty where there are no noise critics.
  func agreement(_ observation: Tensor, noises: Int, using stream: inout RandomStream) throws -> [String: Double] {
    guard let steering, core.climbed !== core.critics else { return [:] }
    let states = observation.shape[0]
    let rows = try observation.indexSelect(0, (0..<states * noises).map { $0 / noises })
    var result: [String: Double] = [:]
    for (law, noise) in [("gaussian", try steering.gaussian(rows.shape[0], using: &stream)), ("actor", try core.actor.sample(rows, using: &stream).action)] {
      let real = try core.options.critic.combined(core.critics(rows, judged(rows, noise))).values.map(Double.init)
      let distilled = try core.options.critic.combined(core.climbed(rows, noise)).values.map(Double.init)
      func mean(_ measure: ([Double], [Double]) -> Double?) -> Double? {
        let all = (0..<states).compactMap { state -> Double? in
          let own = state * noises..<(state + 1) * noises
          return measure(Array(real[own]), Array(distilled[own]))
        }
        return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
      }
      result["rank_" + law] = mean(RankAgreement.spearman)
      result["pairs_" + law] = mean(RankAgreement.pairs)
      result["regret_" + law] = mean(RankAgreement.regret)
    }
    return result
  }
}

/// Of ten equal parts of [-1, 1] the share that each column of `values` visits, averaged over the columns.
func boxCoverage(_ values: [Float], columns: Int) -> Double {
  var visited = Array(repeating: false, count: 10 * columns)
  for (place, value) in values.enumerated() { visited[place % columns * 10 + min(max(Int((value + 1) * 5), 0), 9)] = true }
  return Double(visited.count(where: \.self)) / Double(visited.count)
}

extension DSRLNA {
  var subject: Subject {
    Subject(
      core: core, steering: steering, memory: replay.count > 0 ? replay : offlineData?.replay ?? replay, normalize: policy.normalize,
      judged: steering.decode, executed: { [policy] _, chunk in try policy.denormalize(chunk) })
  }
}

extension SAC {
  var subject: Subject {
    Subject(core: core, steering: steering, memory: replay, normalize: map.normalize, judged: { _, action in action }, executed: map.executed)
  }
}
