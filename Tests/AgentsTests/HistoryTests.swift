import Diffusion
import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

/// Observes the step's number t, pays -|100 a - t|, ends after `length` steps.
private final class Clock: Environment {
  let id = "Clock"
  let observationSpace = Box(symmetric: .infinity, count: 1)
  let actionSpace = Box(symmetric: 1, count: 1)
  let maxEpisodeSteps: Int? = nil
  let runsOnAnyThread = true
  var stream = RandomStream(seed: 0, purpose: "env")
  let length: Int
  private var time = 0

  init(length: Int) { self.length = length }

  func reset() -> [Double] {
    time = 0
    return [0]
  }
  func step(_ action: [Double]) -> Step {
    let reward = -abs(100 * action[0] - Double(time))
    time += 1
    return Step(observation: [Double(time)], reward: reward, terminated: time == length)
  }
  var state: EnvironmentState { EnvironmentState(id: id, numbers: [Double(time)], stream: stream) }
  func restore(_ state: EnvironmentState) { time = Int(state.numbers[0]) }
}

/// Predicts what Clock pays best for, from the moment `actionOffset` before the last of the observations on; whatever the noise.
private final class ClockReader: BasePolicy {
  let observationSize = 1, actionSize = 1
  let observationSteps, horizon, actionSteps, actionOffset: Int
  var latentSize: Int { horizon }

  init(observationSteps: Int, horizon: Int, actionSteps: Int, actionOffset: Int) {
    (self.observationSteps, self.horizon, self.actionSteps, self.actionOffset) = (observationSteps, horizon, actionSteps, actionOffset)
  }

  func normalize(_ observation: Tensor) -> Tensor { observation / 2 }
  func denormalize(_ chunk: Tensor) -> Tensor { chunk * 0.5 }
  func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    let now = try (observation.narrow(1, observationSteps - 1, 1) * 2).values
    return try Tensor(now.flatMap { now in (0..<horizon).map { (now + Float($0 - actionOffset)) / 50 } }, shape: [now.count, horizon])
  }
}

struct HistoryTests {
  private func clocks(_ count: Int, chunk: Int, steps: Int) throws -> VectorEnvironment {
    try VectorEnvironment(count: count, chunk: chunk) { try FrameStackObservation(Clock(length: 7 + $0), observationSteps: steps) }
  }

  /// Any other slice of the prediction would cost something.
  @Test(arguments: [(1, 4, 4, 0), (1, 8, 2, 0), (2, 8, 3, 1), (3, 6, 2, 2), (2, 6, 3, 0)])
  func whatIsExecutedBeginsNow(steps: Int, horizon: Int, actions: Int, offset: Int) throws {
    let policy = ClockReader(observationSteps: steps, horizon: horizon, actionSteps: actions, actionOffset: offset)
    let base = try evaluate(policy: BasePolicyActor(policy, seed: 1).act, on: clocks(3, chunk: actions, steps: steps), episodes: 6, seed: 1)
    #expect(base.returns.allSatisfy { abs($0) < 1e-4 }, "\(base.returns)")

    var options = DSRLNA.Options()
    (options.hidden, options.batchSize, options.initRolloutSteps, options.gradientSteps, options.noiseCriticGradSteps) = ([8], 8, 2, 1, 1)
    options.trainFreq = 1
    let agent = try DSRLNA(clocks(2, chunk: actions, steps: steps), policy: policy, options)
    for _ in 0..<12 { _ = try agent.advance() }
    let batch = agent.replay.gather(Array(0..<agent.replay.count))
    #expect(batch.reward.values.allSatisfy { abs($0) < 1e-4 })
    #expect(batch.action.shape == [24, actions] && batch.observation.shape == [24, steps])
    #expect(agent.actor.actionSize == horizon)
    let now = try (batch.observation.narrow(1, steps - 1, 1) * 2).values
    let stored = batch.action.values
    for (i, time) in now.enumerated() {
      for k in 0..<actions { #expect(abs(stored[i * actions + k] - (time + Float(k)) / 50) < 1e-5) }
    }
    let steered = try evaluate(policy: { try agent.act($0, deterministic: true) }, on: clocks(3, chunk: actions, steps: steps), episodes: 6, seed: 1)
    #expect(steered.returns.allSatisfy { abs($0) < 1e-4 })
  }

  /// What is remembered of a chunk: the observations before it and after it, the latter before any reset.
  @Test func transitionsHoldTheFramesOfTheirOwnEpisode() throws {
    let policy = ClockReader(observationSteps: 3, horizon: 4, actionSteps: 3, actionOffset: 0)
    var options = DSRLNA.Options()
    (options.hidden, options.initRolloutSteps, options.trainFreq) = ([8], 100, 1)
    let agent = try DSRLNA(clocks(1, chunk: 3, steps: 3), policy: policy, options)
    for _ in 0..<4 { _ = try agent.advance() }
    let batch = agent.replay.gather(Array(0..<4))
    #expect((batch.observation * 2).values == [0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0])
    #expect((batch.nextObservation * 2).values == [1, 2, 3, 4, 5, 6, 5, 6, 7, 1, 2, 3])
    #expect(batch.alive.values == [1, 1, 0, 1])
  }

  @Test func aPolicyThatDoesNotFitIsRefused() throws {
    func attempt(_ environment: VectorEnvironment, _ policy: ClockReader) -> String {
      do { _ = try DSRLNA(environment, policy: policy) } catch { return "\(error)" }
      return "no error"
    }
    let policy = ClockReader(observationSteps: 2, horizon: 8, actionSteps: 3, actionOffset: 1)
    #expect(try attempt(clocks(1, chunk: 3, steps: 2), policy) == "no error")
    #expect(
      try attempt(clocks(1, chunk: 8, steps: 2), policy)
        == "the environment Clock executes chunk = 8 actions at a step, the policy decides on action_steps = 3")
    #expect(
      try attempt(clocks(1, chunk: 3, steps: 1), policy)
        == "the environment Clock shows observation_steps = 1 observations, the policy wants 2")
    let guesses = try VectorEnvironment(count: 1, chunk: 3) { _ in Guess(actions: 2) }
    #expect(attempt(guesses, policy) == "the environment Guess wants a policy of observation 1, action 2, got 1, 1")
  }

  /// To the bit, amid an episode.
  @Test func anAgentIsSavedWithItsFrames() throws {
    func make() throws -> DSRLNA {
      var options = DSRLNA.Options()
      (options.hidden, options.batchSize, options.initRolloutSteps, options.gradientSteps, options.noiseCriticGradSteps) = ([8], 8, 2, 1, 1)
      return try DSRLNA(clocks(2, chunk: 2, steps: 2), policy: ClockReader(observationSteps: 2, horizon: 4, actionSteps: 2, actionOffset: 1), options)
    }
    let (original, other) = (try make(), try make())
    for _ in 0..<6 { _ = try original.advance() }
    try other.load(Dictionary(uniqueKeysWithValues: original.tensors.map { ($0.name, $0.tensor.clone()) }), original.record)
    for _ in 0..<3 {
      let (a, b) = (try original.advance(), try other.advance())
      #expect(a.metrics == b.metrics)
    }
    #expect(learned(original) == learned(other))
  }
}
