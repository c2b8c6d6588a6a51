import Tensors

/// Noise-v0's options.
public struct NoiseOptions: EnvironmentOptions {
  /// Numbers in an observation.
  public var observationSize = 11
  /// Numbers in an action, each in [-1, 1].
  public var actionSize = 3
  /// The probability that a step ends the episode.
  public var termination = 0.01

  public init() {}

  public func make() throws -> any Environment { try Noise(self) }
}

/// Noise-v0: observations and rewards are standard normal numbers whatever one does, episodes end by chance. There is nothing to learn;
/// it costs next to nothing and has any size, so that what remains is the agent's own time.
public final class Noise: Environment {
  public let options: NoiseOptions
  public let id = "Noise-v0"
  public let observationSpace: Box
  public let actionSpace: Box
  public let maxEpisodeSteps: Int? = 1000
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")

  /// Throws for sizes and a probability that make no environment.
  public init(_ options: NoiseOptions = NoiseOptions()) throws {
    for (name, size) in [("observation_size", options.observationSize), ("action_size", options.actionSize)] {
      guard (1...1 << 20).contains(size) else { throw UsageError("\(name) wants 1 to \(1 << 20), got \(size)") }
    }
    guard (0...1).contains(options.termination) else { throw UsageError("termination wants to be in [0, 1], got \(options.termination)") }
    self.options = options
    observationSpace = Box(symmetric: .infinity, count: options.observationSize)
    actionSpace = Box(symmetric: 1, count: options.actionSize)
  }

  public func reset() throws -> [Double] { (0..<options.observationSize).map { _ in stream.normal() } }

  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let observation = try reset()
    let reward = stream.normal()
    return Step(observation: observation, reward: reward, terminated: stream.uniform() < options.termination)
  }

  public var state: EnvironmentState { EnvironmentState(id: id, numbers: [], stream: stream) }

  public func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: 0)
    stream = state.stream
  }
}
