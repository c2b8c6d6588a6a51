@testable import Environments
import Foundation
import Tensors
import Testing

@Suite struct PointMazeTests {
  private func walls(_ rows: String) throws -> MazeWalls { MazeWalls(try MazeLayout(rows), margin: 0.1) }
  /// Free from 1 to 4 in x and 1 to 3 in y, but for a block at 2...3, 1...2.
  private let room = "#####\n#S.G#\n#.#.#\n#####"

  static let ways: [(SIMD2<Double>, SIMD2<Double>, SIMD2<Double>, Bool)] = [
    // Straight into the outer wall: stops 0.1 before it.
    (SIMD2(1.5, 2.5), SIMD2(-2.0, 0.0), SIMD2(1.1, 2.5), true),
    // Slantwise: slides along it with what is left across.
    (SIMD2(1.5, 2.5), SIMD2(-1.0, 0.25), SIMD2(1.1, 2.75), true),
    // Into the corner: stops in both.
    (SIMD2(1.5, 2.5), SIMD2(-1.0, 1.0), SIMD2(1.1, 2.9), true),
    // Past the block's edge, 0.1 clear of it.
    (SIMD2(1.5, 2.2), SIMD2(2.0, 0.0), SIMD2(3.5, 2.2), false),
    // Onto the block from above: slides over it.
    (SIMD2(2.5, 2.5), SIMD2(0.3, -0.8), SIMD2(2.8, 2.1), true),
    // In a long jump no wall is passed through.
    (SIMD2(1.5, 1.5), SIMD2(2.0, 0.0), SIMD2(1.9, 1.5), true),
    (SIMD2(1.5, 2.5), SIMD2(0.5, 0.1), SIMD2(2.0, 2.6), false),
  ]
  @Test(arguments: ways)
  func pointsStopAtWallsAndSlide(start: SIMD2<Double>, way: SIMD2<Double>, end: SIMD2<Double>, touched: Bool) throws {
    let result = try walls(room).slide(from: start, by: way)
    #expect(length(result.place - end) < 1e-12, "\(result.place)")
    #expect(result.touched == touched)
  }

  /// Wherever one goes, the walls stay 0.1 away.
  @Test func nothingEntersAWall() throws {
    let maze = try PointMaze()
    var stream = RandomStream(seed: 1)
    _ = try maze.reset(seed: 2)
    for _ in 0..<5000 {
      let step = try maze.step([stream.uniform(-1, 1), stream.uniform(-1, 1)])
      for corner in [SIMD2(-1.0, -1.0), SIMD2(1, -1), SIMD2(-1, 1), SIMD2(1, 1)] {
        #expect(!maze.layout.isWall(maze.layout.cell(at: maze.place + 0.0999999 * corner)))
      }
      if step.terminated { _ = try maze.reset() }
    }
  }

  @Test func onlyThePayingRoutePays() throws {
    for (paying, wanted) in [(nil, 1.0), ("a", 0.5), ("b", 0.5)] as [(String?, Double)] {
      var options = PointMazeOptions()
      options.payingRoute = paying
      let data = try options.demonstrate(episodes: 400, seed: 3)
      #expect(data.episodes.count(where: \.terminated) == data.episodes.count)
      #expect(abs(data.returnStatistics.mean - wanted) < 0.08, "\(data.returnStatistics.mean)")
    }
  }

  @Test(arguments: MazeLayout.named.map(\.name)) func demonstratorsWalkEveryRoute(layout: String) throws {
    var options = PointMazeOptions()
    options.layout = layout
    let data = try options.demonstrate(episodes: 90, seed: 1)
    #expect(data.episodes.count(where: \.terminated) == data.episodes.count)
    let routes = try MazeLayout(layout).checkpoints.count
    let (values, width) = (data.observations.values, data.observations.shape[1])
    let first = data.episodes.map { episode -> Int in
      for row in episode.range { if let route = (0..<routes).first(where: { values[row * width + 2 + $0] == 1 }) { return route } }
      return -1
    }
    for route in 0..<routes { #expect(first.count { $0 == route } > 60 / routes, "route \(route)") }
    print("PointMaze \(layout): \(data.lengthStatistics.mean) steps")
  }

  /// Along a straight corridor every step pays 0.1 for each cell nearer, the goal 1 besides.
  @Test func denseRewardsAddUpToTheWay() throws {
    var options = PointMazeOptions()
    (options.layout, options.reward, options.startSpread) = ("########\n#S....G#\n########", .dense, 0)
    let maze = try PointMaze(options)
    _ = try maze.reset(seed: 1)
    var (sum, step) = (0.0, try maze.step([1, 0]))
    sum += step.reward
    #expect(abs(step.reward - 0.02) < 1e-12)
    while !step.terminated {
      step = try maze.step([1, 0])
      sum += step.reward
    }
    #expect(abs(sum - (1 + 0.1 * (maze.place.x - 1.5))) < 1e-12)
  }

  @Test func unfitMazesAreExplained() {
    func attempt(_ layout: String, route: String? = nil) -> String {
      var options = PointMazeOptions()
      (options.layout, options.payingRoute) = (layout, route)
      return message { _ = try PointMaze(options) }
    }
    #expect(attempt("tow_routes").hasPrefix("layout wants one of 'two_routes', 'three_routes', 'u', 'medium', or rows of"))
    #expect(attempt("###\n#SG#\n###") == "a layout's rows are equally long; the first has 3 characters, row 2 has 4")
    #expect(attempt("####\n#S.#\n####") == "a layout wants a cell 'G'")
    #expect(attempt("####\n#SG.\n####") == "a layout wants walls all around")
    #expect(attempt("####\n#SX#\n####") == "a layout has '#', '.', 'S', 'G' and letters a to z, got 'X'")
    #expect(attempt("#####\n#S#G#\n#####") == "a layout wants a way to the goal from every start and checkpoint; there is none from 'S'")
    #expect(attempt("u", route: "a") == "paying_route wants a checkpoint of the layout (it has none), got 'a'")
    #expect(attempt("two_routes", route: "c") == "paying_route wants a checkpoint of the layout ('a', 'b'), got 'c'")
  }
}
