import Environments
import Foundation
import Tensors
import Testing

/// Several observations at once, of an environment whose observation is its step counter.
struct FrameStackTests {
  private func counters(_ lengths: [Int], steps: Int, chunk: Int = 1) throws -> VectorEnvironment {
    try VectorEnvironment(count: lengths.count, chunk: chunk) { try FrameStackObservation(Counter(length: lengths[$0]), observationSteps: steps) }
  }

  @Test func theFirstFrameIsRepeatedThenTheOldestGoes() throws {
    let environment = try FrameStackObservation(TimeLimit(Counter(length: 100), maxEpisodeSteps: 5), observationSteps: 3)
    #expect(environment.observationSpace.count == 3 && environment.frameSize == 1)
    #expect(try environment.reset() == [0, 0, 0])
    let steps = try (0..<5).map { _ in try environment.step([0]) }
    #expect(steps.map(\.observation) == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]])
    #expect(steps.map(\.truncated) == [false, false, false, false, true])
    #expect(try environment.reset() == [0, 0, 0])
    #expect(environment.maxEpisodeSteps == 5)
  }

  /// The final observation holds the episode that ended, the observation the one that began, and no frame of one is in the other.
  @Test func autoresetKeepsEpisodesApart() throws {
    let vector = try counters([2, 3], steps: 3)
    #expect(try vector.reset().values == [0, 0, 0, 0, 0, 0])
    var step = try vector.step(.zeros([2, 1]))
    #expect(step.observation.values == [0, 0, 1, 0, 0, 1])
    step = try vector.step(.zeros([2, 1]))
    #expect(step.finalObservation.values == [0, 1, 2, 0, 1, 2])
    #expect(step.observation.values == [0, 0, 0, 0, 1, 2])
    step = try vector.step(.zeros([2, 1]))
    #expect(step.finalObservation.values == [0, 0, 1, 1, 2, 3])
    #expect(step.observation.values == [0, 0, 1, 0, 0, 0])
  }

  @Test func framesWithinAChunkCount() throws {
    let vector = try counters([100, 6], steps: 2, chunk: 4)
    _ = try vector.reset()
    var step = try vector.step(.zeros([2, 4]), recording: true)
    #expect(step.observation.values == [3, 4, 3, 4])
    #expect(step.executed[0].map(\.observation) == [[0], [1], [2], [3]])
    step = try vector.step(.zeros([2, 4]), recording: true)
    #expect(step.finalObservation.values == [7, 8, 5, 6])
    #expect(step.observation.values == [7, 8, 0, 0])
    #expect(step.stepsTaken == [4, 2])
    #expect(step.executed[1].map(\.observation) == [[4], [5]])
  }

  @Test func dataHoldSingleObservations() throws {
    let set = try collect(from: counters([5], steps: 3, chunk: 2), steps: 5) { _ in .zeros([1, 2, 1]) }
    #expect(set.observations.shape == [5, 1])
    #expect(set.observations.values == [0, 1, 2, 3, 4])
  }

  @Test func aStateHoldsTheFrames() throws {
    func hoppers() throws -> VectorEnvironment {
      try VectorEnvironment(count: 3, chunk: 2, seed: 4) { _ in try FrameStackObservation(Environments.make("Hopper-v5"), observationSteps: 3) }
    }
    func trace(_ vector: VectorEnvironment, _ stream: inout RandomStream) throws -> [Float] {
      try (0..<20).flatMap { _ in
        let step = try vector.step(Tensor.uniform([3, 2, 3], -1, 1, using: &stream))
        return step.observation.values + step.finalObservation.values
      }
    }
    let original = try hoppers(), other = try hoppers()
    var stream = RandomStream(seed: 2)
    _ = try original.reset()
    _ = try trace(original, &stream)
    let state = try JSONDecoder().decode(VectorEnvironment.State.self, from: JSONEncoder().encode(original.state))
    try other.restore(state)
    #expect(other.observation.values == original.observation.values)
    var same = stream
    #expect(try trace(other, &same) == trace(original, &stream))
  }

  @Test func mistakesAreExplained() throws {
    #expect(message { _ = try FrameStackObservation(Counter(length: 1), observationSteps: 0) } == "observation_steps wants a positive number, got 0")
    #expect(message { _ = try FrameStackObservation(Counter(length: 1), observationSteps: .max) }.contains("Counter wants observation_steps up to 1048576"))
    let plain = try Environments.make("Pendulum-v1")
    let stacked = try FrameStackObservation(Environments.make("Pendulum-v1"), observationSteps: 2)
    _ = try (plain.reset(), stacked.reset())
    #expect(message { try stacked.restore(plain.state) } == "this state of Pendulum-v1 holds 0 numbers of earlier observations, wanted 6")
    #expect(message { try plain.restore(stacked.state) }.hasPrefix("this state of Pendulum-v1 holds earlier observations"))
    let mixed = message {
      _ = try VectorEnvironment(count: 2) { index -> any Environment in
        if index == 1 { return try Environments.make("Noise-v0", noise(6)) }
        return try FrameStackObservation(Environments.make("Noise-v0", noise(3)), observationSteps: 2)
      }
    }
    #expect(mixed == "environment 2 (Noise-v0) has observation_steps 1, the first (Noise-v0) 2")
  }

  private func noise(_ size: Int) -> NoiseOptions {
    var options = NoiseOptions()
    options.observationSize = size
    return options
  }
}
