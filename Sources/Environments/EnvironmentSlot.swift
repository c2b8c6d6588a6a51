import Tensors

/// One environment's place in a VectorEnvironment, touched by one thread at a time.
final class EnvironmentSlot: @unchecked Sendable {
  let environment: any Environment
  var index = 0
  var observation: [Double]
  /// Of the episode under way.
  private var (episodeReturn, episodeLength) = (0.0, 0)
  var outcome = Outcome()

  /// What the last chunk brought.
  struct Outcome {
    var finalObservation: [Double] = []
    var reward = 0.0
    var (terminated, truncated) = (false, false)
    var stepsTaken = 0
    var episode: EpisodeRecord?
    var executed: [ExecutedStep] = []
  }

  init(_ environment: any Environment) {
    self.environment = environment
    observation = Array(repeating: 0, count: environment.observationSpace.count)
  }

  func reset() throws {
    observation = try environment.reset()
    (episodeReturn, episodeLength) = (0, 0)
  }

  /// Executes this slot's chunk of `values` [n, chunk, action], as far as the episode goes; then begins the next where it ended.
  func run(_ values: [Float], chunk: Int, actionSpace: Box, recording: Bool) throws {
    begin()
    for step in 0..<chunk {
      if step % 256 == 255 { try Interrupt.check() }
      try take(action(values, step: step, chunk: chunk, actionSpace), recording: recording)
      if hasEnded { break }
    }
    try finish()
  }

  // A chunk step by step, for those that step together.

  var hasEnded: Bool { outcome.terminated || outcome.truncated }

  func begin() { outcome = Outcome() }

  /// The action of `values` [n, chunk, action] at `step` of the chunk, clipped.
  func action(_ values: [Float], step: Int, chunk: Int, _ actionSpace: Box) -> [Double] {
    let width = actionSpace.count
    let first = (index * chunk + step) * width
    return [Double](unsafeUninitializedCapacity: width) { buffer, count in
      for element in 0..<width { buffer[element] = min(max(Double(values[first + element]), actionSpace.low[element]), actionSpace.high[element]) }
      count = width
    }
  }

  /// One step of the chunk.
  func take(_ action: [Double], recording: Bool) throws {
    let result = try environment.step(action)
    if recording {
      outcome.executed.append(
        ExecutedStep(
          observation: Array(observation.suffix(environment.frameSize)), action: action, reward: result.reward,
          terminated: result.terminated, truncated: result.truncated))
    }
    observation = result.observation
    outcome.reward += result.reward
    outcome.stepsTaken += 1
    episodeReturn += result.reward
    episodeLength += 1
    (outcome.terminated, outcome.truncated) = (result.terminated, result.truncated)
    if hasEnded {
      let success = result.info["success"].map { $0 > 0.5 }
      outcome.episode = EpisodeRecord(environment: index, return: episodeReturn, length: episodeLength, success: success)
    }
  }

  /// After the last step of the chunk.
  func finish() throws {
    outcome.finalObservation = observation
    if hasEnded { try reset() }
  }

  struct State: Codable, Equatable, Sendable {
    var environment: EnvironmentState
    var observation: [Double]
    var episodeReturn: Double
    var episodeLength: Int
  }

  var state: State {
    get throws {
      State(
        environment: try environment.state, observation: observation, episodeReturn: episodeReturn, episodeLength: episodeLength)
    }
  }

  func restore(_ state: State) throws {
    guard state.observation.count == observation.count else {
      throw UsageError("this state has observations of \(state.observation.count) numbers, wanted \(observation.count)")
    }
    try environment.restore(state.environment)
    (observation, episodeReturn, episodeLength) = (state.observation, state.episodeReturn, state.episodeLength)
  }
}
