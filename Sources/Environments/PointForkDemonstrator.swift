import Tensors

extension PointForkOptions: DemonstratedOptions {
  public func demonstrator(_ stream: RandomStream) throws -> any Demonstrator { PointForkDemonstrator(stream: stream) }
}

/// Steers PointFork past its obstacle, left or right by the toss of a coin at every episode's start, unsteadily as people are.
struct PointForkDemonstrator: Demonstrator {
  private var stream: RandomStream
  /// 1 left, -1 right.
  private(set) var side = 1.0
  private var forwardSpeed = 0.7

  /// How far from the middle line it passes, and from which x on.
  private static let clearance = 0.65
  private static let turnEnds = 0.55
  /// Standard deviation of the noise on each component of the command.
  private static let unsteadiness = 0.12

  init(stream: RandomStream) { self.stream = stream }

  /// Chooses the side and the pace of the episode to come.
  mutating func beginEpisode() {
    side = stream.integer(below: 2) == 0 ? 1 : -1
    forwardSpeed = stream.uniform(0.6, 0.8)
  }

  mutating func action(for observation: [Double]) -> [Double] {
    let ahead = observation[0] + PointFork.timestep * forwardSpeed
    let way = min(max(ahead / PointForkDemonstrator.turnEnds, 0), 1)
    let lane = side * PointForkDemonstrator.clearance * way * (2 - way)  // steepest at the start: the choice shows at once
    let sideward = (lane - observation[1]) / PointFork.timestep
    let command = [
      forwardSpeed + PointForkDemonstrator.unsteadiness * stream.normal(),
      0.7 * sideward + PointForkDemonstrator.unsteadiness * stream.normal(),
    ]
    return Box(symmetric: 1, count: 2).clip(command)
  }
}
