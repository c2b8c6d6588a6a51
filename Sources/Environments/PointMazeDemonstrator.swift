import Tensors

extension PointMazeOptions: DemonstratedOptions {
  public func demonstrator(_ stream: RandomStream) throws -> any Demonstrator {
    PointMazeDemonstrator(layout: try MazeLayout(layout), stream: stream)
  }
}

/// Walks to the goal by one of the routes, drawn anew for every episode: through its checkpoint without touching another one, where the maze allows; unsteadily
/// as people are.
struct PointMazeDemonstrator: Demonstrator {
  private let layout: MazeLayout
  private var stream: RandomStream
  /// Cells to the checkpoint of each route, and from there to the goal.
  private let toCheckpoint: [[[Int?]]]
  private let toGoal: [[[Int?]]]
  private var route = 0
  private var pace = 0.8

  /// Standard deviation of the noise on each component of the command.
  private static let unsteadiness = 0.15

  init(layout: MazeLayout, stream: RandomStream) {
    (self.layout, self.stream) = (layout, stream)
    let checkpoints = layout.checkpoints
    func others(_ own: Character) -> [Character] { checkpoints.filter { $0 != own } + ["G"] }
    toCheckpoint = checkpoints.map { layout.distances(to: [$0], avoiding: others($0)) }
    toGoal = checkpoints.isEmpty
      ? [layout.distances(to: ["G"])] : checkpoints.map { own in layout.distances(to: ["G"], avoiding: checkpoints.filter { $0 != own }) }
  }

  mutating func beginEpisode() {
    route = stream.integer(below: toGoal.count)
    pace = stream.uniform(0.7, 0.95)
  }

  mutating func action(for observation: [Double]) -> [Double] {
    let place = SIMD2(observation[0], observation[1])
    let hasPassed = toCheckpoint.isEmpty || observation[2 + route] == 1
    let target = next(from: place, by: hasPassed ? toGoal[route] : toCheckpoint[route])
    let way = target - place
    let reach = max(length(way), 1e-9)
    let speed = min(pace, reach / (PointMaze.speed * PointMaze.timestep))
    let command = speed / reach * way
    return Box(symmetric: 1, count: 2).clip([
      command.x + PointMazeDemonstrator.unsteadiness * stream.normal(), command.y + PointMazeDemonstrator.unsteadiness * stream.normal(),
    ])
  }

  /// The middle of the next cell on the way, or of this one where it is the last, or where no way leads on.
  private func next(from place: SIMD2<Double>, by distances: [[Int?]]) -> SIMD2<Double> {
    let here = layout.cell(at: place)
    guard let own = distances[here.row][here.column], own > 0 else {
      let nearest = layout.neighbours(of: here).filter { distances[$0.row][$0.column] != nil }
        .min { distances[$0.row][$0.column] ?? 0 < distances[$1.row][$1.column] ?? 0 }
      let isThere = distances[here.row][here.column] != nil
      return layout.middle(of: isThere ? here : nearest ?? here)
    }
    let nearer = layout.neighbours(of: here).first { distances[$0.row][$0.column] == own - 1 }
    return layout.middle(of: nearer ?? here)
  }
}
