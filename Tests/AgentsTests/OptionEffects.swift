import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

/// What one option does to an agent: with `change` after `given`, against `given` alone, exactly the quantities `changes` differ.
struct Effect<Options> {
  let option: String
  let changes: Set<String>
  let given: (inout Options) -> Void
  let change: (inout Options) -> Void

  init(_ option: String, _ changes: Set<String>, given: @escaping (inout Options) -> Void = { _ in }, _ change: @escaping (inout Options) -> Void) {
    (self.option, self.changes, self.given, self.change) = (option, changes, given, change)
  }

  /// The same where the options lie inside of others.
  func inside<Outer>(_ place: WritableKeyPath<Outer, Options>) -> Effect<Outer> {
    Effect<Outer>(option, changes, given: { given(&$0[keyPath: place]) }, { change(&$0[keyPath: place]) })
  }
  /// With more that it does to an agent of another make.
  func also(_ more: [String: Set<String>]) -> Effect { Effect(option, changes.union(more[option] ?? []), given: given, change) }
}

/// The names of all options, those of groups among them.
func optionNames(_ options: Any) -> [String] {
  Mirror(reflecting: options).children.flatMap { child -> [String] in
    switch child.value {
    case is CriticOptions, is LearningOptions, is SteeringOptions, is ResidualOptions: optionNames(child.value)
    default: child.label.map { [$0] } ?? []
    }
  }
}

/// Every option has a row, and each row does what it says and nothing else.
func expectEffects<Options>(
  _ effects: [Effect<Options>], of defaults: Options, small: (inout Options) -> Void, _ quantities: (Options) throws -> [String: [Float]]
) throws {
  #expect(effects.map(\.option).sorted() == optionNames(defaults).sorted())
  for effect in effects {
    var options = defaults
    small(&options)
    effect.given(&options)
    let plain = try quantities(options)
    effect.change(&options)
    let changed = try quantities(options)
    #expect(Set(plain.keys) == Set(changed.keys))
    let different = Set(plain.keys.filter { plain[$0]?.map(\.bitPattern) != changed[$0]?.map(\.bitPattern) })
    #expect(different == effect.changes.intersection(plain.keys), "\(effect.option)")
  }
}

/// Four regulators that are cut off amid the second chunk of three.
func regulators() throws -> VectorEnvironment {
  try VectorEnvironment(count: 4, chunk: 3) { _ in try TimeLimit(Regulator(), maxEpisodeSteps: 5) }
}

/// What an agent is, has remembered after three vector steps, decides then, and becomes by one gradient step; each from the same state.
struct Subjects<A: Learner> {
  let make: () throws -> A
  let modules: (A) -> [(name: String, module: any Module)]
  let observe: (A, Tensor) throws -> Tensor
  let firstStep: UpdateStep

  func prepared() throws -> A {
    let agent = try make()
    for _ in 0..<3 { _ = try agent.collector.step(agent.decide) }
    return agent
  }

  func quantities() throws -> [String: [Float]] {
    var result: [String: [Float]] = [:]
    for (name, module) in modules(try make()) where !name.hasPrefix("target") { result[name + " weights"] = module.parameters.flatMap(\.values) }

    let held = try prepared().collector.replay.tensors
    let columns = [("observation", "observations"), ("action", "actions"), ("reward", "rewards"), ("alive", "alive"), ("discount", "discounts")]
    for (stored, name) in columns { result[name] = held[stored]?.values }

    let decider = try prepared()
    let decision = try decider.decide(observe(decider, Tensor([0.3, -0.2, 0.7, -0.9], shape: [4, 1])))
    result["decision"] = decision.stored.values + decision.executed.values

    let learner = try make()
    for _ in 0..<5 { _ = try learner.advance() }
    let counts = learner.counts
    let planned = learner.plan(transitions: 4).flatMap { $0.rawValue.utf8.map { Float($0) } }
    result["round"] = [counts.environmentSteps, counts.transitions, counts.vectorSteps, counts.gradientSteps].map { Float($0) } + planned

    let stepped = try prepared()
    _ = try stepped.update(firstStep)
    for (name, module) in modules(stepped) where name != "noise critics" { result[name] = module.parameters.flatMap(\.values) }
    return result
  }
}

/// The losses of a batch before any step; and how far the temperature moves, to four digits, Adam's first step being its learning rate long.
func lossQuantities<A: Learner>(_ subjects: Subjects<A>, _ core: (A) -> ActorCritic, _ draw: (A) throws -> Batch) throws -> [String: [Float]] {
  let agent = try subjects.prepared(), parts = core(agent)
  return try Tensor.withProducts(in: parts.options.networkPrecision) {
    let batch = try draw(agent)
    let start = parts.stream
    let target = try parts.target(batch, alpha: parts.temperature.value)
    parts.stream = start
    let (action, logProb) = try parts.actor.sample(batch.observation, using: &parts.stream)
    var result = [
      "batch": batch.observation.values + batch.action.values, "target": target.values,
      "critic loss": [try parts.critics.loss(batch.observation, batch.action, target: target).item()],
      "draw": action.values, "entropy": logProb.values, "temperature loss": [try parts.temperature.loss(logProb).item()],
      "actor loss": [try parts.actorLoss(batch.observation, action, logProb, alpha: parts.temperature.value).item()],
    ]
    let stepped = try subjects.prepared(), before = core(stepped).temperature.logAlpha.values[0]
    _ = try stepped.update(.joint)
    result["temperature"] = [((core(stepped).temperature.logAlpha.values[0] - before) * 1e6).rounded()]
    return result
  }
}
