@testable import Environments
import Foundation
import Tensors
import Testing

@Suite struct PushTTests {
  private typealias Pose = PushTModel.Pose

  /// Along its stem the T is a bar 0.24 x 0.06 and a stem 0.06 x 0.18: moved by s along it, the bar shares 0.24 (0.06 - s) with itself and 0.06 s with the stem, ...
  @Test func coverageInClosedForm() {
    let goal = Pose(place: SIMD2(0.1, -0.2), angle: 0.7)
    #expect(abs(PushTModel.area - 0.0252) < 1e-15)
    #expect(abs(PushTModel.coverage(goal, goal: goal) - 1) < 1e-12)
    #expect(PushTModel.coverage(Pose(place: SIMD2(0.5, 0.3), angle: 0), goal: goal) == 0)
    for s in [0.01, 0.04, 0.06] {
      let moved = Pose(place: goal.outward(SIMD2(0, s)), angle: goal.angle)
      let shared = 0.24 * (0.06 - s) + 0.06 * s + 0.06 * (0.18 - s)
      #expect(abs(PushTModel.coverage(moved, goal: goal) - shared / 0.0252) < 1e-12)
    }
    // Across: the bar loses 0.06 s, the stem 0.18 s.
    let aside = Pose(place: goal.outward(SIMD2(0.02, 0)), angle: goal.angle)
    #expect(abs(PushTModel.coverage(aside, goal: goal) - (0.0252 - 0.24 * 0.02) / 0.0252) < 1e-12)
    #expect(abs(PushTModel.coverage(Pose(place: goal.place, angle: 0.7 + 2 * .pi), goal: goal) - 1) < 1e-12)
  }

  /// Both drags are 10 N s/m and the spring gives 5 N: 0.5 m/s alone, 0.25 m/s with the block before it.
  @Test func theDiscPushesAgainstViscousDrag() throws {
    let task = try PushT()
    _ = try task.start(disc: SIMD2(-0.4, 0.4), block: Pose(place: SIMD2(0.2, -0.2), angle: 0))
    _ = try task.step([1, 0.8])
    let before = task.model.position
    _ = try task.step([1, 0.8])
    #expect(abs((task.model.position[0] - before[0]) / 0.1 - 0.5) < 0.005)
    #expect(task.block == Pose(place: SIMD2(0.2, -0.2), angle: 0))

    // Through the middle of the block it moves without turning.
    _ = try task.start(disc: SIMD2(0, -0.45), block: Pose(place: SIMD2(0, -0.25), angle: 0))
    for _ in 0..<4 { _ = try task.step([0, 1]) }
    let (start, high) = (task.block, task.model.position[1])
    _ = try task.step([0, 1])
    #expect(abs((task.block.place.y - start.place.y) / 0.1 - 0.25) < 0.005)
    #expect(abs((task.model.position[1] - high) / 0.1 - 0.25) < 0.005)
    #expect(abs(task.block.angle) < 1e-6 && abs(task.block.place.x) < 1e-6)
  }

  /// Beside the middle it turns the block by lever x drag / turning drag for every metre it moves it; friction of 0.3 at the bar's height changes
  /// the lever by up to a quarter, and the block turns meanwhile.
  @Test func aPushBesideTheMiddleTurns() throws {
    let task = try PushT()
    let contact = PushTContact.all[0]  // the left end of the bar's top
    _ = try task.start(disc: contact.point - 0.035 * contact.normal, block: Pose())
    _ = try task.step([2 * contact.point.x, 0])
    let expected = cross(contact.point, contact.normal) * PushTModel.drag / PushTModel.turningDrag
    #expect(task.block.angle > 0.05)
    #expect(abs(task.block.angle / length(task.block.place) / expected - 1) < 0.4)
    let gain = contact.gain(.init(way: .zero, turn: 0.3), arm: 0.1)
    #expect(gain.gain > 0 && gain.distance > 0)
    #expect(contact.gain(.init(way: .zero, turn: -0.3), arm: 0.1).gain == 0)
  }

  @Test func theGoalEndsTheEpisode() throws {
    let task = try PushT()
    _ = try task.start(disc: SIMD2(-0.4, -0.4), block: Pose(place: SIMD2(0, 0), angle: 0.25 * .pi + 0.01))
    let step = try task.step([-0.8, -0.8])
    #expect(step.terminated && step.reward == 0 && step.info["success"] == 1 && step.info["coverage"]! > 0.95)
    _ = try task.start(disc: SIMD2(-0.4, -0.4), block: Pose(place: SIMD2(0.02, 0), angle: 0.25 * .pi))
    let near = try task.step([-0.8, -0.8])
    let coverage = near.info["coverage"]!
    #expect(!near.terminated && abs(near.reward - (coverage / 0.95 - 1)) < 1e-12 && coverage > 0.6)
  }

  @Test func demonstratorsFinish() throws {
    let data = try PushTOptions().demonstrate(episodes: 60, seed: 1)
    let finished = data.episodes.count(where: \.terminated)
    print("PushT: \(finished) of 60, \(data.lengthStatistics.mean) steps")
    #expect(finished >= 50)
    #expect(data.observations.values.allSatisfy { $0.isFinite })
  }

  @Test func unfitOptionsAreExplained() {
    func attempt(_ change: (inout PushTOptions) -> Void) -> String {
      var options = PushTOptions()
      change(&options)
      return message { _ = try PushT(options) }
    }
    #expect(attempt { $0.goal = [0, 1] } == "goal wants {x, y, angle}, x and y in [-0.6, 0.6], got [0.0, 1.0]")
    #expect(attempt { $0.successCoverage = 0 } == "success_coverage wants a share above 0, at most 1, got 0.0")
    #expect(attempt { $0.startSpread = 0.7 } == "start_spread wants 0 to 0.6, got 0.7")
  }
}
