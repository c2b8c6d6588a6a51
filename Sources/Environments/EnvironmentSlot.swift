import Tensors

/// One environment's place in a VectorEnvironment, touched by one thread at a time.
final class EnvironmentSlot: @unchecked Sendable {
  let environment: any Environment
  var index = 0
  private(set) var observation: [Double]
  /// Of the episode under way.
  private var (episodeReturn, episodeLength) = (0.0, 0)
  private(set) var outcome = Outcome()

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
    outcome = Outcome()
    let width = actionSpace.count
    for step in 0..<chunk {
      if step % 256 == 255 { try Interrupt.check() }
      let first = (index * chunk + step) * width
      let action = actionSpace.clip(values[first..<first + width].map(Double.init))
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
      if result.terminated || result.truncated {
        let success = result.info["success"].map { $0 > 0.5 }
        outcome.episode = EpisodeRecord(environment: index, return: episodeReturn, length: episodeLength, success: success)
        break
      }
    }
    outcome.finalObservation = observation
    if outcome.episode != nil { try reset() }
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
