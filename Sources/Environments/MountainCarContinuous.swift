import Glibc
import Tensors

/// MountainCarContinuous-v0's options, by Gymnasium's names and with its defaults.
public struct MountainCarContinuousOptions: EnvironmentOptions {
  /// The least speed at the goal that ends the episode.
  public var goalVelocity = 0.0

  public init() {}

  public func make() throws -> any Environment { MountainCarContinuous(self) }
}

/// MountainCarContinuous-v0: a car too weak to climb a hill swings itself up (Gymnasium, envs/classic_control/continuous_mountain_car.py).
///
/// Observes position and velocity, which are float32 numbers, as Gymnasium keeps them; what lies between is computed in double precision.
public final class MountainCarContinuous: Environment {
  public let options: MountainCarContinuousOptions
  public let id = "MountainCarContinuous-v0"
  public let observationSpace: Box
  public let actionSpace = Box(symmetric: 1, count: 1)
  public let maxEpisodeSteps: Int? = 999
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")

  private static let positions = (low: -1.2, high: 0.6)
  private static let maxSpeed = 0.07
  private static let goal = 0.45
  private static let power = 0.0015
  private static let gravity = 0.0025

  private(set) var (position, velocity) = (0.0, 0.0)

  public init(_ options: MountainCarContinuousOptions = MountainCarContinuousOptions()) {
    self.options = options
    func rounded(_ value: Double) -> Double { Double(Float(value)) }
    let (positions, speed) = (MountainCarContinuous.positions, rounded(MountainCarContinuous.maxSpeed))
    observationSpace = Box(between: [rounded(positions.low), -speed], and: [rounded(positions.high), speed])
  }

  public func reset() throws -> [Double] { start(position: stream.uniform(-0.6, -0.4), velocity: 0) }

  /// Starts an episode here, with no random numbers.
  public func start(position: Double, velocity: Double) -> [Double] {
    (self.position, self.velocity) = (position, velocity)
    return observation
  }

  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let car = MountainCarContinuous.self
    let force = actionSpace.clip(action)[0]
    velocity += force * car.power - car.gravity * cos(3 * position)
    velocity = min(max(velocity, -car.maxSpeed), car.maxSpeed)
    position = min(max(position + velocity, car.positions.low), car.positions.high)
    if position == car.positions.low, velocity < 0 { velocity = 0 }

    let arrived = position >= car.goal && velocity >= options.goalVelocity
    (position, velocity) = (Double(Float(position)), Double(Float(velocity)))
    return Step(observation: observation, reward: (arrived ? 100 : 0) - 0.1 * (action[0] * action[0]), terminated: arrived)
  }

  public var rules: [Rule] {
    [
      Rule(topic: "version", text: "rules of Gymnasium 1.2"), Rule(topic: "reward", text: "100 at the goal - 0.1 action²"),
      Rule(topic: "ends", text: "at x = 0.45 with a speed of \(Box.short(options.goalVelocity)) or more"),
      Rule(topic: "starts", text: "x in [-0.6, -0.4), at rest"),
    ]
  }

  public var state: EnvironmentState { EnvironmentState(id: id, numbers: [position, velocity], stream: stream) }

  public func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: 2)
    (position, velocity, stream) = (state.numbers[0], state.numbers[1], state.stream)
  }

  private var observation: [Double] { [Double(Float(position)), Double(Float(velocity))] }
}
