import Glibc

/// The kinematic bicycle model of a car (Rajamani 2012, "Vehicle dynamics and control", section 2.2), its reference point on the rear axle.
struct Bicycle: Equatable {
  /// Of the rear axle's middle, m.
  var place = SIMD2<Double>.zero
  /// Radians from the x axis.
  var heading = 0.0
  /// m/s, never negative.
  var speed = 0.0

  /// Between the axles, m.
  static let wheelbase = 2.7
  /// From the rear axle to the middle of the body, m.
  static let middle = 1.35
  /// Of the body, m.
  static let (bodyLength, bodyWidth) = (4.6, 1.9)

  var direction: SIMD2<Double> { SIMD2(cos(heading), sin(heading)) }
  /// The middle of the body.
  var centre: SIMD2<Double> { place + Bicycle.middle * direction }
  var body: ConvexPolygon {
    .rectangle(centre: centre, length: Bicycle.bodyLength, width: Bicycle.bodyWidth, heading: heading)
  }

  /// Moves for `time` seconds under a constant acceleration, m/s², until it stands, and a constant steering angle, radians: exactly, along an
  /// arc of curvature tan(steering) / wheelbase. Returns that curvature.
  @discardableResult
  mutating func move(acceleration: Double, steering: Double, time: Double) -> Double {
    let moving = acceleration < 0 ? min(time, speed / -acceleration) : time
    let way = moving * (speed + 0.5 * acceleration * moving)
    let curvature = tan(steering) / Bicycle.wheelbase
    let turn = way * curvature
    let chord = abs(turn) < 1e-8 ? way : 2 * sin(0.5 * turn) / curvature
    place += chord * SIMD2(cos(heading + 0.5 * turn), sin(heading + 0.5 * turn))
    heading += turn
    speed = max(0, speed + acceleration * moving)
    return curvature
  }
}
