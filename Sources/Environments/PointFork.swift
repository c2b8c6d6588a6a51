import Tensors

/// PointFork-v0's options.
public struct PointForkOptions: EnvironmentOptions {
  /// The side that pays.
  public var payingSide = Side.left
  /// Episodes start this near the origin, in each coordinate.
  public var startSpread = 0.05
  /// x of the line with the gates; the farther, the later the reward.
  public var finishLine = 2.0

  public enum Side: String, Codable, Sendable { case left, right }

  public init() {}

  public func make() throws -> any Environment { try PointFork(self) }
}

/// PointFork-v0: a point passes a round obstacle on one side or the other, and only one of them pays.
///
/// It starts near (0, 0), moves at the commanded velocity, each component in [-1, 1], for 0.1 s a step, and is to cross the line x = 2
/// (`finishLine`) through a gate: left is y > 0, right y < 0. The obstacle lies at (1, 0) with radius 0.35. Crossing ends the episode and pays 1 on the
/// paying side, within its gate, and 0 elsewhere; touching the obstacle ends it and pays 0, as does leaving |y| <= 1.2 or x >= -0.5.
/// Observes (x, y). Demonstrations pass on both sides alike, so that who imitates them faithfully earns 1 in about half of the episodes:
/// the smallest task in which there is something to steer.
public final class PointFork: Environment {
  public let options: PointForkOptions
  public let id = "PointFork-v0"
  public let observationSpace: Box
  public let actionSpace = Box(symmetric: 1, count: 2)
  /// 30 for each unit of the way to the line.
  public var maxEpisodeSteps: Int? { Int((30 * options.finishLine).rounded()) }
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")

  static let timestep = 0.1
  static let obstacle = (x: 1.0, y: 0.0, radius: 0.35)
  static let back = -0.5
  static let wall = 1.2
  /// |y| of a gate's posts.
  static let gate = 0.1...1.1

  private var (x, y) = (0.0, 0.0)
  var place: SIMD2<Double> { SIMD2(x, y) }

  public init(_ options: PointForkOptions = PointForkOptions()) throws {
    guard (0...0.4).contains(options.startSpread) else { throw UsageError("start_spread wants 0 to 0.4, got \(options.startSpread)") }
    guard (1.5...20).contains(options.finishLine) else { throw UsageError("finish_line wants 1.5 to 20, got \(options.finishLine)") }
    self.options = options
    let step = PointFork.timestep
    observationSpace = try Box(
      low: [PointFork.back - step, -PointFork.wall - step], high: [options.finishLine + step, PointFork.wall + step])
  }

  public func reset() throws -> [Double] {
    x = stream.uniform(-options.startSpread, options.startSpread)
    y = stream.uniform(-options.startSpread, options.startSpread)
    return [x, y]
  }

  /// The info tells success and collision, and the side: 1 left, -1 right, 0 before the line.
  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let velocity = actionSpace.clip(action)
    let (fromX, fromY) = (x, y)
    x += PointFork.timestep * velocity[0]
    y += PointFork.timestep * velocity[1]

    let collided = PointFork.touches(fromX, fromY, x, y)
    let crossed = !collided && x >= options.finishLine
    let side = !crossed ? 0.0 : y > 0 ? 1 : -1
    let pays = side == (options.payingSide == .left ? 1 : -1) && PointFork.gate.contains(abs(y))
    let left = x < PointFork.back || abs(y) > PointFork.wall
    let success = pays ? 1.0 : 0
    return Step(
      observation: [x, y], reward: success, terminated: collided || crossed || left,
      info: ["success": success, "collision": collided ? 1 : 0, "side": side])
  }

  public var state: EnvironmentState { EnvironmentState(id: id, numbers: [x, y], stream: stream) }

  public func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: 2)
    (x, y, stream) = (state.numbers[0], state.numbers[1], state.stream)
  }

  /// Whether the way from one point to the other comes within the obstacle's radius.
  private static func touches(_ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double) -> Bool {
    let (dx, dy) = (x1 - x0, y1 - y0)
    let squaredLength = dx * dx + dy * dy
    let along = squaredLength > 0 ? ((obstacle.x - x0) * dx + (obstacle.y - y0) * dy) / squaredLength : 0
    let nearest = min(max(along, 0), 1)
    let (awayX, awayY) = (x0 + nearest * dx - obstacle.x, y0 + nearest * dy - obstacle.y)
    return awayX * awayX + awayY * awayY < obstacle.radius * obstacle.radius
  }
}
