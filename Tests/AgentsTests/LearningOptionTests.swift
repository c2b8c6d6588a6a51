import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

private func column(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [values.count, 1]) }

private func options(_ change: (inout LearningOptions) -> Void) -> LearningOptions {
  var options = LearningOptions()
  change(&options)
  return options
}

private func batch() throws -> Batch {
  let x = try column([0.1, 0.2, 0.3])
  return Batch(
    observation: x, action: x, nextObservation: x, reward: Tensor([1, 2, 3]), alive: Tensor([1, 0, 1]), discount: Tensor([0.9, 0.9, 0.5]))
}

/// Heads (1, 4), (2, 0), (6, 2): mean (3, 2), std with divisor 3 √(14/3) and √(8/3).
@Test func headsAreCombinedAsTheOptionsSay() throws {
  let values = try Tensor([1, 4, 2, 0, 6, 2], shape: [3, 2])
  #expect(try options { $0.criticBackupCombine = .min }.critic.combined(values).values == [1, 0])
  #expect(try options { $0.criticBackupCombine = .mean }.critic.combined(values).values == [3, 2])
  let lower = try options { ($0.criticBackupCombine, $0.criticStdWeight) = (.meanMinusStd, 0.5) }.critic.combined(values).values
  #expect(zip(lower, [3 - 0.5 * 2.160_246_9, 2 - 0.5 * 1.632_993_2] as [Float]).allSatisfy { abs($0 - $1) < 1e-5 })

  let subset = options { ($0.nCritics, $0.criticBackupCombine, $0.criticSubset) = (3, .minOfSubset, 2) }
  #expect(try subset.critic.combined(values).values == [3, 2])
  var (stream, seen) = (RandomStream(seed: 5), Set<[Float]>())
  for _ in 0..<60 { seen.insert(try subset.critic.combinedTarget(values, using: &stream).values) }
  #expect(seen == [[1, 0], [1, 2], [2, 0]])  // heads 1 and 2, 1 and 3, 2 and 3
  let untouched = stream
  _ = try options { $0.criticBackupCombine = .mean }.critic.combinedTarget(values, using: &stream)
  #expect(stream == untouched)
}

/// The gradient of mean - ρ std stays finite where all heads agree.
@Test func agreeingHeadsHaveAGradient() throws {
  let values = try Tensor([2, 2], shape: [2, 1]).trackGradient()
  try options { $0.criticBackupCombine = .meanMinusStd }.critic.combined(values).sum().backward()
  #expect(values.grad?.values == [0.5, 0.5])
}

@Test func optionsOutOfRangeAreRefused() throws {
  let wrong: [(inout LearningOptions) -> Void] = [
    { ($0.criticBackupCombine, $0.criticSubset) = (.minOfSubset, 3) }, { $0.criticStdWeight = -1 }, { $0.entCoefMin = -1 },
    { ($0.entCoef, $0.entCoefMin) = (.fixed(0.2), 0.1) }, { $0.bestOfN = 0 }, { $0.targetBestOfN = 0 }, { $0.criticWarmup = -1 },
    { $0.rewardScale = .infinity },
  ]
  for change in wrong { #expect(throws: UsageError.self) { try options(change).check() } }
}

@Test func targetEntropyCountsAllOutputsOrEach() {
  #expect(options { $0.targetEntropy = nil }.totalTargetEntropy(12) == -12)
  #expect(options { ($0.targetEntropy, $0.targetEntropyUnit) = (nil, .perDimension) }.totalTargetEntropy(12) == -12)
  #expect(options { $0.targetEntropy = 0.5 }.totalTargetEntropy(12) == 0.5)
  #expect(options { ($0.targetEntropy, $0.targetEntropyUnit) = (-0.5, .perDimension) }.totalTargetEntropy(12) == -6)
}

@Test func flooredTemperatureStopsAtItsFloor() throws {
  let floored = try Temperature(.auto, targetEntropy: -1, learningRate: 0.1, least: 0.8)
  let free = try Temperature(.auto, targetEntropy: -1, learningRate: 0.1)
  for _ in 0..<2 { _ = (try floored.update(Tensor([-2, -4])), try free.update(Tensor([-2, -4]))) }
  #expect(floored.value == free.value)  // 0.82, above it
  for _ in 0..<20 { _ = (try floored.update(Tensor([-2, -4])), try free.update(Tensor([-2, -4]))) }
  #expect(abs(floored.value - 0.8) < 1e-6 && free.value < 0.2)
  for _ in 0..<30 { try floored.update(Tensor([5, 5])) }
  #expect(floored.value > 0.9)  // and rises again
}

// MARK: Best of n

/// Makes head i answer values[i] + slope · a for actions a of one number, whatever the observation: a network of one linear layer.
private func follow(_ critics: Critics, slope: Float, _ values: [Float]) throws {
  for (head, value) in zip(critics.heads.members, values) {
    #expect(head.blocks.count == 1)
    try head.blocks[0].linear.weight.assign(Tensor([0, slope], shape: [1, 2]))
    try head.blocks[0].linear.bias.assign(Tensor([value]))
  }
}

/// The draws themselves, as the agent's stream gives them: [time][row].
private func draws(_ actor: GaussianActor, _ observation: Tensor, _ n: Int, _ stream: RandomStream) throws -> (action: [Float], logProb: [Float]) {
  var stream = stream
  let (action, logProb) = try actor.sample(observation.tile([n, 1]), using: &stream)
  return (action.values, logProb.values)
}

private func core(_ change: (inout LearningOptions) -> Void) throws -> ActorCritic {
  var stream = RandomStream(seed: 3)
  let network = NetworkOptions(hidden: [8], activation: .relu, layerNorm: false)
  let actor = try GaussianActor(observationSize: 1, actionSize: 1, network: network, using: &stream)
  let linear = options {
    $0.hidden = []
    change(&$0)
  }
  return try ActorCritic(
    linear, actor: actor, observationSize: 1, judgedSize: 1, hasNoiseCritics: false, using: &stream, judged: { _, action in action * 2 })
}

@Test(arguments: [Float(1), -1])
func bestOfNActsWithTheBestDraw(slope: Float) throws {
  let core = try core { $0.bestOfN = 5 }
  try follow(core.critics, slope: slope, [0, 0])
  let observation = try column([0.5, -0.5, 0])
  let drawn = try draws(core.actor, observation, 5, core.stream).action
  let best = (0..<3).map { row in
    let own = (0..<5).map { drawn[$0 * 3 + row] }
    return slope > 0 ? own.max() : own.min()
  }
  #expect(try core.choose(observation, using: &core.stream).values == best)
}

/// r + γ (2 slope u* - α ln p(u*)) for the draw u* that the target critics hold for best; they judge twice the draw.
@Test func bestOfNInTargetsTakesTheBestNextAction() throws {
  let core = try core { $0.targetBestOfN = 4 }
  try follow(core.targets, slope: 3, [10, 12])
  let drawn = try draws(core.actor, batch().nextObservation, 4, core.stream)
  let best = (0..<3).map { row in (0..<4).map { $0 * 3 + row }.max { drawn.action[$0] < drawn.action[$1] } ?? 0 }
  let target = try core.target(batch(), alpha: 0.5).values
  let (reward, discount): ([Float], [Float]) = ([1, 2, 3], [0.9, 0, 0.5])
  for row in 0..<3 {
    let value = 10 + 6 * drawn.action[best[row]] - 0.5 * drawn.logProb[best[row]]
    #expect(abs(target[row] - (reward[row] + discount[row] * value)) < 1e-4)
  }
}

// MARK: Distillation

@Test(arguments: [(DSRLNA.DistillationTarget.headToHead, [Float(1), -2]), (.min, [-2, -2]), (.mean, [-0.5, -0.5])])
func distillationLearnsWhatItIsTold(target: DSRLNA.DistillationTarget, wanted: [Float]) throws {
  let agent = try smallSteering {
    ($0.noiseCriticGradSteps, $0.noiseCriticLearningRate, $0.gradientSteps, $0.distillationTarget) = (400, 1e-2, 0, target)
  }
  try answer(agent.critics, with: [1, -2])
  for _ in 0..<2 { _ = try agent.advance() }
  let values = try agent.noiseCritics(column([0.5]), column([0.2])).values
  #expect(zip(values, wanted).allSatisfy { abs($0 - $1) < 0.1 }, "\(values)")
}

/// Several noises for each observation: the same observations once more, each with another noise.
@Test func severalNoisesForEachObservation() throws {
  let policy = TrianglePolicy()
  let agent = try smallSteering(policy) { ($0.distillationNoises, $0.noiseCriticGradSteps) = (3, 2) }
  _ = try agent.advance()
  policy.decodedRows = []
  var left = 6  // stops amid the distillation
  agent.interruption = {
    left -= 1
    if left < 0 { throw Interrupt.requested }
  }
  #expect(throws: Interrupt.self) { try agent.advance() }
  #expect(policy.decodedRows == [4, 4, 16, 16, 16, 96])
  let rows = try #require(agent.distillation)
  #expect(rows.position == 48)
  let (seen, noise) = (rows.observation.values, rows.squashed.values)
  #expect(Array(seen[0..<16]) == Array(seen[16..<32]) && Array(seen[0..<16]) == Array(seen[32..<48]))
  #expect(Set(noise).count == 96)
}

/// Beyond the box with the standard normal's share: 13.4 % outside ±1.5.
@Test func standardNormalLeavesTheBox() throws {
  let agent = try smallSteering { $0.distillationNoise = .standardNormal }
  let noise = try agent.distillationNoise(Tensor.zeros([20_000, 1])).values
  #expect(abs(Double(noise.count { abs($0) > 1 }) / 20_000 - 0.1336) < 0.01)
}
