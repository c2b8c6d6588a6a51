import Glibc

/// The T-shaped block of PushT-v0 and the MuJoCo model around it; metres and kilograms.
enum PushTModel {
  /// Half the side of the square that the disc's target may lie in.
  static let half = 0.5
  static let discRadius = 0.03
  /// Middle and half sides of the bar and the stem, about the centre of the T's area.
  static let bar = (middle: SIMD2(0, 0.36 / 7), half: SIMD2(0.12, 0.03))
  static let stem = (middle: SIMD2(0, -0.48 / 7), half: SIMD2(0.03, 0.09))
  /// Viscous drag of the table on the block: N s/m along, N m s about its middle.
  static let (drag, turningDrag) = (10.0, 0.064)

  /// Bar and stem, the block's frame at the origin.
  static let parts: [ConvexPolygon] = [bar, stem].map { .rectangle(centre: $0.middle, length: 2 * $0.half.x, width: 2 * $0.half.y) }
  static let area = parts[0].area + parts[1].area

  /// The block's place and angle.
  struct Pose: Equatable {
    var place = SIMD2<Double>.zero
    var angle = 0.0

    /// From the block's frame to the table's.
    func outward(_ point: SIMD2<Double>) -> SIMD2<Double> { place + Pose.turned(point, angle) }
    /// From the table's frame to the block's.
    func inward(_ point: SIMD2<Double>) -> SIMD2<Double> { Pose.turned(point - place, -angle) }

    static func turned(_ point: SIMD2<Double>, _ angle: Double) -> SIMD2<Double> {
      SIMD2(cos(angle) * point.x - sin(angle) * point.y, sin(angle) * point.x + cos(angle) * point.y)
    }
  }

  /// The share of the goal's area that the block covers.
  static func coverage(_ pose: Pose, goal: Pose) -> Double {
    let block = parts.map { $0.placed(at: pose.place, turned: pose.angle) }
    let wanted = parts.map { $0.placed(at: goal.place, turned: goal.angle) }
    var shared = 0.0
    for part in block { for other in wanted { shared += part.intersection(other).area } }
    return min(shared / area, 1)
  }

  /// From a point in the block's frame to the block; 0 inside.
  static func distance(_ point: SIMD2<Double>) -> Double {
    let distances = [bar, stem].map { part -> Double in
      let away = SIMD2(abs(point.x - part.middle.x) - part.half.x, abs(point.y - part.middle.y) - part.half.y)
      return length(SIMD2(max(away.x, 0), max(away.y, 0)))
    }
    return min(distances[0], distances[1])
  }

  /// Seen from above: the disc is drawn to its target by a weak spring, the block lies on the table as in honey. The goal's outline is there to be seen only.
  static func xml(goal: Pose) -> String {
    func box(_ part: (middle: SIMD2<Double>, half: SIMD2<Double>), _ rest: String) -> String {
      "<geom type='box' pos='\(part.middle.x) \(part.middle.y) 0' size='\(part.half.x) \(part.half.y) 0.02' \(rest)/>"
    }
    let look = "contype='0' conaffinity='0' rgba='0.55 0.8 0.55 1'"
    func joints(_ name: String) -> String {
      ["x", "y"].enumerated().map { index, axis in
        "<joint name='\(name)_\(axis)' type='slide' axis='\(index == 0 ? "1 0 0" : "0 1 0")' damping='\(drag)'/>"
      }.joined()
    }
    func spring(_ axis: String) -> String {
      "<position joint='disc_\(axis)' kp='100' forcerange='-5 5' ctrllimited='true' ctrlrange='\(-half) \(half)'/>"
    }
    return """
      <mujoco model="push_t">
        <compiler angle="radian"/>
        <option timestep="0.005" gravity="0 0 0" integrator="implicitfast"/>
        <visual><headlight ambient="0.5 0.5 0.5" diffuse="0.5 0.5 0.5" specular="0 0 0"/></visual>
        <default><geom condim="3" friction="0.3 0.005 0.0001" solref="0.01 1"/></default>
        <worldbody>
          <camera name="above" pos="0 0 1.4" fovy="48"/>
          <geom type="plane" pos="0 0 -0.06" size="2 2 0.1" contype="0" conaffinity="0" rgba="0.95 0.95 0.95 1"/>
          <body name="goal" pos="\(goal.place.x) \(goal.place.y) -0.05" euler="0 0 \(goal.angle)">\(box(bar, look))\(box(stem, look))</body>
          <body name="disc">\(joints("disc"))<geom type="cylinder" size="\(discRadius) 0.02" mass="0.1" rgba="0.2 0.4 0.8 1"/></body>
          <body name="block">
            \(joints("block"))<joint name="block_turn" type="hinge" axis="0 0 1" damping="\(turningDrag)"/>
            \(box(bar, "mass='0.1' rgba='0.5 0.5 0.55 1'"))\(box(stem, "mass='0.075' rgba='0.5 0.5 0.55 1'"))
          </body>
        </worldbody>
        <actuator>\(spring("x"))\(spring("y"))</actuator>
      </mujoco>
      """
  }
}
