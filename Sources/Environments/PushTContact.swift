/// A place on the T's edge where the disc can push, and what a push there does.
struct PushTContact {
  /// In the block's frame.
  let point: SIMD2<Double>
  /// Into the block.
  let normal: SIMD2<Double>

  /// Along all edges, but for the inner corners, where the disc does not fit.
  static let all: [PushTContact] = {
    let (bar, stem) = (PushTModel.bar, PushTModel.stem)
    let (top, under) = (bar.middle.y + bar.half.y, bar.middle.y - bar.half.y)
    let (side, stemSide, foot) = (bar.half.x, stem.half.x, stem.middle.y - stem.half.y)
    func edge(_ from: SIMD2<Double>, _ to: SIMD2<Double>, _ normal: SIMD2<Double>, _ count: Int) -> [PushTContact] {
      (0..<count).map { PushTContact(point: from + (0.08 + 0.84 * Double($0) / Double(count - 1)) * (to - from), normal: normal) }
    }
    let bars = edge(SIMD2(-side, top), SIMD2(side, top), SIMD2(0, -1), 9)
      + edge(SIMD2(side, under), SIMD2(side, top), SIMD2(-1, 0), 3) + edge(SIMD2(-side, under), SIMD2(-side, top), SIMD2(1, 0), 3)
      + edge(SIMD2(side, under), SIMD2(0.08, under), SIMD2(0, 1), 3) + edge(SIMD2(-side, under), SIMD2(-0.08, under), SIMD2(0, 1), 3)
    let stems = edge(SIMD2(stemSide, under - 0.03), SIMD2(stemSide, foot), SIMD2(-1, 0), 6)
      + edge(SIMD2(-stemSide, under - 0.03), SIMD2(-stemSide, foot), SIMD2(1, 0), 6)
      + edge(SIMD2(-stemSide, foot), SIMD2(stemSide, foot), SIMD2(0, 1), 3)
    return bars + stems
  }()

  /// What is left to do: the way and the turn to the goal, in the block's frame.
  struct Error {
    var way: SIMD2<Double>
    var turn: Double
  }

  /// A push against viscous drag moves the block by `normal` / drag and turns it by the lever / turning drag. Returns by how much the best push here
  /// lessens |way|² + (arm turn)², and how far the contact point moves in it.
  func gain(_ error: Error, arm: Double) -> (gain: Double, distance: Double) {
    let lever = cross(point, normal)
    let (move, turn) = (normal / PushTModel.drag, lever / PushTModel.turningDrag)
    let speed = 1 / PushTModel.drag + turn * lever  // of the contact point, along the normal
    let (step, angle) = (move / speed, turn / speed)
    let slope = error.way.x * step.x + error.way.y * step.y + arm * arm * error.turn * angle
    let curvature = step.x * step.x + step.y * step.y + arm * arm * angle * angle
    return slope > 0 ? (slope * slope / curvature, min(slope / curvature, 0.1)) : (0, 0)
  }
}
