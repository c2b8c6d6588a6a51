import Environments
import Tensors
import Testing

@testable import Agents

private func probe() throws -> Tensor { try Tensor([-0.9, -0.4, 0, 0.4, 0.9], shape: [5, 1]) }

/// The best action is half the observation.
@Test func sacSolvesABandit() throws {
  var options = SAC.Options()
  (options.hidden, options.learningRate, options.batchSize, options.gradientSteps) = ([32, 32], 3e-3, 64, 2)
  let agent = try SAC(guesses(bound: 2), options)
  while agent.counts.environmentSteps < 2400 { _ = try agent.advance() }
  let action = try agent.act(probe(), deterministic: true).values
  #expect(zip(action, try probe().values).allSatisfy { abs($0 - 0.5 * $1) < 0.1 }, "\(action)")
}

/// Riccati: P = 1 + γP - (γP/2)² / (0.1 + γP/4), a = -(γP/2) x / (0.1 + γP/4).
@Test func sacFindsTheLinearRegulator() throws {
  var options = SAC.Options()
  (options.hidden, options.learningRate, options.batchSize, options.gradientSteps) = ([32, 32], 3e-3, 64, 4)
  (options.gamma, options.tau) = (0.9, 0.02)
  let environment = try VectorEnvironment(count: 4) { _ in try TimeLimit(Regulator(), maxEpisodeSteps: 20) }
  let agent = try SAC(environment, options)
  while agent.counts.environmentSteps < 4000 { _ = try agent.advance() }

  var p = 1.0
  for _ in 0..<200 { p = 1 + 0.9 * p - (0.45 * p) * (0.45 * p) / (0.1 + 0.225 * p) }
  let gain = 0.45 * p / (0.1 + 0.225 * p)
  let states: [Float] = [-0.8, -0.4, 0, 0.4, 0.8]
  let action = try agent.act(Tensor(states, shape: [5, 1]), deterministic: true).values
  #expect(zip(action, states).allSatisfy { abs(Double($0) + gain * Double($1)) < 0.3 }, "gain \(gain), actions \(action)")
}

/// The base policy makes every action in [-0.8, 0.8], the outermost of all noises beyond 0.7; the best is half the observation.
@Test(arguments: DSRLNA.UpdateOrder.allCases)
func steeringFindsTheBestNoise(order: DSRLNA.UpdateOrder) throws {
  let policy = TrianglePolicy { max(-1, min(1, $0 / 0.7)) }
  var options = DSRLNA.Options()
  (options.hidden, options.learningRate, options.batchSize, options.initRolloutSteps) = ([32, 32], 3e-3, 64, 100)
  (options.targetEntropy, options.updateOrder) = (-2, order)
  let evaluation = try guesses(4)
  let base = BasePolicyActor(policy, seed: 5)
  let before = try evaluate(policy: base.act, on: evaluation, episodes: 200, seed: 7)
  #expect(before.mean < -0.15)
  let after = try (0..<3).map { seed in
    options.seed = seed
    let agent = try DSRLNA(guesses(), policy: policy, options)
    for _ in 0..<150 { _ = try agent.advance() }
    return try evaluate(policy: { try agent.act($0, deterministic: true) }, on: evaluation, episodes: 200, seed: 7).mean
  }
  #expect(after.allSatisfy { $0 > -0.02 }, "\(after)")
  #expect(policy.largestNoise > 1.5)  // the base policy's own noise is not confined to the actor's box
}

/// The same by SAC over the noise.
@Test func noiseSACFindsTheBestNoise() throws {
  let policy = TrianglePolicy { max(-1, min(1, $0 / 0.7)) }
  var options = SteeringSACOptions()
  (options.hidden, options.learningRate, options.batchSize, options.initRolloutSteps) = ([32, 32], 3e-3, 64, 100)
  options.targetEntropy = -2
  let after = try (0..<3).map { seed in
    options.seed = seed
    let agent = try SAC(guesses(), policy: policy, options)
    for _ in 0..<150 { _ = try agent.advance() }
    return try evaluate(policy: { try agent.act($0, deterministic: true) }, on: guesses(4), episodes: 200, seed: 7).mean
  }
  #expect(after.allSatisfy { $0 > -0.02 }, "\(after)")
}

// MARK: Same seed, same numbers

@Test func sameSeedSameNumbers() throws {
  for _ in 0..<2 {
    let (one, two, other) = (try smallSteering(), try smallSteering(), try smallSteering { $0.seed = 1 })
    for _ in 0..<4 {
      let (a, b, c) = (try one.advance(), try two.advance(), try other.advance())
      #expect(a.metrics == b.metrics)
      #expect(a.episodes == b.episodes)
      #expect(a.episodes != c.episodes)
    }
    #expect(learned(one) == learned(two))
    #expect(learned(one) != learned(other))
  }
}

@Test func evaluationDoesNotMoveTraining() throws {
  let (one, two) = (try smallSteering(), try smallSteering())
  for _ in 0..<3 {
    _ = try one.advance()
    _ = try two.act(probe(), deterministic: false)
    _ = try two.advance()
  }
  #expect(learned(one) == learned(two))
}

/// Stopped before each of its steps in turn, an agent goes on to the same numbers.
@Test func interruptsChangeNothing() throws {
  let (one, two) = (try smallSteering(), try smallSteering())
  for _ in 0..<3 {
    let whole = try one.advance()
    var steps = 0
    var broken: Advance?
    while broken == nil {
      var left = steps == 0 ? 0 : 1
      two.interruption = {
        if left == 0 { throw Interrupt.requested }
        left -= 1
      }
      do { broken = try two.advance() } catch is Interrupt { steps += 1 }
    }
    #expect(steps > 1)
    #expect(broken?.metrics == whole.metrics)
    #expect(broken?.episodes == whole.episodes)
    #expect(broken?.gradientSteps == whole.gradientSteps)
  }
  #expect(learned(one) == learned(two))
}

private func restored<A: Agent>(_ agent: A, into fresh: A) throws -> A {
  try fresh.load(Dictionary(agent.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }, agent.record)
  return fresh
}

@Test func checkpointsContinueToTheBit() throws {
  let steering = try smallSteering()
  for _ in 0..<3 { _ = try steering.advance() }
  var left = 6  // stops amid the distillation
  steering.interruption = {
    left -= 1
    if left < 0 { throw Interrupt.requested }
  }
  #expect(throws: Interrupt.self) { try steering.advance() }
  #expect(steering.distillation != nil)
  steering.interruption = {}
  let copy = try restored(steering, into: smallSteering { $0.seed = 77 })
  for _ in 0..<3 { #expect(try copy.advance().metrics == steering.advance().metrics) }
  #expect(learned(copy) == learned(steering))
  #expect(copy.counts == steering.counts)

  let sac = try smallSAC()
  for _ in 0..<8 { _ = try sac.advance() }
  let twin = try restored(sac, into: smallSAC { $0.seed = 77 })
  for _ in 0..<3 { #expect(try twin.advance().metrics == sac.advance().metrics) }
  #expect(throws: UsageError.self) { try twin.load([:], steering.record) }

  let noise = try smallNoiseSAC()
  for _ in 0..<4 { _ = try noise.advance() }
  let again = try restored(noise, into: smallNoiseSAC { $0.seed = 77 })
  for _ in 0..<3 { #expect(try again.advance().metrics == noise.advance().metrics) }
  #expect(throws: UsageError.self) { try twin.load([:], noise.record) }
}

/// -1: as many gradient steps as transitions came in.
@Test func gradientStepsFollowTransitions() throws {
  let agent = try smallSAC { ($0.gradientSteps, $0.trainFreq) = (-1, 2) }
  for _ in 0..<2 { _ = try agent.advance() }
  let advance = try agent.advance()
  #expect(advance.transitions == 8 && advance.gradientSteps == 8)
}

// MARK: Evaluation

/// Episodes of environment i last i + 1 steps; each does its share all the same.
private final class Staircase: Environment {
  let id = "Staircase"
  let observationSpace = Box(symmetric: 1, count: 1)
  let actionSpace = Box(symmetric: 1, count: 1)
  let maxEpisodeSteps: Int? = nil
  let runsOnAnyThread = true
  var stream = RandomStream(seed: 0)
  let length: Int
  private var step = 0

  init(length: Int) { self.length = length }
  func reset() -> [Double] {
    step = 0
    return [0]
  }
  func step(_ action: [Double]) -> Step {
    step += 1
    return Step(observation: [0], reward: 1, terminated: step == length, info: ["success": length == 1 ? 1 : 0])
  }
  var state: EnvironmentState { EnvironmentState(id: id, numbers: [Double(step)], stream: stream) }
  func restore(_ state: EnvironmentState) { step = Int(state.numbers[0]) }
}

@Test func evaluationGivesEveryEnvironmentItsShare() throws {
  let environment = try VectorEnvironment(count: 3) { Staircase(length: $0 + 1) }
  let evaluation = try evaluate(policy: { Tensor.zeros([$0.shape[0], 1]) }, on: environment, episodes: 7, seed: 0)
  #expect(evaluation.lengths == [1, 1, 1, 2, 2, 3, 3])
  #expect(evaluation.returns == [1, 1, 1, 2, 2, 3, 3])
  #expect(evaluation.successRate == 3.0 / 7)
  #expect(abs(evaluation.mean - 13.0 / 7) < 1e-12 && abs(evaluation.std - 0.832_993_1) < 1e-6)
  #expect(throws: UsageError.self) { try evaluate(policy: { $0 }, on: environment, episodes: 0, seed: 0) }
}

@Test func evaluationsOfOneSeedMeetTheSameEpisodes() throws {
  let environment = try guesses(3)
  let one = try evaluate(policy: { Tensor.zeros([$0.shape[0], 1]) }, on: environment, episodes: 10, seed: 4)
  let two = try evaluate(policy: { Tensor.zeros([$0.shape[0], 1]) }, on: environment, episodes: 10, seed: 4)
  let other = try evaluate(policy: { Tensor.zeros([$0.shape[0], 1]) }, on: environment, episodes: 10, seed: 5)
  #expect(one == two)
  #expect(one != other)
  #expect(one.successes == nil)
}
