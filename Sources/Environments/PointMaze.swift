import Tensors

/// PointMaze-v0's options.
public struct PointMazeOptions: EnvironmentOptions {
  /// The maze: a name ("two_routes", "three_routes", "u", "medium"), or its rows, one per line: '#' wall, '.' free, 'S' start, 'G' goal, letters a to z
  /// checkpoints of routes.
  public var layout = "two_routes"
  /// The checkpoint whose route pays, "a"; nil: every way to the goal pays.
  public var payingRoute: String?
  /// 1 at the goal (sparse), or what every step brings nearer to it besides (dense).
  public var reward = RewardKind.sparse
  /// Episodes start this near the middle of a start cell, in each coordinate.
  public var startSpread = 0.2

  public init() {}

  public func make() throws -> any Environment { try PointMaze(self) }
}

/// PointMaze-v0: a point moves through a maze of walls to a goal; several routes lead there, and one of them may be the only one that pays.
///
/// Cells have side 1. The point moves at the commanded velocity, each component in [-1, 1] times 2 per second, for 0.1 s a step; at walls, from which it keeps
/// 0.1, it stops and slides. Within 0.4 of a goal's middle the episode ends and pays 1, with `payingRoute` only where its checkpoint was passed and no other one before it.
/// Observes (x, y), and for each checkpoint whether it was passed.
public final class PointMaze: Environment {
  public let options: PointMazeOptions
  public let id = "PointMaze-v0"
  public let observationSpace: Box
  public let actionSpace = Box(symmetric: 1, count: 2)
  public let maxEpisodeSteps: Int?
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")

  /// Cells per second at a command of 1, and seconds.
  static let (speed, timestep) = (2.0, 0.1)
  static let margin = 0.1
  static let goalRadius = 0.4

  let layout: MazeLayout
  private let walls: MazeWalls
  private let payingCheckpoint: Int?
  /// Cells to the goal.
  private let distances: [[Int?]]
  private(set) var place = SIMD2<Double>.zero
  /// Which checkpoints were passed, and the first of them, from 1; 0 for none.
  private var passed: [Bool]
  private var route = 0

  public init(_ options: PointMazeOptions = PointMazeOptions()) throws {
    guard (0...0.35).contains(options.startSpread) else { throw UsageError("start_spread wants 0 to 0.35, got \(options.startSpread)") }
    let layout = try MazeLayout(options.layout)
    payingCheckpoint = try options.payingRoute.map { name in
      guard let index = layout.checkpoints.firstIndex(where: { String($0) == name }) else {
        let known = layout.checkpoints.map { "'\($0)'" }.joined(separator: ", ")
        throw UsageError("paying_route wants a checkpoint of the layout (\(known.isEmpty ? "it has none" : known)), got '\(name)'")
      }
      return index
    }
    (self.options, self.layout) = (options, layout)
    walls = MazeWalls(layout, margin: PointMaze.margin)
    distances = layout.distances(to: ["G"])
    place = layout.middle(of: layout.places(of: "S")[0])
    let checkpoints = layout.checkpoints.count
    passed = Array(repeating: false, count: checkpoints)
    let high = [Double(layout.columns), Double(layout.rows)] + Array(repeating: 1.0, count: checkpoints)
    observationSpace = Box(between: Array(repeating: 0, count: 2 + checkpoints), and: high)
    maxEpisodeSteps = 30 * (layout.rows + layout.columns)
  }

  public func reset() throws -> [Double] {
    let starts = layout.places(of: "S")
    let start = layout.middle(of: starts[stream.integer(below: starts.count)])
    place = start + SIMD2(stream.uniform(-options.startSpread, options.startSpread), stream.uniform(-options.startSpread, options.startSpread))
    (passed, route) = (passed.map { _ in false }, 0)
    return observation
  }

  /// The info tells success, the route (the first checkpoint passed, from 1; 0 before), and whether a wall was touched.
  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let velocity = actionSpace.clip(action)
    let before = wayToGoal
    let (end, touched) = walls.slide(from: place, by: PointMaze.speed * PointMaze.timestep * SIMD2(velocity[0], velocity[1]))
    place = end
    if let checkpoint = layout.checkpoints.firstIndex(of: layout[layout.cell(at: place)]) {
      passed[checkpoint] = true
      if route == 0 { route = checkpoint + 1 }
    }
    let arrived = layout.places(of: "G").contains { length(layout.middle(of: $0) - place) <= PointMaze.goalRadius }
    let success = arrived && payingCheckpoint.map { route == $0 + 1 } ?? true
    var reward = success ? 1.0 : 0
    if options.reward == .dense { reward += 0.1 * (before - wayToGoal) }
    return Step(
      observation: observation, reward: reward, terminated: arrived,
      info: ["success": success ? 1 : 0, "route": Double(route), "touched": touched ? 1 : 0])
  }

  private var observation: [Double] { [place.x, place.y] + passed.map { $0 ? 1 : 0 } }

  /// The length of the way through the cells: to the middle of the next cell nearer to the goal, and on from there.
  private var wayToGoal: Double {
    let here = layout.cell(at: place)
    let own = distances[here.row][here.column] ?? 0
    let ways = layout.neighbours(of: here).compactMap { cell -> Double? in
      guard let further = distances[cell.row][cell.column], further < own else { return nil }
      return length(layout.middle(of: cell) - place) + Double(further)
    }
    return ways.min() ?? length(layout.middle(of: here) - place)
  }

  public var rules: [Rule] {
    let paid = payingCheckpoint.map { "1 at the goal G after checkpoint \(layout.checkpoints[$0]), no other one before it" } ?? "1 at the goal G"
    return [
      Rule(topic: "maze", text: layout.cells.map { String($0) }.joined(separator: "\n")),
      Rule(topic: "reward", text: options.reward == .dense ? paid + ", and 0.1 for every cell nearer to it" : paid),
      Rule(topic: "ends", text: "within 0.4 of the goal's middle"),
      Rule(topic: "starts", text: "in a cell S, ± \(Box.short(options.startSpread)) from its middle"),
    ]
  }

  public var state: EnvironmentState {
    EnvironmentState(id: id, numbers: [place.x, place.y, Double(route)] + passed.map { $0 ? 1 : 0 }, stream: stream)
  }

  public func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: 3 + passed.count)
    let numbers = state.numbers
    let restored = SIMD2(numbers[0], numbers[1])
    guard numbers.allSatisfy({ $0.isFinite && abs($0) < 1000 }), !layout.isWall(layout.cell(at: restored)) else {
      throw UsageError("this state of \(id) lies outside this maze")
    }
    (place, route, passed, stream) = (restored, Int(numbers[2]), numbers[3...].map { $0 == 1 }, state.stream)
  }
}
