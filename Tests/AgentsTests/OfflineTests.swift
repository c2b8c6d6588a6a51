import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

private func column(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [values.count, 1]) }

/// `count` one-step episodes of Guess with random actions in [-0.8, 0.8].
private func guessData(_ count: Int = 400) throws -> DataSet {
  let guess = Guess()
  var stream = RandomStream(seed: 11)
  var (contexts, actions, rewards): ([Float], [Float], [Float]) = ([], [], [])
  for _ in 0..<count {
    contexts.append(Float(guess.reset()[0]))
    let action = stream.uniform(-0.8, 0.8)
    actions.append(Float(action))
    rewards.append(Float(guess.step([action]).reward))
  }
  let all = Array(repeating: true, count: count)
  return try DataSet(
    observations: column(contexts), actions: column(actions), rewards: Tensor(rewards), terminals: all, timeouts: all.map { !$0 })
}

/// The base policy makes every action in [-0.8, 0.8], the outermost of all noises beyond 0.7.
private func sharp() -> TrianglePolicy { TrianglePolicy { max(-1, min(1, $0 / 0.7)) } }

private func offline(_ data: DataSet?, policy: TrianglePolicy = TrianglePolicy(), _ change: (inout DSRLNA.Options) -> Void = { _ in }) throws -> DSRLNA {
  var options = DSRLNA.Options()
  (options.hidden, options.batchSize, options.initRolloutSteps) = ([16, 16], 16, 3)
  (options.gradientSteps, options.noiseCriticGradSteps, options.learningRate) = (3, 2, 1e-3)
  change(&options)
  return try DSRLNA(guesses(chunk: policy.horizon), policy: policy, offlineData: data, options)
}

@Suite struct OfflineTests {
  /// The best action is half the observation; nobody acts while the agent learns.
  @Test func dataAloneTeachTheBestNoise() throws {
    let policy = sharp()
    let base = BasePolicyActor(policy, seed: 5)
    let before = try evaluate(policy: base.act, on: guesses(4), episodes: 200, seed: 7).mean
    #expect(before < -0.15)
    let after = try (0..<3).map { seed in
      let agent = try offline(guessData(), policy: policy) {
        ($0.hidden, $0.learningRate, $0.batchSize, $0.gradientSteps, $0.noiseCriticGradSteps) = ([32, 32], 3e-3, 64, 20, 10)
        ($0.targetEntropy, $0.seed) = (-2, seed)
      }
      for _ in 0..<100 { #expect(try agent.train().gradientSteps == 20) }
      #expect(agent.counts.environmentSteps == 0 && agent.counts.transitions == 0 && agent.counts.gradientSteps == 2000)
      return try evaluate(policy: { try agent.act($0, deterministic: true) }, on: guesses(4), episodes: 200, seed: 7).mean
    }
    #expect(after.allSatisfy { $0 > -0.02 }, "\(after)")
  }

  /// The networks see what they would have seen, had the agent acted: observations and actions as the policy scales them.
  @Test func dataLieInTheReplayAsIfDone() throws {
    let data = try guessData(5)
    let agent = try offline(data)
    let held = agent.replay.gather(Array(0..<5))
    #expect(agent.replay.count == 5 && agent.offlineData == nil)
    #expect(zip(held.observation.values, data.observations.values).allSatisfy { abs($0 - 2 * $1) < 1e-6 })
    #expect(zip(held.action.values, data.actions.values).allSatisfy { abs($0 - $1 / 0.8) < 1e-5 })
    #expect(held.reward.values == data.rewards.values && held.alive.values == [0, 0, 0, 0, 0])
    _ = try agent.advance()
    #expect(agent.replay.count == 5 + 4 * agent.options.trainFreq)
  }

  /// Frames before an episode's start are its first; chunks and their discount as where the agent acts.
  @Test func chunksShowSeveralObservations() throws {
    let environment = try VectorEnvironment(count: 1, chunk: 3) { _ in try FrameStackObservation(Guess(), observationSteps: 2) }
    let data = try DataSet(
      observations: column([1, 2, 3, 4, 5, 6]), actions: column([10, 20, 30, 40, 50, 60]), rewards: Tensor([1, 2, 4, 8, 16, 32]),
      terminals: [false, true, false, false, false, false], timeouts: [false, false, false, false, false, true])
    let chunks = try ChunkTransitions(data, of: environment, gamma: 0.5, discountPerStep: true, name: "data")
    #expect(chunks.count == 3)
    #expect(chunks.observation.values == [1, 1, 1, 2, 3, 3])
    #expect(chunks.action.values == [10, 20, 20, 20, 20, 20, 30, 40, 50])
    #expect(chunks.reward == [3, 2, 28] && chunks.alive == [0, 0, 1] && chunks.discount == [0.25, 0.5, 0.125])
    #expect(Array(chunks.nextObservation.values[4...]) == [5, 6])
    let whole = try ChunkTransitions(data, of: environment, gamma: 0.5, discountPerStep: false, name: "data")
    #expect(whole.discount == [0.5, 0.5, 0.5])
  }

  @Test func batchesTakeTheirShare() throws {
    for (ratio, wanted) in [(Float(0.25), 4), (0.5, 8), (1, 16), (0, 0)] {
      let agent = try offline(guessData(8)) { $0.offlineMixRatio = ratio }
      #expect(try agent.sampleBatch().reward.count == 16)  // all of them while there are no others
      _ = try agent.advance()
      let known = Set(try guessData(8).rewards.values)
      #expect(try agent.sampleBatch().reward.values.count { known.contains($0) } == wanted)
      #expect(agent.replay.count == 4 * agent.options.trainFreq)
    }
  }

  /// Offline first, then online; a checkpoint of either goes on to the bit.
  @Test(arguments: [nil, 0.5] as [Float?]) func goesOnOnlineAndFromCheckpoints(ratio: Float?) throws {
    func make() throws -> DSRLNA { try offline(guessData(30)) { ($0.offlineMixRatio, $0.initRolloutSteps) = (ratio, 0) } }
    let agent = try make()
    for _ in 0..<3 { _ = try agent.train() }
    for round in 0..<3 {
      let copy = try make()
      try copy.load(Dictionary(uniqueKeysWithValues: agent.tensors.map { ($0.name, $0.tensor) }), agent.record)
      let (one, two) = round == 0 ? (try copy.train(), try agent.train()) : (try copy.advance(), try agent.advance())
      #expect(one.metrics == two.metrics && one.metrics != nil)
      #expect(learned(copy) == learned(agent) && copy.counts == agent.counts)
    }
    // Where they lie apart, an agent without them is another.
    let tensors = Dictionary(uniqueKeysWithValues: agent.tensors.map { ($0.name, $0.tensor) })
    if ratio != nil { #expect(throws: UsageError.self) { try smallSteering().load(tensors, agent.record) } }
  }

  @Test func wrongDataAreRefused() throws {
    func message(_ data: DataSet?, _ change: (inout DSRLNA.Options) -> Void = { _ in }) -> String {
      do { _ = try offline(data, change) } catch { return "\(error)" }
      return "no error"
    }
    let data = try guessData(20)
    #expect(message(nil) { $0.offlineMixRatio = 0.5 } == "offline_mix_ratio wants offline_data; got none")
    #expect(message(data) { $0.offlineMixRatio = 1.5 } == "offline_mix_ratio wants a number from 0 to 1, got 1.5")
    #expect(message(data) { $0.bufferSize = 19 } == "offline_data have 20 chunks, which want a buffer_size of at least as many; got 19")
    let wide = try DataSet(
      observations: .zeros([2, 3]), actions: .zeros([2, 1]), rewards: .zeros([2]), terminals: [true, true], timeouts: [false, false])
    #expect(message(wide) == "offline_data want observations of 1 and actions of 1 numbers, got 3 and 1")
    #expect(throws: UsageError.self) { try smallSteering().train() }
  }
}
