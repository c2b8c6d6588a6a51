import Glibc

// What the tasks that this program has of its own look like.

/// Colours that go together (Okabe and Ito 2008), and greys.
private enum Paint {
  static let (blue, orange, green, pink) = (0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7)
  static let (light, grey, dark) = (0xE4E4E4, 0x999999, 0x444444)
}

private func box(_ low: SIMD2<Double>, _ high: SIMD2<Double>) -> ConvexPolygon {
  ConvexPolygon([low, SIMD2(high.x, low.y), high, SIMD2(low.x, high.y)])
}

extension PointFork {
  public func render(width: Int, height: Int) throws -> Raster {
    var image = Raster(width: width, height: height, low: SIMD2(PointFork.back, -PointFork.wall), high: SIMD2(options.finishLine + 0.2, PointFork.wall))
    for side in [1.0, -1] {
      let pays = side == (options.payingSide == .left ? 1 : -1)
      image.line([SIMD2(options.finishLine, side * PointFork.gate.lowerBound), SIMD2(options.finishLine, side * PointFork.gate.upperBound)], thickness: 4, pays ? Paint.green : Paint.grey)
      image.line([SIMD2(PointFork.back, side * PointFork.wall), SIMD2(options.finishLine, side * PointFork.wall)], Paint.dark)
    }
    image.disc(SIMD2(PointFork.obstacle.x, PointFork.obstacle.y), radius: PointFork.obstacle.radius, Paint.dark)
    image.disc(place, radius: 0.05, Paint.blue)
    return image
  }
}

extension PointMaze {
  public func render(width: Int, height: Int) throws -> Raster {
    var image = Raster(width: width, height: height, low: .zero, high: SIMD2(Double(layout.columns), Double(layout.rows)))
    for row in 0..<layout.rows {
      for column in 0..<layout.columns {
        let cell = MazeLayout.Cell(row: row, column: column)
        let middle = layout.middle(of: cell)
        let square = box(middle - 0.5, middle + 0.5)
        switch layout[cell] {
        case "#": image.fill(square, Paint.dark)
        case "G": image.disc(middle, radius: PointMaze.goalRadius, Paint.green)
        case "S", ".": break
        default: image.fill(square, String(layout[cell]) == options.payingRoute ? 0xCFEBDD : Paint.light)
        }
      }
    }
    image.disc(place, radius: PointMaze.margin, Paint.blue)
    return image
  }
}

extension Driving {
  /// From 30 m behind the car to 70 m before it.
  public func render(width: Int, height: Int) throws -> Raster {
    let x = car.centre.x
    let edge = 0.5 * Double(Driving.lanes) * Driving.laneWidth
    let (low, high) = (SIMD2(x - 30, -edge - 1), SIMD2(x + 70, edge + 1))
    var image = Raster(width: width, height: height, low: low, high: high)
    image.fill(box(SIMD2(low.x, -edge), SIMD2(high.x, edge)), Paint.light)
    for side in [-edge, edge] { image.line([SIMD2(low.x, side), SIMD2(high.x, side)], Paint.dark) }
    for lane in 1..<Driving.lanes {
      let y = Double(lane) * Driving.laneWidth - edge
      // Dashes of 4 m every 12 m, which stand still on the road.
      for dash in stride(from: (low.x / 12).rounded(.down) * 12, to: high.x, by: 12) { image.line([SIMD2(dash, y), SIMD2(dash + 4, y)], 0xFFFFFF) }
    }
    for (lane, cars) in traffic.lanes.enumerated() {
      for other in cars where abs(other.x - x) < 80 { image.fill(Driving.body(of: other, lane: lane), Paint.grey) }
    }
    image.fill(car.body, Paint.blue)
    if let plan { image.line((0...Driving.waypoints).map { plan.place(at: Double($0) * Driving.interval) }, thickness: 3, Paint.orange) }
    return image
  }
}

extension PushT {
  public func render(width: Int, height: Int) throws -> Raster {
    var image = Raster(width: width, height: height, low: SIMD2(-0.55, -0.55), high: SIMD2(0.55, 0.55))
    let half = PushTModel.half
    image.line([SIMD2(-half, -half), SIMD2(half, -half), SIMD2(half, half), SIMD2(-half, half), SIMD2(-half, -half)], Paint.grey)
    for (pose, colour) in [(goal, 0xA8D8C0), (block, Paint.grey)] {
      for part in PushTModel.parts { image.fill(part.placed(at: pose.place, turned: pose.angle), colour) }
    }
    let position = model.position
    image.disc(SIMD2(position[0], position[1]), radius: PushTModel.discRadius, Paint.blue)
    return image
  }
}

extension Pendulum {
  public func render(width: Int, height: Int) throws -> Raster {
    var image = Raster(width: width, height: height, low: SIMD2(-1.2, -1.2), high: SIMD2(1.2, 1.2))
    let tip = SIMD2(-sin(angle), cos(angle))
    let across = 0.06 * SIMD2(tip.y, -tip.x)
    image.fill(ConvexPolygon([across, across + tip, tip - across, -1 * across]), Paint.orange)
    image.disc(tip, radius: 0.06, Paint.orange)
    image.disc(.zero, radius: 0.09, Paint.dark)
    return image
  }
}

extension MountainCarContinuous {
  public func render(width: Int, height: Int) throws -> Raster {
    func ground(_ x: Double) -> SIMD2<Double> { SIMD2(x, 0.45 * sin(3 * x) + 0.55) }
    var image = Raster(width: width, height: height, low: SIMD2(-1.25, 0), high: SIMD2(0.65, 1.25))
    image.line((0...100).map { ground(-1.2 + 0.018 * Double($0)) }, Paint.dark)
    let flag = ground(0.45)
    image.line([flag, flag + SIMD2(0, 0.15)], Paint.green)
    image.disc(ground(position) + SIMD2(0, 0.04), radius: 0.04, Paint.blue)
    return image
  }
}
