import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

private func name(_ camel: String) -> String { camel.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) } }

/// Changed before it learns, an option does what it does from the start, for every option that may change.
@Test func adjustedOptionsAreThoseOfAnotherAgent() throws {
  var options = DSRLNA.Options()
  (options.hidden, options.batchSize, options.initRolloutSteps, options.trainFreq) = ([16, 16], 16, 3, 1)
  (options.gradientSteps, options.noiseCriticGradSteps, options.learningRate, options.targetEntropy) = (3, 2, 1e-3, -3)
  options.entCoef.initial = 0.3
  let effects: [Effect<DSRLNA.Options>] = learningEffects.map { $0.inside(\.learning) } + [
    Effect("noiseCriticGradSteps", []) { $0.noiseCriticGradSteps = 3 }, Effect("noiseCriticLearningRate", []) { $0.noiseCriticLearningRate = 2e-3 },
    Effect("distillationNoise", []) { $0.distillationNoise = .box }, Effect("distillationNoises", []) { $0.distillationNoises = 2 },
    Effect("distillationTarget", []) { $0.distillationTarget = .min }, Effect("updateOrder", []) { $0.updateOrder = .actorAfterDistillation },
  ]
  for adjustable in DSRLNA.adjustable {
    let effect = try #require(effects.first { name($0.option) == adjustable.name }, "\(adjustable.name)")
    var (plain, changed) = (options, options)
    effect.given(&plain)
    if adjustable.name == "ent_coef" { plain.entCoef = .fixed(0.3) }
    changed = plain
    effect.change(&changed)
    let agents = try [plain, plain, changed].map { try DSRLNA(regulators(), policy: TrianglePolicy(horizon: 3), $0) }
    try agents[1].adjust(changed)
    for _ in 0..<5 { for agent in agents { _ = try agent.advance() } }
    #expect(learned(agents[1]) == learned(agents[2]), "\(adjustable.name)")
    // With few steps, one more entropy target is not yet another number of Adam's.
    if !["target_entropy", "target_entropy_unit", "best_of_n"].contains(adjustable.name) { #expect(learned(agents[1]) != learned(agents[0]), "\(adjustable.name)") }
  }
}

@Test func whatIsAdjustedIsKept() throws {
  func changed(_ agent: DSRLNA) throws {
    var options = agent.adjusted
    (options.batchSize, options.learningRate, options.noiseCriticGradSteps) = (8, 3e-3, 1)
    (options.hidden, options.gamma, options.seed) = ([4], 0.5, 99)  // stay
    try agent.adjust(options)
  }
  let agent = try smallSteering()
  for _ in 0..<3 { _ = try agent.advance() }
  try changed(agent)
  #expect(agent.options.batchSize == 8 && agent.options.hidden == [16, 16] && agent.options.gamma == 0.99 && agent.options.seed == 0)
  _ = try agent.advance()
  func restored(_ agent: DSRLNA, into copy: DSRLNA) throws -> DSRLNA {
    try copy.load(Dictionary(agent.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }, agent.record)
    return copy
  }
  let copy = try restored(agent, into: smallSteering { $0.seed = 7 })
  #expect(copy.options.batchSize == 8 && copy.options.seed == 7)
  for _ in 0..<2 { #expect(try copy.advance().metrics == agent.advance().metrics) }
  #expect(learned(copy) == learned(agent))
  // A checkpoint from before the change takes it back.
  let plain = try restored(smallSteering(), into: agent)
  #expect(plain.options == plain.made)
}

@Test func unsoundAdjustmentsAreRefused() throws {
  let agent = try smallSteering()
  for change in [{ $0.batchSize = 0 }, { $0.tau = 2 }, { $0.learningRate = -1 }, { $0.entCoef = .fixed(0.1) }] as [(inout DSRLNA.Options) -> Void] {
    var options = agent.adjusted
    change(&options)
    #expect(throws: UsageError.self) { try agent.adjust(options) }
    #expect(agent.options == agent.made)
  }
  for _ in 0..<2 { _ = try agent.advance() }
  var left = 4
  agent.interruption = {
    left -= 1
    if left < 0 { throw Interrupt.requested }
  }
  #expect(throws: Interrupt.self) { try agent.advance() }
  #expect(throws: UsageError.self) { try agent.adjust(agent.adjusted) }
}

// MARK: By hand

/// explore, step, observe and update are what advance does.
@Test(arguments: [1, 3]) func theLoopByHandIsAdvance(trainFreq: Int) throws {
  let (one, two) = (try smallSteering { $0.trainFreq = trainFreq }, try smallSteering { $0.trainFreq = trainFreq })
  var observation = try two.environment.reset(seed: 0)
  var metrics: [[String: Double]] = []
  for _ in 0..<4 * trainFreq {
    let outcome = try two.environment.step(two.explore(observation))
    try two.observe(Outcome(outcome))
    if let done = try two.update()?.metrics { metrics.append(done) }
    observation = outcome.observation
  }
  for _ in 0..<4 { if let done = try one.advance().metrics { #expect(done == metrics.removeFirst()) } }
  #expect(metrics.isEmpty && learned(one) == learned(two) && one.counts == two.counts)
  // And both ways go together.
  #expect(try one.advance().metrics == two.advance().metrics)
}

@Test func outcomesThatDoNotFitAreRefused() throws {
  let agent = try smallSteering()
  let observation = try agent.environment.reset(seed: 0)
  func outcome(_ count: Int, steps: Int = 1) throws -> Outcome {
    Outcome(
      observation: Tensor.zeros([count, 1]), finalObservation: Tensor.zeros([count, 1]), reward: Tensor.zeros([count]),
      terminated: Array(repeating: false, count: count), truncated: Array(repeating: false, count: count), stepsTaken: Array(repeating: steps, count: count))
  }
  #expect(throws: UsageError.self) { try agent.observe(outcome(4)) }  // nothing was decided
  _ = try agent.explore(observation)
  #expect(throws: UsageError.self) { try agent.observe(outcome(3)) }
  #expect(throws: UsageError.self) { try agent.observe(outcome(4, steps: 2)) }
  try agent.observe(outcome(4))
  #expect(agent.counts.transitions == 4 && agent.replay.count == 4)
  #expect(throws: UsageError.self) { try agent.observe(outcome(4)) }
  let base = try BoundedBase(guesses(), policy: TrianglePolicy())
  #expect(throws: UsageError.self) { try base.explore(observation) }
}
