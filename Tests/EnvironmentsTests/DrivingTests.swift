@testable import Environments
import Foundation
import Tensors
import Testing

@Suite struct DrivingTests {
  /// A constant steering angle leads round a circle of radius wheelbase / tan(angle).
  @Test(arguments: [0.1, -0.25, 0.4]) func aBicycleGoesRoundACircle(steering: Double) {
    let radius = Bicycle.wheelbase / tan(steering)
    var car = Bicycle(place: SIMD2(3, -1), heading: 0.4, speed: 7)
    let centre = car.place + radius * SIMD2(-sin(0.4), cos(0.4))
    for _ in 0..<50 {
      car.move(acceleration: 0.3, steering: steering, time: 0.1)
      #expect(abs(length(car.place - centre) - abs(radius)) < 1e-10)
    }
    // v t + a t² / 2 along the arc, in 5 s.
    #expect(abs((car.heading - 0.4) * radius - (7 * 5 + 0.15 * 25)) < 1e-10)
    #expect(abs(car.speed - 8.5) < 1e-12)
  }

  @Test func aCarBrakesToAStandstillAndStays() {
    var car = Bicycle(place: .zero, heading: 0, speed: 10)
    for _ in 0..<40 { car.move(acceleration: -4, steering: 0, time: 0.1) }
    #expect(car.speed == 0)
    #expect(abs(car.place.x - 100.0 / 8) < 1e-10)  // v² / 2 a
  }

  /// Behind a leader at constant speed, the gap (s0 + v T) / sqrt(1 - (v / v0)⁴) in which the model does not accelerate.
  @Test func followersKeepTheModelsGap() {
    var traffic = Traffic(lanes: [[LaneCar(x: 0, speed: 20, desiredSpeed: 25), LaneCar(x: 60, speed: 15, desiredSpeed: 15)]])
    for _ in 0..<6000 { traffic.move(time: 0.05, obstacles: []) }
    let gap = traffic.lanes[0][1].x - traffic.lanes[0][0].x - Bicycle.bodyLength
    #expect(abs(traffic.lanes[0][0].speed - 15) < 0.02)
    #expect(abs(gap - (2 + 15 * 1.2) / (1 - pow(15.0 / 25, 4)).squareRoot()) < 0.2)
  }

  private func still(_ speed: Double) -> [Double] { (1...6).flatMap { [speed * 0.5 * Double($0), 0] } }

  @Test func aPlanStraightOnIsFollowedExactly() throws {
    var options = DrivingOptions()
    options.carsPerLane = 0
    let road = try Driving(options)
    _ = try road.reset(seed: 1)
    let (start, speed) = (road.car.place, road.car.speed)
    for _ in 0..<5 {
      let step = try road.step(still(speed))
      #expect(abs(step.info["progress"]! - speed) < 1e-9)
      #expect(step.info["jerk"]! < 1e-6 && step.info["lateral_acceleration"]! < 1e-9)
      #expect(abs(step.reward - speed / 22) < 1e-9)
    }
    #expect(abs(road.car.place.x - start.x - 5 * speed) < 1e-8 && abs(road.car.place.y - start.y) < 1e-9)
  }

  @Test func straightOnEndsInTheSlowerCarAhead() throws {
    let road = try Driving()
    _ = try road.reset(seed: 2)
    let speed = road.car.speed
    var last: Step?
    for _ in 0..<20 {
      last = try road.step(still(speed))
      if last?.terminated == true { break }
    }
    let end = try #require(last)
    #expect(end.terminated && end.info["collision"] == 1 && end.info["success"] == 0 && end.info["reward_safety"] == -10)
    let lead = try #require(road.traffic.neighbours(of: road.car.centre.x, lane: 1).ahead)
    #expect(abs(lead.x - road.car.centre.x - Bicycle.bodyLength) < 1)
    #expect(abs(end.reward - (end.info["reward_progress"]! + end.info["reward_safety"]! + end.info["reward_comfort"]!)) < 1e-12)
  }

  @Test func theRoadEnds() throws {
    var options = DrivingOptions()
    options.carsPerLane = 0
    let road = try Driving(options)
    _ = try road.reset(seed: 3)
    var step: Step?
    for _ in 0..<4 where step?.terminated != true { step = try road.step((1...6).flatMap { [10.0 * Double($0), 2.5 * Double($0)] }) }
    #expect(step?.terminated == true && step?.info["off_road"] == 1 && step?.info["collision"] == 0)
    #expect(road.car.body.corners.contains { abs($0.y) > 5.25 })
  }

  /// All four styles occur, most episodes end well, and some do not: there is something to steer.
  @Test func demonstratorsAreOfFourMinds() throws {
    let data = try DrivingOptions().demonstrate(episodes: 300, seed: 1)
    let crashed = Double(data.episodes.count(where: \.terminated)) / 300
    let width = data.observations.shape[1]
    let values = data.observations.values
    func lanes(_ episode: DataSet.Episode) -> Set<Int> { Set(episode.range.map { DrivingView.lane(at: Double(values[$0 * width + 4]) * 3.5) }) }
    let left = Double(data.episodes.count { lanes($0).contains(2) }) / 300
    let right = Double(data.episodes.count { lanes($0).contains(0) }) / 300
    let braked = Double(data.episodes.count { $0.range.contains { values[$0 * width] < 0.6 } }) / 300
    print("Driving: crashed \(crashed), left \(left), right \(right), braked \(braked), return \(data.returnStatistics.mean), steps \(data.lengthStatistics.mean)")
    #expect((0.02...0.3).contains(crashed))
    #expect(left > 0.1 && right > 0.1 && braked > 0.1)
    let space = try Driving().actionSpace
    #expect((0..<data.count).allSatisfy { row in space.contains(data.actions.values[row * 12..<(row + 1) * 12].map(Double.init)) })
  }

  /// Position, speed and acceleration at both ends.
  @Test func lanesAreChangedAlongAQuintic() {
    func at(_ time: Double) -> Double { DrivingDemonstrator.quintic(from: 0.8, to: 3.5, duration: 2.5, at: time) }
    let h = 1e-4
    #expect(at(0) == 0 && abs(at(2.5) - 3.5) < 1e-12 && at(4) == at(2.5))
    #expect(abs(at(h) / h - 0.8) < 1e-6 && abs((at(2.5) - at(2.5 - h)) / h) < 1e-6)
    #expect(abs((at(2 * h) - 2 * at(h) + at(0)) / (h * h)) < 1e-2)
  }

  @Test func unfitOptionsAreExplained() {
    func attempt(_ change: (inout DrivingOptions) -> Void) -> String {
      var options = DrivingOptions()
      change(&options)
      return message { _ = try Driving(options) }
    }
    #expect(attempt { $0.replanInterval = 0.25 } == "replan_interval wants 0.1 to 3 seconds in tenths, got 0.25")
    #expect(attempt { $0.desiredSpeed = .nan } == "desired_speed wants 5 to 40 m/s, got nan")
    #expect(attempt { $0.carsPerLane = -1 } == "cars_per_lane wants 0 to 50, got -1")
    #expect(attempt { $0.comfortWeight = .infinity } == "comfort_weight wants a finite number, got inf")
  }
}

@Suite struct ConvexPolygonTests {
  private let square = ConvexPolygon([SIMD2(0, 0), SIMD2(2, 0), SIMD2(2, 2), SIMD2(0, 2)])

  @Test func areasOfIntersectionsInClosedForm() {
    #expect(square.area == 4)
    #expect(square.intersection(square.placed(at: SIMD2(0.5, 1.25), turned: 0)).area == 1.5 * 0.75)
    #expect(square.intersection(square.placed(at: SIMD2(2.5, 0), turned: 0)).area == 0)
    // A square of side 2 and itself turned by 45° about the middle: a regular octagon of inradius 1, area 8 (sqrt 2 - 1).
    let middle = ConvexPolygon.rectangle(centre: .zero, length: 2, width: 2)
    let turned = middle.placed(at: .zero, turned: .pi / 4)
    #expect(abs(middle.intersection(turned).area - 8 * (2.0.squareRoot() - 1)) < 1e-12)
    #expect(abs(turned.intersection(middle).area - 8 * (2.0.squareRoot() - 1)) < 1e-12)
    // One inside the other.
    let small = ConvexPolygon.rectangle(centre: SIMD2(1, 1), length: 0.5, width: 0.3, heading: 1)
    #expect(abs(square.intersection(small).area - 0.15) < 1e-12 && abs(small.intersection(square).area - 0.15) < 1e-12)
  }

  /// Against counting points.
  @Test func randomRectanglesOverlapAsTheirPointsDo() {
    var stream = RandomStream(seed: 4)
    for _ in 0..<20 {
      func drawn() -> ConvexPolygon {
        .rectangle(centre: SIMD2(stream.uniform(-1, 1), stream.uniform(-1, 1)), length: stream.uniform(0.5, 3), width: stream.uniform(0.5, 2), heading: stream.uniform(0, 6))
      }
      let (a, b) = (drawn(), drawn())
      func contains(_ polygon: ConvexPolygon, _ point: SIMD2<Double>) -> Bool {
        polygon.corners.indices.allSatisfy { cross(polygon.corners[($0 + 1) % 4] - polygon.corners[$0], point - polygon.corners[$0]) >= 0 }
      }
      let cell = 0.02
      var count = 0
      for i in -150..<150 {
        for j in -150..<150 {
          let point = SIMD2((Double(i) + 0.5) * cell, (Double(j) + 0.5) * cell)
          if contains(a, point), contains(b, point) { count += 1 }
        }
      }
      #expect(abs(a.intersection(b).area - Double(count) * cell * cell) < 0.05)
    }
  }
}
