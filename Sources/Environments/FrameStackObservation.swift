import Tensors

/// Shows an environment's last `observationSteps` observations at once, oldest first, the first one repeated at an episode's start.
public final class FrameStackObservation: Environment {
  public let unwrapped: any Environment
  public let observationSteps: Int
  public let observationSpace: Box
  /// What the last step or reset showed.
  private var frames: [Double]

  private static let largest = 1 << 20

  /// `environment` with its time limit. Throws for a number that is not positive, and for more numbers than an observation may have.
  public init(_ environment: any Environment, observationSteps: Int) throws {
    guard observationSteps >= 1 else { throw UsageError("observation_steps wants a positive number, got \(observationSteps)") }
    let space = environment.observationSpace
    let most = FrameStackObservation.largest / max(space.count, 1)
    guard observationSteps <= most else {
      throw UsageError("\(environment.id) wants observation_steps up to \(most) for its \(space.count) numbers, got \(observationSteps)")
    }
    func repeated(_ ends: [Double]) -> [Double] { Array(repeatElement(ends, count: observationSteps).joined()) }
    (unwrapped, self.observationSteps) = (environment, observationSteps)
    observationSpace = try Box(low: repeated(space.low), high: repeated(space.high))
    frames = Array(repeating: 0, count: observationSpace.count)
  }

  public var id: String { unwrapped.id }
  public var actionSpace: Box { unwrapped.actionSpace }
  public var maxEpisodeSteps: Int? { unwrapped.maxEpisodeSteps }
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
    let first = try unwrapped.reset()
    frames = Array(repeatElement(first, count: observationSteps).joined())
    return frames
  }

  public func step(_ action: [Double]) throws -> Step {
    var step = try unwrapped.step(action)
    frames.removeFirst(step.observation.count)
    frames += step.observation
    step.observation = frames
    return step
  }

  public var state: EnvironmentState {
    get throws {
      var state = try unwrapped.state
      state.frames = frames
      return state
    }
  }

  public func restore(_ state: EnvironmentState) throws {
    guard let frames = state.frames, frames.count == self.frames.count else {
      throw UsageError("this state of \(state.id) holds \(state.frames?.count ?? 0) numbers of earlier observations, wanted \(self.frames.count)")
    }
    var inner = state
    inner.frames = nil
    try unwrapped.restore(inner)
    self.frames = frames
  }
}
