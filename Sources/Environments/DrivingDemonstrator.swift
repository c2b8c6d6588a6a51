import Glibc
import Tensors

extension DrivingOptions: DemonstratedOptions {
  public func demonstrator(_ stream: RandomStream) throws -> any Demonstrator {
    DrivingDemonstrator(desiredSpeed: desiredSpeed, replanInterval: replanInterval, stream: stream)
  }
}

/// Drivers of four styles. Behind a slower car one keeps the lane and follows, one overtakes on the left, one on the right, and one brakes and drops
/// back, by lot at every encounter; half of those who overtake do not look whether the lane is free.
struct DrivingDemonstrator: Demonstrator {
  enum Style: CaseIterable { case keep, left, right, brake }

  private var stream: RandomStream
  private let desiredSpeed: Double
  private let replanInterval: Double
  private(set) var style = Style.keep
  /// The lane that it is in or on the way to; nil at an episode's start.
  private var lane: Int?
  private var hasDecided = false
  /// Seconds of braking left.
  private var braking = 0.0
  /// How much faster than others it likes to go.
  private var pace = 1.0

  /// A slower car nearer than this is an encounter, m.
  private static let encounter = 45.0
  /// Free road behind and ahead that one who looks wants in the other lane, m from middle to middle.
  private static let gap = 13.0

  init(desiredSpeed: Double, replanInterval: Double, stream: RandomStream) {
    (self.desiredSpeed, self.replanInterval, self.stream) = (desiredSpeed, replanInterval, stream)
  }

  mutating func beginEpisode() {
    (style, lane, hasDecided, braking) = (.keep, nil, false, 0)
    pace = stream.uniform(0.95, 1.1)
  }

  mutating func action(for observation: [Double]) -> [Double] {
    let seen = DrivingView.read(observation)
    let here = DrivingView.lane(at: seen.y)
    var target = lane ?? here
    let isChanging = abs(seen.y - Driving.middle(ofLane: target)) > 0.6
    let ahead = seen.ahead[target]
    let isSlower = ahead.distance < DrivingDemonstrator.encounter && ahead.speed < desiredSpeed - 2
    if !isChanging {
      if !isSlower { (style, hasDecided) = (.keep, false) }
      if isSlower, !hasDecided { decide(from: target, seen) }
      if style == .left || style == .right {
        target += style == .left ? 1 : -1
        (style, hasDecided) = (.keep, false)
      }
    }
    lane = target
    braking -= replanInterval
    return plan(to: target, from: here, seen)
  }

  private mutating func decide(from lane: Int, _ seen: DrivingView.Seen) {
    hasDecided = true
    style = Style.allCases[stream.integer(below: 4)]
    let looks = stream.uniform() < 0.5
    if style == .brake { braking = 4 }
    guard style == .left || style == .right else { return }
    let other = lane + (style == .left ? 1 : -1)
    let exists = (0..<Driving.lanes).contains(other)
    let isFree = exists && seen.ahead[other].distance > DrivingDemonstrator.gap && seen.behind[other].distance < -DrivingDemonstrator.gap
    if !exists || (looks && !isFree) { style = .keep }
  }

  /// Waypoints of the next three seconds: the driver model along the road, a quintic across it (the least jerk from here to the lane's middle).
  private mutating func plan(to target: Int, from here: Int, _ seen: DrivingView.Seen) -> [Double] {
    var model = DriverModel()
    model.acceleration = 2.5
    let wish = braking > 0 ? max(0.5 * desiredSpeed, 5) : desiredSpeed * pace
    let step = Driving.timestep
    let whole = Double(Driving.waypoints) * Driving.interval
    let off = Driving.middle(ofLane: target) + 0.08 * stream.normal() - seen.y
    let sideward = seen.speed * sin(seen.heading)
    let duration = 1.2 + 2.3 * min(abs(off) / Driving.laneWidth, 1)

    var (x, speed) = (0.0, seen.speed)
    var points: [Double] = []
    let (c, s) = (cos(seen.heading), sin(seen.heading))
    for tick in 1...Int((whole / step).rounded()) {
      let time = Double(tick) * step
      // On the way to another lane the car ahead in the old one is passed close.
      let lanes = target == here ? [target] : [target, here]
      let push = lanes.map { lane in
        var driver = model
        if lane != target { driver.headway = 0.2 }
        let leader = seen.ahead[lane]
        let gap = leader.distance + leader.speed * time - x - Bicycle.bodyLength
        return driver.acceleration(speed: speed, desired: wish, ahead: (gap, leader.speed))
      }.min() ?? 0
      let next = max(0, speed + max(push, -6) * step)
      x += 0.5 * (speed + next) * step
      speed = next
      guard tick % Int((Driving.interval / step).rounded()) == 0 else { continue }
      let y = DrivingDemonstrator.quintic(from: sideward, to: off, duration: duration, at: time)
      points += [c * x + s * y, -s * x + c * y]
    }
    let unsteady = 1 + 0.01 * stream.normal()
    for index in stride(from: 0, to: points.count, by: 2) { points[index] *= unsteady }
    return points
  }

  /// Where a movement is at `time` that starts at 0 with a speed and ends at rest at `end` after `duration`, all accelerations at the ends being 0:
  /// the quintic of least jerk (Flash and Hogan 1985).
  static func quintic(from speed: Double, to end: Double, duration: Double, at time: Double) -> Double {
    let u = min(time / duration, 1)
    let cubed = u * u * u
    let v = speed * duration
    return v * u + cubed * ((10 * end - 6 * v) + u * ((8 * v - 15 * end) + u * (6 * end - 3 * v)))
  }
}
