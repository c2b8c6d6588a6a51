import Diffusion
import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

/// tanh(s A + w B), chunks of three actions of two numbers.
private final class MixingPolicy: BasePolicy {
  let observationSize = 3, actionSize = 2, horizon = 3, latentSize = 6
  private let observation, noise: Tensor

  init(_ weights: UpdatesFixture.State) throws {
    let tensors = try weights.tensors()
    (observation, noise) = (try #require(tensors["observation"]), try #require(tensors["noise"]))
  }

  func normalize(_ observation: Tensor) -> Tensor { observation }
  func denormalize(_ chunk: Tensor) -> Tensor { chunk }
  func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    try (observation.matmul(self.observation) + noise.matmul(self.noise)).tanh()
  }
}

/// The options of a case, whichever agent it is of.
private struct Choices {
  var learning: LearningOptions
  var steering = SteeringOptions()
  var residual = ResidualOptions()
  var distillationTarget = DSRLNA.DistillationTarget.headToHead

  init(_ kind: String) throws {
    learning = kind == "sac" ? LearningOptions() : kind == "residual" ? ResidualSACOptions().learning : .steering
    (learning.hidden, learning.nCritics) = ([6, 5], 3)
    (learning.entCoef, learning.entCoefLearningRate) = (try EntCoef("auto_0.3"), 0.05)
  }
}

private let cases: [(name: String, change: @Sendable (inout Choices) -> Void)] = [
  ("dsrl_na", { _ in }),
  ("inside tanh", { $0.steering.magnitudeInsideTanh = true }),
  ("entropy of noise", { $0.steering.entropyOf = .noise }),
  ("inside tanh, entropy of noise", { ($0.steering.magnitudeInsideTanh, $0.steering.entropyOf, $0.steering.actionMagnitude) = (true, .noise, 2.5) }),
  ("no entropy in backup", { $0.learning.entropyInBackup = false }),
  ("mean", { $0.learning.criticBackupCombine = .mean }),
  ("mean minus std", { ($0.learning.criticBackupCombine, $0.learning.criticStdWeight) = (.meanMinusStd, 0.7) }),
  ("min of subset", { ($0.learning.criticBackupCombine, $0.learning.criticSubset) = (.minOfSubset, 2) }),
  ("reward scale", { $0.learning.rewardScale = 2.5 }),
  ("best of 3 in targets", { $0.learning.targetBestOfN = 3 }),
  ("best of 3 in targets, mean", { ($0.learning.targetBestOfN, $0.learning.criticBackupCombine) = (3, .mean) }),
  ("distil min", { $0.distillationTarget = .min }),
  ("distil mean", { $0.distillationTarget = .mean }),
  ("target entropy per dimension", { ($0.learning.targetEntropy, $0.learning.targetEntropyUnit) = (-0.5, .perDimension) }),
  ("target entropy in all", { $0.learning.targetEntropy = -2 }),
  ("floored temperature", { ($0.learning.entCoefMin, $0.learning.targetEntropy) = (0.295, -40) }),
  ("discount per step", { ($0.learning.gamma, $0.learning.discountPerStep) = (0.9, true) }),
  ("repeated", { $0.steering.noiseTying = .repeated }),
  ("interpolated", { ($0.steering.noiseTying, $0.steering.entropyOf) = (.interpolated, .noise) }),
  ("dsrl_sac", { _ in }),
  ("dsrl_sac, inside tanh, entropy of noise", { ($0.steering.magnitudeInsideTanh, $0.steering.entropyOf, $0.steering.actionMagnitude) = (true, .noise, 2) }),
  ("sac", { _ in }),
  ("residual", { $0.residual.residualScale = 0.3 }),
]

/// An agent's parts with a case's networks in them.
private struct Subject {
  let options: LearningOptions
  let core: ActorCritic
  let steering: DSRLNA?
  let map: any ActionMap

  init(_ fixture: UpdatesFixture, _ wanted: UpdatesFixture.Case, _ change: (inout Choices) -> Void) throws {
    var choices = try Choices(wanted.kind)
    change(&choices)
    options = choices.learning
    let environment = try VectorEnvironment(count: 1, chunk: 3) { _ in
      var options = NoiseOptions()
      (options.observationSize, options.actionSize) = (3, 2)
      return try Noise(options)
    }
    let policy = try MixingPolicy(fixture.policy)
    switch wanted.kind {
    case "dsrl_na":
      var all = DSRLNA.Options()
      (all.learning, all.steering, all.distillationTarget) = (options, choices.steering, choices.distillationTarget)
      let agent = try DSRLNA(environment, policy: policy, all)
      (core, steering, map) = (agent.core, agent, agent.steering)
    case "dsrl_sac":
      var all = SteeringSACOptions()
      (all.learning, all.steering) = (options, choices.steering)
      let agent = try SAC(environment, policy: policy, all)
      (core, steering, map) = (agent.core, nil, agent.map)
    case "residual":
      var all = ResidualSACOptions()
      (all.learning, all.residual) = (options, choices.residual)
      let agent = try SAC(environment, correcting: policy, all)
      (core, steering, map) = (agent.core, nil, agent.map)
    default:
      var all = SAC.Options()
      all.learning = options
      let agent = try SAC(environment, all)
      (core, steering, map) = (agent.core, nil, agent.map)
    }
    func load(_ module: some Module, _ name: String) throws {
      guard let place = wanted.networks[name] else { return }
      try module.load(stateDict: try #require(fixture.networks[place]).tensors())
    }
    try load(core.actor, "actor")
    try load(core.critics, "critic")
    try load(core.targets, "critic_target")
    try load(core.climbed, "noise_critic")
  }

  func batch(_ stored: UpdatesFixture.Transitions) throws -> Batch {
    let discount = stored.steps.values.map { chunkDiscount(options.gamma, perStep: options.discountPerStep, steps: Int($0)) }
    return Batch(
      observation: try stored.observation.tensor(), action: try stored.action.tensor(), nextObservation: try stored.next_observation.tensor(),
      reward: try stored.reward.tensor(), alive: try stored.alive.tensor(), discount: Tensor(discount))
  }
}

/// Losses, gradients and targets of one update, against the same equations in double precision.
struct ReferenceUpdateTests {
  private let fixture: UpdatesFixture
  init() throws { fixture = try UpdatesFixture.stored.get() }

  @Test func everyStoredCaseIsCompared() { #expect(fixture.cases.map(\.name) == cases.map(\.name)) }

  @Test(arguments: cases.indices) func update(_ index: Int) throws {
    let wanted = try #require(fixture.cases.first { $0.name == cases[index].name })
    let subject = try Subject(fixture, wanted, cases[index].change)
    let core = subject.core
    let draws = try #require(fixture.draws["\(wanted.size)"])
    let batch = try subject.batch(#require(fixture.batches[wanted.batch]))

    // The critics
    var stream = core.stream
    let heads = subject.options.criticBackupCombine == .minOfSubset ? try Tensor.permutation(3, using: &stream).prefix(2).sorted() : []
    let nextNoise = try draws.next_noise.tensor().narrow(0, 0, 5 * subject.options.targetBestOfN)
    let target = try core.target(batch, alpha: 0.3, noise: nextNoise)
    #expect(relativeDistance(target, try #require(wanted.targets.first { $0.heads == heads }).values) < 1e-4)
    let criticLoss = try core.critics.loss(batch.observation, batch.action, target: wanted.targets[0].values.tensor())
    try criticLoss.backward()
    #expect(relativeDistance(try criticLoss.item(), wanted.critic_loss) < 1e-4)
    #expect(relativeDistance(core.critics.namedParameters, wanted.critic_gradients) < 1e-4)

    // Temperature and actor
    let (action, logProb) = try core.actor.sample(batch.observation, noise: draws.noise.tensor())
    #expect(relativeDistance(action, wanted.action) < 1e-4)
    #expect(relativeDistance(logProb, wanted.log_prob) < 1e-4)
    let actorLoss = try core.climbed.frozen {
      let loss = try core.actorLoss(batch.observation, action, logProb, alpha: 0.3)
      try loss.backward()
      return loss
    }
    #expect(relativeDistance(try actorLoss.item(), wanted.actor_loss) < 1e-4)
    #expect(relativeDistance(core.actor.namedParameters, wanted.actor_gradients) < 1e-4)
    let temperatureLoss = try core.temperature.loss(logProb)
    try temperatureLoss.backward()
    #expect(relativeDistance(try temperatureLoss.item(), wanted.ent_coef_loss) < 1e-4)
    #expect(relativeDistance(try #require(core.temperature.logAlpha.grad).values[0], wanted.ent_coef_gradient) < 1e-4)
    try core.temperature.update(logProb)
    #expect(relativeDistance(core.temperature.logAlpha.values[0], wanted.log_ent_coef) < 1e-4)

    // Distillation, and what is executed
    let squashed = try draws.squashed.tensor()
    let executed = try subject.map.executed(batch.observation, squashed)
    #expect(relativeDistance(executed, wanted.executed) < 1e-4)
    guard let steering = subject.steering else { return }
    for parameter in core.climbed.parameters { parameter.zeroGrad() }
    let distillation = try steering.distillationLoss(batch.observation, squashed, executed)
    try distillation.backward()
    #expect(relativeDistance(try distillation.item(), try #require(wanted.distillation_loss)) < 1e-4)
    #expect(relativeDistance(core.climbed.namedParameters, try #require(wanted.distillation_gradients)) < 1e-4)
  }
}
