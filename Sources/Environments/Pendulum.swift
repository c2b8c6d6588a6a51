import Glibc
import Tensors

/// Pendulum-v1's options, by Gymnasium's names and with its defaults.
public struct PendulumOptions: EnvironmentOptions {
  /// Gravity, m/s².
  public var g = 10.0

  public init() {}

  public func make() throws -> any Environment { Pendulum(self) }
}

/// Pendulum-v1: swing a rod up by a motor too weak to lift it, and hold it there (Gymnasium, envs/classic_control/pendulum.py).
///
/// Observes (cos θ, sin θ, θ'); θ = 0 is upright. Pays -(θ² + 0.1 θ'² + 0.001 u²). Computed in double precision throughout.
public final class Pendulum: Environment {
  public let options: PendulumOptions
  public let id = "Pendulum-v1"
  public let observationSpace = Box(symmetric: [1, 1, maxSpeed])
  public let actionSpace = Box(symmetric: maxTorque, count: 1)
  public let maxEpisodeSteps: Int? = 200
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")

  private static let maxSpeed = 8.0
  private static let maxTorque = 2.0
  private static let timestep = 0.05
  private static let mass = 1.0
  private static let length = 1.0

  /// θ and θ', radians and radians per second.
  private(set) var (angle, speed) = (Double.pi, 0.0)

  public init(_ options: PendulumOptions = PendulumOptions()) {
    self.options = options
  }

  public func reset() throws -> [Double] {
    start(angle: stream.uniform(-.pi, .pi), speed: stream.uniform(-1, 1))
  }

  /// Starts an episode here, with no random numbers.
  public func start(angle: Double, speed: Double) -> [Double] {
    (self.angle, self.speed) = (angle, speed)
    return observation
  }

  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let torque = actionSpace.clip(action)[0]
    let upright = Pendulum.normalized(angle)
    let cost = upright * upright + 0.1 * (speed * speed) + 0.001 * (torque * torque)

    let inertia = Pendulum.mass * Pendulum.length * Pendulum.length
    let acceleration = 3 * options.g / (2 * Pendulum.length) * sin(angle) + 3 / inertia * torque
    speed = min(max(speed + acceleration * Pendulum.timestep, -Pendulum.maxSpeed), Pendulum.maxSpeed)
    angle += speed * Pendulum.timestep
    return Step(observation: observation, reward: -cost, terminated: false)
  }

  public var rules: [Rule] {
    [
      Rule(topic: "version", text: "rules of Gymnasium 1.2"), Rule(topic: "reward", text: "-(θ² + 0.1 θ'² + 0.001 torque²), θ = 0 upright"),
      Rule(topic: "starts", text: "θ in [-π, π), θ' in [-1, 1)"),
    ]
  }

  public var state: EnvironmentState { EnvironmentState(id: id, numbers: [angle, speed], stream: stream) }

  public func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: 2)
    (angle, speed, stream) = (state.numbers[0], state.numbers[1], state.stream)
  }

  private var observation: [Double] { [cos(angle), sin(angle), speed] }

  /// The same angle in [-π, π).
  private static func normalized(_ angle: Double) -> Double {
    let remainder = (angle + .pi).truncatingRemainder(dividingBy: 2 * .pi)
    return (remainder < 0 ? remainder + 2 * .pi : remainder) - .pi
  }
}
