import Glibc

/// What Driving-v0 shows, in units that make the numbers about one.
struct DrivingView {
  let car: Bicycle
  let acceleration: Double
  let steering: Double
  let traffic: Traffic

  /// Six of the car itself, then for each lane, from the right one, the car ahead and the one behind: distance and relative speed.
  static let count = 6 + 4 * Driving.lanes
  /// Metres that are seen; where no car is, one is shown there at the same speed.
  static let range = 100.0
  static let units = (speed: 20.0, acceleration: 4.0, steering: 0.1, heading: 0.1, lateral: Driving.laneWidth, distance: 50.0, relativeSpeed: 10.0)

  static let text =
    "speed / 20, acceleration / 4, steering / 0.1, heading / 0.1, y / 3.5, way to the lane's middle / 3.5; of the cars ahead and behind in the right, middle and left lane the distance / 50 (at most 100 m) and the relative speed / 10"

  /// The lane whose middle is nearest.
  static func lane(at y: Double) -> Int {
    min(max(Int((y / Driving.laneWidth + 0.5 * Double(Driving.lanes)).rounded(.down)), 0), Driving.lanes - 1)
  }

  var observation: [Double] {
    let units = DrivingView.units
    let (x, y) = (car.centre.x, car.centre.y)
    let toMiddle = Driving.middle(ofLane: DrivingView.lane(at: y)) - y
    var numbers = [
      car.speed / units.speed, acceleration / units.acceleration, steering / units.steering, car.heading / units.heading, y / units.lateral,
      toMiddle / units.lateral,
    ]
    numbers.reserveCapacity(DrivingView.count)
    for lane in 0..<Driving.lanes {
      let (ahead, behind) = traffic.neighbours(of: x, lane: lane)
      for (other, nowhere) in [(ahead, DrivingView.range), (behind, -DrivingView.range)] {
        if let other, abs(other.x - x) < DrivingView.range {
          numbers += [(other.x - x) / units.distance, (other.speed - car.speed) / units.relativeSpeed]
        } else {
          numbers += [nowhere / units.distance, 0]
        }
      }
    }
    return numbers
  }

  /// What a driver reads out of an observation.
  struct Seen {
    var (speed, heading, y) = (0.0, 0.0, 0.0)
    /// Of the nearest car in each lane: the distance of the middles, signed, and its speed.
    var ahead: [(distance: Double, speed: Double)] = []
    var behind: [(distance: Double, speed: Double)] = []
  }

  static func read(_ observation: [Double]) -> Seen {
    var seen = Seen()
    (seen.speed, seen.heading, seen.y) = (observation[0] * units.speed, observation[3] * units.heading, observation[4] * units.lateral)
    for lane in 0..<Driving.lanes {
      let first = 6 + 4 * lane
      seen.ahead.append((observation[first] * units.distance, seen.speed + observation[first + 1] * units.relativeSpeed))
      seen.behind.append((observation[first + 2] * units.distance, seen.speed + observation[first + 3] * units.relativeSpeed))
    }
    return seen
  }
}
