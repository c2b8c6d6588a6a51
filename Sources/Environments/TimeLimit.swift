import Tensors

/// Cuts an environment's episodes off after a number of steps, and sees that nobody steps outside an episode.
public final class TimeLimit: Environment {
  public let unwrapped: any Environment
  /// Steps until truncation; nil for never.
  public let maxEpisodeSteps: Int?
  public private(set) var elapsedSteps = 0
  private var isRunning = false

  /// `maxEpisodeSteps` must be positive.
  public init(_ environment: any Environment, maxEpisodeSteps: Int?) throws {
    if let limit = maxEpisodeSteps, limit < 1 { throw UsageError("max_episode_steps wants a positive number, got \(limit)") }
    (unwrapped, self.maxEpisodeSteps) = (environment, maxEpisodeSteps)
  }

  public var id: String { unwrapped.id }
  public var observationSpace: Box { unwrapped.observationSpace }
  public var actionSpace: Box { unwrapped.actionSpace }
  public var runsOnAnyThread: Bool { unwrapped.runsOnAnyThread }
  public var batchRow: BatchRow? { unwrapped.batchRow }
  public var rules: [Rule] { unwrapped.rules }
  public var stream: RandomStream {
    get { unwrapped.stream }
    set { unwrapped.stream = newValue }
  }

  public func close() { unwrapped.close() }
  public func render(width: Int, height: Int) throws -> Raster { try unwrapped.render(width: width, height: height) }

  public func reset() throws -> [Double] {
    isRunning = false
    let observation = try unwrapped.reset()
    (elapsedSteps, isRunning) = (0, true)
    return observation
  }

  /// Throws before the first reset and after an episode's end.
  public func step(_ action: [Double]) throws -> Step {
    guard isRunning else {
      throw UsageError(elapsedSteps == 0 ? "\(id) wants a reset before its first step" : "the episode of \(id) is over; reset it first")
    }
    isRunning = false  // stays so where the step throws
    var step = try unwrapped.step(action)
    elapsedSteps += 1
    if let limit = maxEpisodeSteps, elapsedSteps >= limit { step.truncated = true }
    isRunning = !(step.terminated || step.truncated)
    return step
  }

  public var state: EnvironmentState {
    get throws {
      var state = try unwrapped.state
      (state.elapsedSteps, state.isRunning) = (elapsedSteps, isRunning)
      return state
    }
  }

  public func restore(_ state: EnvironmentState) throws {
    try unwrapped.restore(state)
    (elapsedSteps, isRunning) = (state.elapsedSteps, state.isRunning)
  }
}
