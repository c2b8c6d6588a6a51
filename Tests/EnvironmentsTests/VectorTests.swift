@testable import Environments
import Foundation
import Tensors
import Testing

/// Counts its steps: observes the count, earns it, ends after `length` steps.
final class Counter: Environment {
  let id = "Counter"
  let observationSpace = Box(symmetric: .infinity, count: 1)
  let actionSpace = Box(symmetric: 1, count: 1)
  let maxEpisodeSteps: Int? = nil
  let runsOnAnyThread: Bool
  var stream = RandomStream(seed: 0)
  let length: Int
  var elapsed = 0
  var lastAction = 0.0
  var steppedOn = pthread_t()

  init(length: Int, runsOnAnyThread: Bool = true) { (self.length, self.runsOnAnyThread) = (length, runsOnAnyThread) }
  func reset() throws -> [Double] {
    elapsed = 0
    return [0]
  }
  func step(_ action: [Double]) throws -> Step {
    if action[0] == 0.5 { throw UsageError("no halves") }
    elapsed += 1
    (lastAction, steppedOn) = (action[0], pthread_self())
    return Step(observation: [Double(elapsed)], reward: Double(elapsed), terminated: elapsed == length)
  }
  var state: EnvironmentState { EnvironmentState(id: id, numbers: [Double(elapsed)], stream: stream) }
  func restore(_ state: EnvironmentState) throws { elapsed = Int(state.numbers[0]) }
}

@Suite struct VectorTests {
  @Test func aChunkStopsAtTheStepThatEndsTheEpisode() throws {
    let vector = try VectorEnvironment(count: 2, chunk: 4) {
      try TimeLimit(Counter(length: $0 == 0 ? 6 : 100), maxEpisodeSteps: $0 == 0 ? nil : 3)
    }
    #expect(try vector.reset().values == [0, 0])
    let actions = Tensor.zeros([2, 4, 1])

    var step = try vector.step(actions, recording: true)
    #expect(step.observation.shape == [2, 1])
    #expect(step.observation.values == [4, 0])  // the second has been reset
    #expect(step.finalObservation.values == [4, 3])
    #expect(step.reward.values == [10, 6])
    #expect(step.terminated == [false, false])
    #expect(step.truncated == [false, true])
    #expect(step.stepsTaken == [4, 3])
    #expect(step.episodes == [EpisodeRecord(environment: 1, return: 6, length: 3, success: nil)])
    #expect(step.executed.map(\.count) == [4, 3])
    #expect(step.executed[0].map(\.observation) == [[0], [1], [2], [3]])
    #expect(vector.environmentSteps == 7)

    step = try vector.step(actions.reshape([2, 4]))
    #expect(step.finalObservation.values == [6, 3])
    #expect(step.observation.values == [0, 0])
    #expect(step.reward.values == [11, 6])
    #expect(step.terminated == [true, false])
    #expect(step.stepsTaken == [2, 3])
    #expect(step.episodes.map(\.return) == [21, 6])
    #expect(step.episodes.map(\.length) == [6, 3])
    #expect(step.executed.map(\.count) == [0, 0])
    #expect(vector.environmentSteps == 12)
  }

  @Test func actionsAreClippedOrRefused() throws {
    var made: [Counter] = []
    let vector = try VectorEnvironment(count: 3, chunk: 2) { _ in
      made.append(Counter(length: 100))
      return made[made.count - 1]
    }
    #expect(message { _ = try vector.step(Tensor.zeros([3, 2])) } == "Counter wants a reset before its first step")
    _ = try vector.reset()
    _ = try vector.step(Tensor([5, 5, -5, -5, 0.25, 0.25], shape: [3, 2]))
    #expect(made.map(\.lastAction) == [1, -1, 0.25])
    #expect(
      message { _ = try vector.step(Tensor([0, 0, 0, .nan, 0, 0], shape: [3, 2, 1])) } == "the action for environment 2 holds nan")
    #expect(made.map(\.elapsed) == [2, 2, 2])
    #expect(
      message { _ = try vector.step(Tensor.zeros([3, 1])) } == "Counter wants actions of shape [3, 2, 1] or [3, 2], got [3, 1]")
    #expect(message { _ = try vector.step(Tensor([0, 0, 0, 0, 0, 0.5], shape: [3, 2])) } == "environment 3: no halves")
    #expect(message { _ = try vector.step(Tensor.zeros([3, 2])) } == "Counter wants a reset before its first step")
  }

  @Test func unfitVectorsAreRefused() {
    #expect(message { _ = try VectorEnvironment(count: 0) { _ in Counter(length: 1) } } == "num_envs wants a positive number, got 0")
    #expect(message { _ = try VectorEnvironment(count: 1, chunk: 0) { _ in Counter(length: 1) } } == "chunk wants a positive number, got 0")
    let one = Counter(length: 1)
    #expect(message { _ = try VectorEnvironment(count: 2) { _ in one } }.hasPrefix("environment 2 is one that is there already"))
    #expect(
      message { _ = try VectorEnvironment(count: 2) { try Environments.make($0 == 0 ? "Hopper-v5" : "Pendulum-v1") } }
        == "environment 2 (Pendulum-v1) has other spaces than the first (Hopper-v5)")
  }

  private func hoppers(seed: Int) throws -> VectorEnvironment {
    try VectorEnvironment(count: 5, chunk: 4, seed: seed) { _ in try Environments.make("Hopper-v5") }
  }

  /// Everything 30 chunks of random actions bring: some 120 steps each, with several episodes.
  private func trace(_ vector: VectorEnvironment, _ stream: inout RandomStream, chunks: Int = 30) throws -> [Float] {
    try (0..<chunks).flatMap { _ in
      let step = try vector.step(Tensor.uniform([5, 4, 3], -1.2, 1.2, using: &stream))
      return step.observation.values + step.finalObservation.values + step.reward.values + step.stepsTaken.map { Float($0) }
    }
  }

  @Test func threadsDoNotMatter() throws {
    let before = Threads.count
    defer { try? Threads.use(before) }
    var traces: [[Float]] = []
    for threads in [1, 2, 5] {
      try Threads.use(threads)
      let vector = try hoppers(seed: 4)
      var stream = RandomStream(seed: 9)
      traces.append(try vector.reset().values + trace(vector, &stream))
    }
    #expect(traces[0] == traces[1])
    #expect(traces[0] == traces[2])
  }

  @Test func environmentsDifferAndSeedsRule() throws {
    let vector = try hoppers(seed: 4)
    let first = try vector.reset().values
    #expect(Set(stride(from: 0, to: 55, by: 11).map { first[$0] }).count == 5)
    #expect(try vector.reset().values != first)
    #expect(try vector.reset(seed: 4).values == first)
    #expect(try hoppers(seed: 5).reset().values != first)
  }

  @Test func aVectorIsRestoredToTheBit() throws {
    let original = try hoppers(seed: 1)
    _ = try original.reset()
    var stream = RandomStream(seed: 2)
    _ = try trace(original, &stream, chunks: 7)
    let state = try JSONDecoder().decode(VectorEnvironment.State.self, from: JSONEncoder().encode(original.state))
    let other = try hoppers(seed: 77)
    try other.restore(state)
    #expect(other.observation.values == original.observation.values)
    #expect(other.environmentSteps == original.environmentSteps)
    var sameStream = stream
    #expect(try trace(original, &stream) == trace(other, &sameStream))
    #expect(try original.state == other.state)
    let few = try VectorEnvironment(count: 2) { _ in try Environments.make("Hopper-v5") }
    #expect(message { try few.restore(state) } == "this state is of 5 environments, wanted 2")
  }

  @Test func whatMayNotChangeThreadsDoesNot() throws {
    let before = Threads.count
    defer { try? Threads.use(before) }
    try Threads.use(4)
    var made: [Counter] = []
    let vector = try VectorEnvironment(count: 8) { _ in
      made.append(Counter(length: 3, runsOnAnyThread: false))
      return made[made.count - 1]
    }
    _ = try vector.reset()
    _ = try vector.step(Tensor.zeros([8, 1]))
    #expect(made.allSatisfy { pthread_equal($0.steppedOn, pthread_self()) != 0 })
  }
}
