import Glibc

/// The fixed controller that drives a car along a plan: what a trajectory predictor's output means.
///
/// A plan is where the rear axle is to be at equal times, the first one interval from now, in the frame of the car at the moment of planning (x ahead, y to
/// the left); straight lines lie between. Steering is pure pursuit (Coulter 1992) of the point that is due a preview later, acceleration the one
/// that reaches that point when it is due; both as far as the car's limits go.
struct PlanTracking {
  /// Of the waypoints, in the road's frame, the car's own place first.
  private let points: [SIMD2<Double>]
  /// Seconds between two points.
  private let interval: Double

  /// How far ahead it looks, s.
  static let preview = 1.0
  /// m/s², m/s³, rad, rad/s.
  static let accelerations = -8.0...4.0
  static let largestJerk = 20.0
  static let largestSteering = 0.4
  static let largestSteeringRate = 0.8

  init(_ waypoints: [Double], interval: Double, from car: Bicycle) {
    let (ahead, left) = (car.direction, SIMD2(-car.direction.y, car.direction.x))
    points = [car.place] + stride(from: 0, to: waypoints.count, by: 2).map { car.place + waypoints[$0] * ahead + waypoints[$0 + 1] * left }
    self.interval = interval
  }

  /// Where the car is to be `time` seconds after the plan was made; past the end the last straight line goes on.
  func place(at time: Double) -> SIMD2<Double> {
    let segment = min(Int(time / interval), points.count - 2)
    let share = time / interval - Double(segment)
    return points[segment] + share * (points[segment + 1] - points[segment])
  }

  /// The controls for the next `step` seconds, `time` seconds after the plan was made, given those of the step before.
  func controls(for car: Bicycle, at time: Double, acceleration: Double, steering: Double, step: Double) -> (acceleration: Double, steering: Double) {
    let way = place(at: time + PlanTracking.preview) - car.place
    let (along, across) = (way.x * car.direction.x + way.y * car.direction.y, cross(car.direction, way))
    let preview = PlanTracking.preview
    let wanted = 2 * (along - car.speed * preview) / (preview * preview)
    let change = PlanTracking.largestJerk * step
    let push = min(max(wanted, acceleration - change), acceleration + change)
    // A point beside or behind the car would turn the wheel to its stop: never nearer than what a slow car looks ahead.
    let reach = max(along, 4)
    let curvature = 2 * across / (reach * reach + across * across)
    let angle = min(max(atan(curvature * Bicycle.wheelbase), -PlanTracking.largestSteering), PlanTracking.largestSteering)
    let turn = PlanTracking.largestSteeringRate * step
    return (
      min(max(push, PlanTracking.accelerations.lowerBound), PlanTracking.accelerations.upperBound),
      min(max(angle, steering - turn), steering + turn)
    )
  }
}
