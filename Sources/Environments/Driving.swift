import Glibc
import Tensors

/// Driving-v0's options.
public struct DrivingOptions: EnvironmentOptions {
  /// The speed that counts as full progress, m/s.
  public var desiredSpeed = 22.0
  /// Seconds that a plan is followed before the next one is asked for.
  public var replanInterval = 1.0
  /// Other cars in each lane.
  public var carsPerLane = 6
  /// Paid for a step at the desired speed.
  public var progressWeight = 1.0
  /// Charged for a collision, and for leaving the road.
  public var safetyWeight = 10.0
  /// Charged for a jerk of 5 m/s³ and for a lateral acceleration of 2 m/s², kept up for a step (root mean square).
  public var comfortWeight = 0.1

  public init() {}

  public func make() throws -> any Environment { try Driving(self) }
}

/// Driving-v0: a car among others on a straight road of three lanes, driven by plans of the next three seconds.
///
/// An action is a plan: six waypoints (x ahead, y to the left, metres) for half a second to three seconds from now, in the car's own frame; PlanTracking
/// follows it for `replanInterval`. The car is a kinematic Bicycle, the others keep their lanes and distances (DriverModel). It starts in the middle lane
/// behind a slower car.
public final class Driving: Environment {
  public let options: DrivingOptions
  public let id = "Driving-v0"
  public let observationSpace: Box
  public let actionSpace: Box
  public let maxEpisodeSteps: Int?
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")

  static let lanes = 3
  static let laneWidth = 3.5
  /// Seconds between the waypoints of a plan, and how many there are.
  static let (interval, waypoints) = (0.5, 6)
  /// Seconds of one step of the simulation.
  static let timestep = 0.1
  /// Seconds of an episode.
  static let duration = 20.0

  private(set) var car = Bicycle()
  private(set) var traffic = Traffic(lanes: [])
  /// The controls of the last step of the simulation.
  private var (acceleration, steering) = (0.0, 0.0)
  /// The last plan, for pictures.
  private(set) var plan: PlanTracking?
  private let substeps: Int

  public init(_ options: DrivingOptions = DrivingOptions()) throws {
    let intervals = options.replanInterval / Driving.timestep
    guard options.replanInterval >= 0.1, options.replanInterval <= 3, abs(intervals - intervals.rounded()) < 1e-9 else {
      throw UsageError("replan_interval wants 0.1 to 3 seconds in tenths, got \(options.replanInterval)")
    }
    guard options.desiredSpeed >= 5, options.desiredSpeed <= 40 else { throw UsageError("desired_speed wants 5 to 40 m/s, got \(options.desiredSpeed)") }
    guard (0...50).contains(options.carsPerLane) else { throw UsageError("cars_per_lane wants 0 to 50, got \(options.carsPerLane)") }
    for (name, weight) in [
      ("progress_weight", options.progressWeight), ("safety_weight", options.safetyWeight), ("comfort_weight", options.comfortWeight),
    ] {
      guard weight.isFinite else { throw UsageError("\(name) wants a finite number, got \(weight)") }
    }
    self.options = options
    substeps = Int(intervals.rounded())
    maxEpisodeSteps = Int((Driving.duration / options.replanInterval).rounded(.up))
    observationSpace = Box(symmetric: .infinity, count: DrivingView.count)
    let times = (1...Driving.waypoints).map { Double($0) * Driving.interval }
    let low = times.flatMap { _ -> [Double] in [-1, -8] }
    let high = times.flatMap { time -> [Double] in [45 * time, 8] }
    actionSpace = Box(between: low, and: high)
  }

  /// y of a lane's middle; lane 0 is the right one.
  static func middle(ofLane lane: Int) -> Double { (Double(lane) - 0.5 * Double(lanes - 1)) * laneWidth }

  public func reset() throws -> [Double] {
    (acceleration, steering, plan) = (0, 0, nil)
    car = Bicycle(
      place: SIMD2(-Bicycle.middle, stream.uniform(-0.2, 0.2)), heading: 0, speed: options.desiredSpeed * stream.uniform(0.9, 1))
    let speeds = [13.0...18.0, 12.0...15.0, 17.0...22.0]
    traffic = Traffic(lanes: (0..<Driving.lanes).map { lane in
      var x = lane == 1 ? stream.uniform(30, 50) : stream.uniform(-40, 20)
      return (0..<options.carsPerLane).map { _ in
        defer { x += stream.uniform(18, 70) }
        let speed = stream.uniform(speeds[lane].lowerBound, speeds[lane].upperBound)
        return LaneCar(x: x, speed: speed, desiredSpeed: speed)
      }
    })
    return observation
  }

  /// The info tells success (no crash so far), collision and off_road, progress in metres, speed, lane (1 the right one), jerk and lateral_acceleration as root mean
  /// squares over the step, and the three terms of the reward.
  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let plan = PlanTracking(actionSpace.clip(action), interval: Driving.interval, from: car)
    self.plan = plan
    let start = car.centre.x
    var (collided, left, taken) = (false, false, 0)
    var (jerk, lateral) = (0.0, 0.0)
    while taken < substeps, !collided, !left {
      let controls = plan.controls(
        for: car, at: Double(taken) * Driving.timestep, acceleration: acceleration, steering: steering, step: Driving.timestep)
      let change = (controls.acceleration - acceleration) / Driving.timestep
      (acceleration, steering) = controls
      traffic.move(time: Driving.timestep, obstacles: lanesUnderCar.map { ($0, car.centre.x, car.speed) })
      let curvature = car.move(acceleration: acceleration, steering: steering, time: Driving.timestep)
      jerk += change * change
      lateral += car.speed * car.speed * curvature * (car.speed * car.speed * curvature)
      taken += 1
      (collided, left) = (touchesCar, isOffRoad)
    }
    (jerk, lateral) = (jerk / Double(taken), lateral / Double(taken))

    let progress = car.centre.x - start
    let paid = options.progressWeight * min(progress / (options.desiredSpeed * options.replanInterval), 1)
    let charged = collided || left ? -options.safetyWeight : 0
    let comfort = -options.comfortWeight * (jerk / 25 + lateral / 4)
    let lane = Double(DrivingView.lane(at: car.centre.y) + 1)
    let told: [Double] = [
      collided || left ? 0 : 1, collided ? 1 : 0, left ? 1 : 0, progress, car.speed, lane, jerk.squareRoot(), lateral.squareRoot(), paid, charged, comfort,
    ]
    return Step(
      observation: observation, reward: paid + charged + comfort, terminated: collided || left, info: StepInfo(names: Driving.infoNames, values: told))
  }

  private static let infoNames = [
    "success", "collision", "off_road", "progress", "speed", "lane", "jerk", "lateral_acceleration", "reward_progress", "reward_safety", "reward_comfort",
  ]

  private var observation: [Double] {
    DrivingView(car: car, acceleration: acceleration, steering: steering, traffic: traffic).observation
  }

  /// The lanes that other drivers think the car is in.
  private var lanesUnderCar: [Int] {
    (0..<Driving.lanes).filter { abs(car.centre.y - Driving.middle(ofLane: $0)) < 0.5 * Driving.laneWidth + 0.25 * Bicycle.bodyWidth }
  }

  private var touchesCar: Bool {
    let body = car.body
    for (lane, cars) in traffic.lanes.enumerated() {
      for other in cars where abs(other.x - car.centre.x) < 6 {
        if body.intersection(Driving.body(of: other, lane: lane)).area > 0 { return true }
      }
    }
    return false
  }

  static func body(of other: LaneCar, lane: Int) -> ConvexPolygon {
    .rectangle(centre: SIMD2(other.x, middle(ofLane: lane)), length: Bicycle.bodyLength, width: Bicycle.bodyWidth)
  }

  private var isOffRoad: Bool { car.body.corners.contains { abs($0.y) > 0.5 * Double(Driving.lanes) * Driving.laneWidth } }

  public var rules: [Rule] {
    let short = Box.short
    return [
      Rule(topic: "action", text: "6 waypoints (x ahead, y left, m) at 0.5 to 3 s in the car's frame; followed for \(short(options.replanInterval)) s"),
      Rule(topic: "shows", text: DrivingView.text),
      Rule(topic: "reward", text: "\(short(options.progressWeight)) progress / (\(short(options.desiredSpeed)) m/s, at most 1) - \(short(options.safetyWeight)) at a crash - \(short(options.comfortWeight)) (jerk² / 25 + lateral acceleration² / 4)"),
      Rule(topic: "ends", text: "with a collision, or a corner off the road"),
      Rule(topic: "starts", text: "in the middle of 3 lanes of 3.5 m, 30 to 50 m behind a car at 12 to 15 m/s; \(options.carsPerLane) cars in each lane"),
    ]
  }

  public var state: EnvironmentState {
    let own = [car.place.x, car.place.y, car.heading, car.speed, acceleration, steering]
    return EnvironmentState(id: id, numbers: own + traffic.lanes.joined().flatMap { [$0.x, $0.speed, $0.desiredSpeed] }, stream: stream)
  }

  public func restore(_ state: EnvironmentState) throws {
    let perLane = options.carsPerLane
    try state.check(id: id, count: 6 + 3 * Driving.lanes * perLane)
    let numbers = state.numbers
    car = Bicycle(place: SIMD2(numbers[0], numbers[1]), heading: numbers[2], speed: numbers[3])
    (acceleration, steering, plan) = (numbers[4], numbers[5], nil)
    traffic = Traffic(lanes: (0..<Driving.lanes).map { lane in
      (0..<perLane).map { index in
        let first = 6 + 3 * (lane * perLane + index)
        return LaneCar(x: numbers[first], speed: numbers[first + 1], desiredSpeed: numbers[first + 2])
      }
    })
    stream = state.stream
  }
}
