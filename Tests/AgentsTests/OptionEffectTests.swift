import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

// What quantities go together
private let networks: Set = ["actor weights", "critics weights", "noise critics weights"]
private let rollouts: Set = ["observations", "actions", "rewards"]
private let criticStep: Set = ["target", "critic loss", "critics", "targets"]
private let entropies: Set = ["entropy", "temperature loss"]
private let actorStep: Set = ["actor loss", "actor"]
private let draws: Set = entropies.union(actorStep).union(["draw"])
private let distilling: Set = ["distillation loss", "noise critics"]
/// Of whatever changes how networks answer.
private let answers: Set = draws.union(criticStep).union(distilling)
/// Of whatever changes the transitions that are drawn.
private let batches: Set = answers.union(["batch", "distilled"])

var criticEffects: [Effect<CriticOptions>] {
  [
    Effect("hidden", answers.union(networks).union(["decision"])) { $0.hidden = [8] },
    Effect("activation", answers.union(["decision"])) { $0.activation = .relu },
    Effect("layerNorm", answers.union(networks).union(["decision"])) { $0.layerNorm = false },
    Effect("networkPrecision", answers) { $0.networkPrecision = .bfloat16 },
    Effect("nCritics", criticStep.union(actorStep).union(distilling).union(["critics weights", "noise critics weights"]), given: { $0.criticBackupCombine = .mean }) { $0.nCritics = 3 },
    Effect("criticBackupCombine", criticStep.union(actorStep)) { $0.criticBackupCombine = .mean },
    Effect("criticStdWeight", criticStep.union(actorStep), given: { $0.criticBackupCombine = .meanMinusStd }) { $0.criticStdWeight = 1 },
    Effect("criticSubset", criticStep, given: { ($0.criticBackupCombine, $0.nCritics) = (.minOfSubset, 3) }) { $0.criticSubset = 1 },
    Effect("learningRate", ["actor", "critics", "targets", "temperature", "noise critics"]) { $0.learningRate = 2e-3 },
    Effect("batchSize", batches) { $0.batchSize = 8 },
    Effect("bufferSize", batches.union(rollouts).union(["alive", "discounts"])) { $0.bufferSize = 8 },
    Effect("tau", ["targets"]) { $0.tau = 0.1 },
    Effect("gamma", criticStep.union(["discounts"])) { $0.gamma = 0.9 },
    Effect("discountPerStep", criticStep.union(["discounts"])) { $0.discountPerStep = true },
    Effect("timeLimits", criticStep.union(["alive"])) { $0.timeLimits = .terminate },
    Effect("rewardScale", criticStep) { $0.rewardScale = 2 },
    Effect("trainFreq", ["round"]) { $0.trainFreq = 2 },
    Effect("gradientSteps", ["round"]) { $0.gradientSteps = -1 },
    Effect("seed", batches.union(networks).union(rollouts).union(["decision"])) { $0.seed = 1 },
  ]
}

var learningEffects: [Effect<LearningOptions>] {
  let own: [Effect<LearningOptions>] = [
    Effect("actorLearningRate", ["actor"]) { $0.actorLearningRate = 2e-3 },
    Effect("criticLearningRate", ["critics", "targets"]) { $0.criticLearningRate = 2e-3 },
    Effect("entCoefLearningRate", ["temperature"]) { $0.entCoefLearningRate = 2e-3 },
    Effect("entCoef", criticStep.union(actorStep).union(["temperature loss"])) { $0.entCoef.initial = 0.6 },
    Effect("entCoefMin", ["temperature"]) { $0.entCoefMin = 0.29995 },
    Effect("targetEntropy", ["temperature loss"]) { $0.targetEntropy = -4 },
    Effect("targetEntropyUnit", ["temperature loss"]) { $0.targetEntropyUnit = .perDimension },
    Effect("entropyInBackup", criticStep) { $0.entropyInBackup = false },
    // The actor's own draws are not taken, so that the critics' come first.
    Effect("criticWarmup", ["actor", "temperature", "critics", "targets"]) { $0.criticWarmup = 1 },
    Effect("bestOfN", ["decision"]) { $0.bestOfN = 3 },
    Effect("targetBestOfN", criticStep) { $0.targetBestOfN = 3 },
  ]
  return own + criticEffects.map { $0.inside(\.critic) }
}

private var steeringEffects: [Effect<SteeringOptions>] {
  [
    Effect("actionMagnitude", batches.union(rollouts).union(["decision"])) { $0.actionMagnitude = 1 },
    Effect("magnitudeInsideTanh", draws.union(criticStep).union(["decision"])) { $0.magnitudeInsideTanh = true },
    Effect("entropyOf", criticStep.union(entropies).union(["actor loss"])) { $0.entropyOf = .noise },
    Effect("noiseTying", batches.union(networks).union(rollouts).union(["decision"])) { $0.noiseTying = .repeated },
    Effect("noiseKnots", batches.union(networks).union(rollouts).union(["decision"]), given: { $0.noiseTying = .interpolated }) { $0.noiseKnots = 3 },
    Effect("initRolloutSteps", ["decision", "round"]) { $0.initRolloutSteps = 5 },
    Effect("initNoise", batches.union(rollouts)) { $0.initNoise = .clipped },
    Effect("actorInit", draws.union(criticStep).union(["actor weights", "decision"])) { $0.actorInit = .gaussian },
  ]
}

private func behaviour() throws -> DataSet {
  let numbers = (0..<12).map { Float($0 % 5) / 5 }
  return try DataSet(
    observations: Tensor(numbers, shape: [12, 1]), actions: Tensor(numbers, shape: [12, 1]), rewards: Tensor(numbers),
    terminals: Array(repeating: false, count: 12), timeouts: (0..<12).map { $0 == 11 })
}

private func makeSmall(_ options: inout LearningOptions) {
  (options.hidden, options.activation, options.layerNorm) = ([16, 16], .tanh, true)
  (options.batchSize, options.learningRate, options.gradientSteps, options.trainFreq) = (16, 1e-3, 3, 1)
  (options.entCoef.initial, options.targetEntropy) = (0.3, -3)
}

/// In SAC the actor climbs the critics that have just moved.
private func climbing<Options>(_ effects: [Effect<Options>]) -> [Effect<Options>] {
  effects.map { effect in effect.changes.contains("critics") ? effect.also([effect.option: ["actor"]]) : effect }
}

private func sacQuantities(_ make: @escaping () throws -> SAC) throws -> [String: [Float]] {
  let subjects = Subjects<SAC>(
    make: make, modules: { [("actor", $0.actor), ("critics", $0.critics), ("targets", $0.core.targets)] }, observe: { try $0.map.normalize($1) },
    firstStep: .joint)
  let losses = try lossQuantities(subjects, \.core) { try $0.drawBatch() }
  return try subjects.quantities().merging(losses) { first, _ in first }
}

@Test func optionsOfDSRLNADoWhatTheySay() throws {
  let own: [Effect<DSRLNA.Options>] = [
    Effect("noiseCriticGradSteps", ["distilled", "round"]) { $0.noiseCriticGradSteps = 3 },
    Effect("noiseCriticLearningRate", ["noise critics"]) { $0.noiseCriticLearningRate = 2e-3 },
    Effect("distillationNoise", distilling.union(["distilled"])) { $0.distillationNoise = .box },
    Effect("distillationNoises", distilling.union(["distilled"])) { $0.distillationNoises = 2 },
    Effect("distillationTarget", distilling) { $0.distillationTarget = .min },
    Effect("updateOrder", ["round"]) { $0.updateOrder = .actorAfterDistillation },
    Effect("offlineMixRatio", batches) { $0.offlineMixRatio = 0.25 },
  ]
  let effects = own + steeringEffects.map { $0.inside(\.steering) } + learningEffects.map { $0.inside(\.learning) }
  try expectEffects(effects, of: DSRLNA.Options(), small: {
    makeSmall(&$0.learning)
    ($0.initRolloutSteps, $0.noiseCriticGradSteps, $0.offlineMixRatio) = (3, 2, 0.5)
  }) { options in
    let subjects = Subjects<DSRLNA>(
      make: { try DSRLNA(regulators(), policy: TrianglePolicy(horizon: 3), offlineData: behaviour(), options) },
      modules: { [("actor", $0.actor), ("critics", $0.critics), ("targets", $0.core.targets), ("noise critics", $0.noiseCritics)] },
      observe: { try $0.policy.normalize($1) }, firstStep: .joint)
    var result = try subjects.quantities()
    result.merge(try lossQuantities(subjects, \.core) { try $0.sampleBatch() }) { first, _ in first }
    let agent = try subjects.prepared()
    result["distillation loss"] = Array(try agent.update(.distillation).values)
    result["noise critics"] = agent.noiseCritics.parameters.flatMap(\.values)
    result["distilled"] = agent.distillation.map { $0.observation.values + $0.squashed.values } ?? []
    return result
  }
}

@Test func optionsOfDSRLSACDoWhatTheySay() throws {
  // Its first noises and its actor share a stream, which moves farther where noises are drawn again.
  let steering = steeringEffects.map { $0.also(["initNoise": ["decision"]]) }
  let effects = steering.map { $0.inside(\SteeringSACOptions.steering) } + learningEffects.map { $0.inside(\.learning) }
  try expectEffects(climbing(effects), of: SteeringSACOptions(), small: {
    makeSmall(&$0.learning)
    $0.initRolloutSteps = 3
  }) { options in try sacQuantities { try SAC(regulators(), policy: TrianglePolicy(horizon: 3), options) } }
}

@Test func optionsOfResidualDoWhatTheySay() throws {
  let own: [Effect<ResidualSACOptions>] = [
    Effect("residualScale", batches.union(["observations", "rewards", "decision"])) { $0.residualScale = 0.5 },
    Effect("initRolloutSteps", ["decision", "round"]) { $0.initRolloutSteps = 5 },
  ]
  try expectEffects(climbing(own + learningEffects.map { $0.inside(\.learning) }), of: ResidualSACOptions(), small: {
    makeSmall(&$0.learning)
    $0.initRolloutSteps = 3
  }) { options in try sacQuantities { try SAC(regulators(), correcting: TrianglePolicy(horizon: 3), options) } }
}

@Test func optionsOfSACDoWhatTheySay() throws {
  let own: [Effect<SAC.Options>] = [
    Effect("learningStarts", ["decision", "round"]) { $0.learningStarts = 48 },
    Effect("demonstrationRatio", batches) { $0.demonstrationRatio = 0.25 },
  ]
  try expectEffects(climbing(own + learningEffects.map { $0.inside(\.learning) }), of: SAC.Options(), small: {
    makeSmall(&$0.learning)
    $0.learningStarts = 28  // the three vector steps take 32
  }) { options in try sacQuantities { try SAC(regulators(), demonstrations: behaviour(), options) } }
}

@Test func optionsOfBestOfNDoWhatTheySay() throws {
  let own: [Effect<BestOfN.Options>] = [
    Effect("candidates", criticStep.union(["decision"])) { $0.candidates = 2 },
    Effect("initRolloutSteps", ["decision", "round"]) { $0.initRolloutSteps = 5 },
  ]
  // Its critics choose what it does.
  let choosing: [String: Set<String>] = ["nCritics": ["decision"], "criticBackupCombine": ["decision"], "criticStdWeight": ["decision"]]
  try expectEffects(own + criticEffects.map { $0.also(choosing).inside(\.critic) }, of: BestOfN.Options(), small: {
    ($0.critic.hidden, $0.critic.batchSize, $0.critic.learningRate, $0.critic.trainFreq, $0.critic.gradientSteps) = ([16, 16], 16, 1e-3, 1, 3)
    ($0.candidates, $0.initRolloutSteps) = (4, 3)
  }) { options in
    let subjects = Subjects<BestOfN>(
      make: { try BestOfN(regulators(), policy: TrianglePolicy(horizon: 3), options) }, modules: { [("critics", $0.critics), ("targets", $0.targets)] },
      observe: { try $0.policy.normalize($1) }, firstStep: .critic)
    var result = try subjects.quantities()
    let agent = try subjects.prepared()
    try Tensor.withProducts(in: options.critic.networkPrecision) {
      let batch = try agent.replay.sample(options.critic.batchSize)
      let target = try agent.target(batch)
      result["batch"] = batch.observation.values + batch.action.values
      result["target"] = target.values
      result["critic loss"] = [try agent.critics.loss(batch.observation, batch.action, target: target).item()]
    }
    return result
  }
}

@Test func optionsOfGoldenTicketDoWhatTheySay() throws {
  let effects: [Effect<GoldenTicket.Options>] = [
    Effect("candidates", ["tickets", "episodes", "means", "length"]) { $0.candidates = 6 },
    Effect("episodesPerCandidate", ["episodes", "means", "length", "decision"]) { $0.episodesPerCandidate = 3 },
    Effect("search", ["episodes", "means", "decision"]) { $0.search = .halving },
    Effect("budget", ["episodes", "means", "length"], given: { $0.search = .halving }) { $0.budget = 16 },
    Effect("seed", ["tickets", "means", "decision"]) { $0.seed = 1 },
  ]
  try expectEffects(effects, of: GoldenTicket.Options(), small: { ($0.candidates, $0.episodesPerCandidate) = (4, 2) }) { options in
    let agent = try GoldenTicket(regulators(), policy: TrianglePolicy(horizon: 3), options)
    var finished = 0
    while agent.phase == "search" { finished += try agent.advance().episodes.count }
    return [
      "tickets": agent.tickets.values, "means": agent.means.map { $0 ?? .infinity }, "episodes": (0..<options.candidates).map { Float(agent.episodes(of: $0)) },
      "length": [Float(finished)], "decision": try agent.act(Tensor([0.3, -0.2], shape: [2, 1]), deterministic: true).values,
    ]
  }
}

@Test func optionsOfBoundedBaseDoWhatTheySay() throws {
  let effects: [Effect<BoundedBase.Options>] = [
    Effect("actionMagnitude", ["decision", "rewards"]) { $0.actionMagnitude = 0.2 }, Effect("seed", ["decision", "rewards"]) { $0.seed = 1 },
  ]
  try expectEffects(effects, of: BoundedBase.Options(), small: { _ in }) { options in
    let agent = try BoundedBase(regulators(), policy: TrianglePolicy(horizon: 3), options)
    let steps = try (0..<4).map { _ in try agent.advance() }
    return [
      "decision": try agent.act(Tensor([0.3, -0.2], shape: [2, 1]), deterministic: false).values, "rewards": steps.flatMap(\.episodes).map { Float($0.return) },
      "steps": [Float(agent.counts.environmentSteps)],
    ]
  }
}
