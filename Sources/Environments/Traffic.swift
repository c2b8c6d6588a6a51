import Glibc

/// A car that keeps its lane.
struct LaneCar: Equatable {
  /// The middle of its body along the road, m.
  var x: Double
  /// m/s
  var speed: Double
  /// The speed it would like to go, m/s.
  var desiredSpeed: Double
}

/// The intelligent driver model (Treiber, Hennecke and Helbing 2000, "Congested traffic states in empirical observations and microscopic
/// simulations"): how a driver keeps a speed and a distance.
struct DriverModel {
  /// m/s², and how hard it likes to brake.
  var (acceleration, deceleration) = (1.5, 2.0)
  /// To the car ahead, seconds and metres.
  var (headway, standstill) = (1.2, 2.0)
  static let hardestBraking = -8.0

  /// The acceleration behind a car that is `gap` metres of free road ahead and goes at `leader` m/s; nil where the road is free.
  func acceleration(speed: Double, desired: Double, ahead: (gap: Double, leader: Double)?) -> Double {
    let ratio = speed / desired
    // One who is too fast only lets himself be slowed as hard as he likes to brake.
    var free = max(1 - ratio * ratio * ratio * ratio, -deceleration / acceleration)
    if let ahead {
      let approach = speed * (speed - ahead.leader) / (2 * (acceleration * deceleration).squareRoot())
      let wanted = standstill + max(0, speed * headway + approach)
      let share = wanted / max(ahead.gap, 0.1)
      free -= share * share
    }
    return max(acceleration * free, DriverModel.hardestBraking)
  }
}

/// The other cars on the road, lane by lane.
struct Traffic: Equatable {
  /// From the right lane to the left one; within a lane in order along the road.
  var lanes: [[LaneCar]]

  /// Moves every car for `time` seconds. A car follows the nearest thing ahead in its lane: a car, or one of `obstacles` (of the length of a car).
  mutating func move(time: Double, obstacles: [(lane: Int, x: Double, speed: Double)]) {
    let model = DriverModel()
    for lane in lanes.indices {
      let before = lanes[lane]
      for index in before.indices {
        let car = before[index]
        var ahead = index + 1 < before.count ? (x: before[index + 1].x, speed: before[index + 1].speed) : nil
        for obstacle in obstacles where obstacle.lane == lane && obstacle.x > car.x {
          if ahead.map({ obstacle.x < $0.x }) ?? true { ahead = (obstacle.x, obstacle.speed) }
        }
        let push = model.acceleration(
          speed: car.speed, desired: car.desiredSpeed, ahead: ahead.map { ($0.x - car.x - Bicycle.bodyLength, $0.speed) })
        let speed = max(0, car.speed + push * time)
        lanes[lane][index].x += 0.5 * (car.speed + speed) * time
        lanes[lane][index].speed = speed
      }
    }
  }

  /// The nearest car ahead of `x` in a lane, and the nearest behind or beside.
  func neighbours(of x: Double, lane: Int) -> (ahead: LaneCar?, behind: LaneCar?) {
    let next = lanes[lane].firstIndex { $0.x > x } ?? lanes[lane].count
    return (next < lanes[lane].count ? lanes[lane][next] : nil, next > 0 ? lanes[lane][next - 1] : nil)
  }
}
