import Diffusion
import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

/// What scripts/fixtures/dql_updates.py computed in double precision.
private struct DQLFixture: Decodable {
  struct Batch: Decodable { var observation, action, next_observation, reward, alive, noise, next_noise: UpdatesFixture.Numbers }
  struct Case: Decodable {
    var name: String
    var chunk, target: UpdatesFixture.Numbers
    var critic_loss, policy_loss: Float
    var critic_gradients, policy_gradients: UpdatesFixture.State
  }
  var policy, policy_target, critic, critic_target: UpdatesFixture.State
  var batch: Batch
  var cases: [Case]
}

private struct Setting {
  var options = DQL.Options()
  var steps = 5
}

private let cases: [(name: String, change: @Sendable (inout Setting) -> Void)] = [
  ("five steps", { _ in }), ("two steps", { $0.steps = 2 }), ("twenty steps", { $0.steps = 20 }), ("plain q", { $0.options.normalizeQ = false }),
  ("mean of critics", { ($0.options.critic.criticBackupCombine, $0.options.critic.rewardScale) = (.mean, 3) }),
]

/// A policy of random weights for observations, actions and chunks of these sizes, within [-1, 1] in all units.
private func untrained(_ observation: Int, _ action: Int, horizon: Int, width: Int, timeSize: Int = 8, steps: Int = 5, own: Int? = nil) throws -> DiffusionPolicy {
  var network = DiffusionMLP.Config(observationSize: observation, actionSize: action, horizon: horizon)
  (network.hidden, network.timeSize) = ([width, width, width], timeSize)
  var config = DiffusionPolicy.Config(network: network)
  config.actionSteps = own
  var ddim = DDIM()
  ddim.steps = steps
  var stream = RandomStream(seed: 11, purpose: "init")
  let policy = try DiffusionPolicy(config, sampler: .ddim(ddim), using: &stream)
  func unit(_ size: Int) throws -> Normalizer { try Normalizer(minimum: Tensor.full(-1, [size]), maximum: Tensor.full(1, [size])) }
  try policy.setNormalization(observation: unit(observation), action: unit(action))
  return policy
}

private func noises(_ count: Int, chunk: Int) throws -> VectorEnvironment {
  try VectorEnvironment(count: count, chunk: chunk) { _ in
    var options = NoiseOptions()
    (options.observationSize, options.actionSize) = (3, 2)
    return try Noise(options)
  }
}

@Test func everyStoredDQLCaseIsCompared() throws {
  let fixture: DQLFixture = try UpdatesFixture.read("dql")
  #expect(fixture.cases.map(\.name) == cases.map(\.name))
}

/// The gradient through the denoising steps, in float64 by another program.
@Test(arguments: cases.indices) func updateThroughTheChain(_ index: Int) throws {
  let fixture: DQLFixture = try UpdatesFixture.read("dql")
  let wanted = try #require(fixture.cases.first { $0.name == cases[index].name })
  var setting = Setting()
  (setting.options.critic.hidden, setting.options.critic.nCritics) = ([6, 5], 3)
  cases[index].change(&setting)
  let agent = try DQL(noises(1, chunk: 3), policy: untrained(3, 2, horizon: 3, width: 7, steps: setting.steps), setting.options)
  try agent.policy.network.load(stateDict: fixture.policy.tensors())
  try agent.targetPolicy.network.load(stateDict: fixture.policy_target.tensors())
  for changed in [agent.policy, agent.targetPolicy] { changed.weightsChanged() }
  try agent.critics.load(stateDict: fixture.critic.tensors())
  try agent.targets.load(stateDict: fixture.critic_target.tensors())
  let stored = fixture.batch
  let batch = Batch(
    observation: try stored.observation.tensor(), action: try stored.action.tensor(), nextObservation: try stored.next_observation.tensor(),
    reward: try stored.reward.tensor(), alive: try stored.alive.tensor(), discount: Tensor.full(0.99, [5]))

  #expect(relativeDistance(try agent.policy.unrolled(normalized: batch.observation, noise: stored.noise.tensor()), wanted.chunk) < 1e-4)
  #expect(relativeDistance(try agent.policy.decode(normalized: batch.observation, noise: stored.noise.tensor()), wanted.chunk) < 1e-4)
  let target = try agent.target(batch, noise: stored.next_noise.tensor())
  #expect(relativeDistance(target, wanted.target) < 1e-4)
  let criticLoss = try agent.critics.loss(batch.observation, batch.action, target: target)
  try criticLoss.backward()
  #expect(relativeDistance(try criticLoss.item(), wanted.critic_loss) < 1e-4)
  #expect(relativeDistance(agent.critics.namedParameters, wanted.critic_gradients) < 1e-4)
  let loss = try agent.critics.frozen {
    let loss = try agent.climbingLoss(batch.observation, noise: stored.noise.tensor())
    try loss.backward()
    return loss
  }
  #expect(relativeDistance(try loss.item(), wanted.policy_loss) < 1e-4)
  #expect(relativeDistance(agent.policy.network.namedParameters, wanted.policy_gradients) < 1e-4)
}

private func tuner(_ base: DiffusionPolicy? = nil, _ change: (inout DQL.Options) -> Void = { _ in }) throws -> DQL {
  var options = DQL.Options()
  (options.critic.hidden, options.critic.batchSize, options.critic.learningRate) = ([16, 16], 16, 1e-3)
  (options.critic.trainFreq, options.critic.gradientSteps, options.initRolloutSteps) = (1, 3, 3)
  change(&options)
  return try DQL(regulators(), policy: base ?? untrained(1, 1, horizon: 3, width: 8), options)
}

@Test func fineTuningLeavesTheGivenPolicyAlone() throws {
  let base = try untrained(1, 1, horizon: 3, width: 8)
  let before = base.network.stateDict().mapValues(\.values)
  let agent = try tuner(base)
  for _ in 0..<4 { _ = try agent.advance() }
  #expect(base.network.stateDict().mapValues(\.values) == before)
  #expect(agent.policy.network.stateDict().mapValues(\.values) != before)
  #expect(agent.targetPolicy.network.stateDict().mapValues(\.values) != before)
  let x = try Tensor([0.3, -0.2], shape: [2, 1]), noise = Tensor.zeros([2, 3])
  #expect(try agent.act(x, deterministic: true).values == agent.policy.act(x, noise: noise).values)
  #expect(try agent.policy.unrolled(normalized: x, noise: noise).values != base.decode(normalized: x, noise: noise).values)
  #expect(throws: UsageError.self) { try agent.noise(for: x, deterministic: true) }
}

/// The best action is half the observation; the untrained policy's are anywhere.
@Test func fineTuningFindsTheBestAction() throws {
  var options = DQL.Options()
  (options.critic.hidden, options.critic.batchSize, options.critic.learningRate) = ([32, 32], 64, 3e-3)
  (options.critic.trainFreq, options.critic.gradientSteps, options.initRolloutSteps, options.bcWeight) = (1, 4, 50, 0.1)
  let agent = try DQL(guesses(), policy: untrained(1, 1, horizon: 1, width: 32), options)
  let before = try evaluate(policy: { try agent.act($0, deterministic: false) }, on: guesses(), episodes: 200, seed: 7).mean
  for _ in 0..<200 { _ = try agent.advance() }
  let after = try evaluate(policy: { try agent.act($0, deterministic: false) }, on: guesses(), episodes: 200, seed: 7).mean
  #expect(before < -0.15 && after > -0.05, "\(before) \(after)")
}

@Test func fineTuningContinuesToTheBit() throws {
  let agent = try tuner()
  for _ in 0..<4 { _ = try agent.advance() }
  let copy = try tuner { $0.critic.seed = 9 }
  try copy.load(Dictionary(agent.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }, agent.record)
  for _ in 0..<3 { #expect(try copy.advance().metrics == agent.advance().metrics) }
  #expect(learned(copy) == learned(agent))
}

@Test func policiesThatCannotBeTunedAreRefused() throws {
  #expect(throws: UsageError.self) { try tuner(untrained(1, 1, horizon: 4, width: 8, own: 3)) }
  let noisy = try untrained(1, 1, horizon: 3, width: 8)
  try noisy.setSampler(.ddpm(AncestralSampler()))
  #expect(throws: UsageError.self) { try tuner(noisy) }
  #expect(throws: UsageError.self) { try tuner { $0.bcWeight = -1 } }
  let agent = try tuner()
  try agent.policy.setSampler(.ddpm(AncestralSampler()))
  #expect(throws: UsageError.self) { try agent.policy.unrolled(normalized: Tensor.zeros([1, 1]), noise: Tensor.zeros([1, 3])) }
}

@Test func optionsOfDQLDoWhatTheySay() throws {
  let policy: Set = ["policy", "policy loss"]
  var rows: [Effect<DQL.Options>] = [
    Effect("bcWeight", ["policy"]) { $0.bcWeight = 0.5 }, Effect("normalizeQ", policy) { $0.normalizeQ = true },
    Effect("actorLearningRate", ["policy"]) { $0.actorLearningRate = 2e-3 }, Effect("maxGradNorm", ["policy"]) { $0.maxGradNorm = 1e-8 },
    Effect("criticWarmup", ["policy"]) { $0.criticWarmup = 1 }, Effect("initRolloutSteps", ["round"]) { $0.initRolloutSteps = 5 },
  ]
  // The policy climbs critics that have just moved; its own learning rate is the critics' where it has none.
  let climbing: (Effect<CriticOptions>) -> Effect<CriticOptions> = { effect in
    let names = effect.changes.contains("critics") || effect.changes.contains("actor") ? policy.subtracting(effect.changes.contains("actor loss") ? [] : ["policy loss"]) : []
    return effect.also([effect.option: names])
  }
  rows += criticEffects.map { climbing($0).inside(\.critic) }
  // What it decides does not ask the critics.
  let deaf: Set = ["hidden", "activation", "layerNorm"]
  rows = rows.map { deaf.contains($0.option) ? Effect($0.option, $0.changes.subtracting(["decision"]), given: $0.given, $0.change) : $0 }
  try expectEffects(rows, of: DQL.Options(), small: {
    ($0.critic.hidden, $0.critic.batchSize, $0.critic.learningRate, $0.critic.trainFreq, $0.critic.gradientSteps) = ([16, 16], 16, 1e-3, 1, 3)
    ($0.initRolloutSteps, $0.normalizeQ) = (3, false)
  }) { options in
    let base = try untrained(1, 1, horizon: 3, width: 8)
    let subjects = Subjects<DQL>(
      make: { try DQL(regulators(), policy: base, options) },
      modules: { [("policy", ParameterList($0.policy.network.namedParameters)), ("critics", $0.critics), ("targets", $0.targets)] },
      observe: { $1 }, firstStep: .joint)
    var result = try subjects.quantities()
    let agent = try subjects.prepared()
    try Tensor.withProducts(in: options.critic.networkPrecision) {
      let batch = try agent.replay.sample(options.critic.batchSize)
      let noise = try Tensor.randn([batch.reward.count, 3], using: &agent.stream)
      let target = try agent.target(batch, noise: noise)
      result["batch"] = batch.observation.values + batch.action.values
      result["target"] = target.values
      result["critic loss"] = [try agent.critics.loss(batch.observation, batch.action, target: target).item()]
      result["policy loss"] = [try agent.climbingLoss(batch.observation, noise: noise).item()]
    }
    return result
  }
}
