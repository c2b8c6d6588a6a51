import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

private func column(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [values.count, 1]) }

/// Three transitions, the second of which terminated.
private func tinyBatch() throws -> Batch {
  let x = try column([0.1, 0.2, 0.3])
  return Batch(
    observation: x, action: x, nextObservation: x, reward: Tensor([1, 2, 3]), alive: Tensor([1, 0, 1]), discount: Tensor([0.9, 0.9, 0.5]))
}

private func close(_ got: [Float], _ wanted: [Float]) -> Bool { zip(got, wanted).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($1)) } }

@Test func sacTargetByHand() throws {
  let agent = try smallSAC()
  try answer(agent.core.targets, with: [10, 20])
  var stream = agent.core.stream
  let logProb = try agent.actor.sample(tinyBatch().nextObservation, using: &stream).logProb.values
  let target = try agent.core.target(tinyBatch(), alpha: 0.5).values
  #expect(close(target, [1 + 0.9 * (10 - 0.5 * logProb[0]), 2, 3 + 0.5 * (10 - 0.5 * logProb[2])]))
}

@Test(arguments: [(HeadCombination.min, Float(10)), (.mean, 15)])
func steeringTargetByHand(combine: HeadCombination, value: Float) throws {
  for entropyInBackup in [true, false] {
    let agent = try smallSteering {
      ($0.criticBackupCombine, $0.entropyInBackup, $0.rewardScale) = (combine, entropyInBackup, 2)
    }
    try answer(agent.core.targets, with: [10, 20])
    var stream = agent.core.stream
    let logProb = try agent.actor.sample(tinyBatch().nextObservation, using: &stream).logProb.values
    let bonus = logProb.map { entropyInBackup ? -0.5 * $0 : 0 }
    let target = try agent.core.target(tinyBatch(), alpha: 0.5).values
    #expect(close(target, [2 + 0.9 * (value + bonus[0]), 4, 6 + 0.5 * (value + bonus[2])]))
  }
}

@Test func criticLossIsHalfTheSumOfMeanSquares() throws {
  let agent = try smallSAC()
  try answer(agent.critics, with: [1, 3])
  let x = try column([0, 0])
  #expect(abs(try agent.critics.loss(x, x, target: Tensor([1, 2])).item() - 0.5 * (0.5 + 2.5)) < 1e-5)
}

/// Unless told to, as published.
@Test func timeLimitsCutWhereTheyAreToldTo() throws {
  let collector = try Collector(
    guesses(2, truncates: true), replay: ReplayBuffer(capacity: 10, observationSize: 1, actionSize: 1, seed: 0), gamma: 0.9,
    discountPerStep: false, timeLimits: .terminate, seed: 0, normalize: { $0 })
  _ = try collector.step { _ in Decision(stored: try column([0, 0]), executed: try column([0, 0])) }
  #expect(collector.replay.gather([0, 1]).alive.values == [0, 0])
}

/// A time limit leaves the transition alive, with the episode's own last observation; a termination does not.
@Test(arguments: [true, false])
func onlyTerminationCuts(truncates: Bool) throws {
  let collector = try Collector(
    guesses(2, truncates: truncates), replay: ReplayBuffer(capacity: 10, observationSize: 1, actionSize: 1, seed: 0), gamma: 0.9,
    discountPerStep: false, seed: 0, normalize: { $0 * 2 })
  for _ in 0..<2 { _ = try collector.step { _ in Decision(stored: try column([0, 0]), executed: try column([0, 0])) } }
  let batch = collector.replay.gather([0, 1, 2, 3])
  #expect(batch.alive.values == Array(repeating: truncates ? 1 : 0, count: 4))
  #expect(batch.nextObservation.values == [18, 18, 18, 18])
  #expect(batch.observation.values.allSatisfy { abs($0) <= 2 })
  #expect(collector.counts == Counts(environmentSteps: 4, transitions: 4, vectorSteps: 2, gradientSteps: 0))
}

/// γ for the decision, or for each step that was executed: the chunk of 8 stops at the 20th step.
@Test(arguments: [(false, [Float(0.9), 0.9, 0.9]), (true, [0.430_467_2, 0.430_467_2, 0.6561])])
func discountIsPerDecisionOrPerStep(perStep: Bool, wanted: [Float]) throws {
  let environment = try VectorEnvironment(count: 1, chunk: 8) { _ in try TimeLimit(Regulator(), maxEpisodeSteps: 20) }
  let replay = try ReplayBuffer(capacity: 10, observationSize: 1, actionSize: 8, seed: 0)
  let collector = try Collector(environment, replay: replay, gamma: 0.9, discountPerStep: perStep, seed: 0, normalize: { $0 })
  for _ in 0..<3 { _ = try collector.step { _ in Decision(stored: .zeros([1, 8]), executed: .zeros([1, 8])) } }
  #expect(close(replay.gather([0, 1, 2]).discount.values, wanted))
  #expect(collector.counts.environmentSteps == 20)
}

@Test func distillationGoesHeadToHead() throws {
  let agent = try smallSteering { ($0.noiseCriticGradSteps, $0.noiseCriticLearningRate, $0.gradientSteps) = (400, 1e-2, 0) }
  try answer(agent.critics, with: [1, -2])
  let before = learned(agent).filter { !$0.key.hasPrefix("noise_critic") }
  for _ in 0..<2 { _ = try agent.advance() }
  let values = try agent.noiseCritics(column([0.5, -0.5]), column([0.2, -0.9])).values
  #expect(zip(values, [1, 1, -2, -2] as [Float]).allSatisfy { abs($0 - $1) < 0.1 }, "\(values)")
  #expect(learned(agent).filter { !$0.key.hasPrefix("noise_critic") } == before)
}

/// All of one call's distillation rows are decoded together; the joint steps' one batch after the other.
@Test func decodesAreBatched() throws {
  let policy = TrianglePolicy()
  let agent = try smallSteering(policy)
  _ = try agent.advance()
  policy.decodedRows = []
  _ = try agent.advance()
  #expect(policy.decodedRows == [4, 4, 16, 16, 16, 32])
}

@Test(arguments: DistillationNoise.allCases.filter { $0 != .standardNormal })
func noisesStayInTheBox(law: DistillationNoise) throws {
  let policy = TrianglePolicy(horizon: 3)
  let agent = try smallSteering(policy) { ($0.actionMagnitude, $0.distillationNoise) = (0.7, law) }
  for _ in 0..<6 { _ = try agent.advance() }
  #expect(policy.largestNoise <= 0.7)
  #expect(policy.largestNoise > 0.6)
  let noise = try agent.distillationNoise(Tensor.zeros([101, 1]))
  #expect(noise.shape == [101, 3])
  #expect(noise.values.allSatisfy { abs($0) <= 1 })
}

/// With an actor that always answers 0.99, its own law gives only that, mixed half of it.
@Test(arguments: [(DistillationNoise.actor, 0...0), (.mixed, 40...60), (.gaussian, 90...100), (.box, 90...100)])
func lawsComeFromWhereTheySay(law: DistillationNoise, others: ClosedRange<Int>) throws {
  let agent = try smallSteering { $0.distillationNoise = law }
  try agent.actor.mean.weight.assign(.zeros(agent.actor.mean.weight.shape))
  try agent.actor.mean.bias.assign(Tensor([2.647]))
  try agent.actor.logStd.bias.assign(Tensor([-30]))
  let noise = try agent.distillationNoise(Tensor.zeros([100, 1])).values
  #expect(others.contains(noise.count { abs($0 - 0.99) > 1e-3 }))
}

@Test func gaussianStartDoesNotLookAtTheObservation() throws {
  let agent = try smallSteering { $0.actorInit = .gaussian }
  let (mean, logStd) = try agent.actor.distribution(column([0.3, -1]))
  #expect(mean.values == [0, 0])
  #expect(logStd.values[0] == logStd.values[1])
}

@Test func criticWarmupLeavesTheActorAlone() throws {
  let agent = try smallSteering { $0.criticWarmup = 6 }
  let start = learned(agent)
  for _ in 0..<3 { _ = try agent.advance() }  // the second and third take 3 joint steps each
  #expect(agent.counts.gradientSteps == 6)
  for (name, values) in learned(agent) where name.hasPrefix("actor.") || name == "log_ent_coef" { #expect(values == start[name]) }
  _ = try agent.advance()
  #expect(learned(agent)["actor.mu.bias"] != start["actor.mu.bias"])
}

@Test func policiesThatDoNotFitAreRefused() throws {
  #expect(throws: UsageError.self) { try DSRLNA(guesses(chunk: 2), policy: TrianglePolicy()) }
  #expect(throws: UsageError.self) { try smallSteering { $0.actionMagnitude = 0 } }
  #expect(throws: UsageError.self) { try smallSAC { $0.gamma = 2 } }
}
