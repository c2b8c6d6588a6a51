import Glibc

/// A convex polygon in the plane; its corners run counter-clockwise.
public struct ConvexPolygon: Equatable, Sendable {
  public let corners: [SIMD2<Double>]

  /// The corners must run counter-clockwise; fewer than three enclose nothing.
  public init(_ corners: [SIMD2<Double>]) { self.corners = corners }

  /// `length` along `heading` (radians from the x axis), `width` across it.
  static func rectangle(centre: SIMD2<Double>, length: Double, width: Double, heading: Double = 0) -> ConvexPolygon {
    let along = 0.5 * length * SIMD2(cos(heading), sin(heading))
    let across = 0.5 * width * SIMD2(-sin(heading), cos(heading))
    return ConvexPolygon([centre - along - across, centre + along - across, centre + along + across, centre - along + across])
  }

  /// By the shoelace formula.
  public var area: Double {
    var twice = 0.0
    for index in corners.indices { twice += cross(corners[index], corners[(index + 1) % corners.count]) }
    return max(0, 0.5 * twice)
  }

  /// Turned about the origin, then moved.
  public func placed(at place: SIMD2<Double>, turned angle: Double) -> ConvexPolygon {
    let (c, s) = (cos(angle), sin(angle))
    return ConvexPolygon(corners.map { place + SIMD2(c * $0.x - s * $0.y, s * $0.x + c * $0.y) })
  }

  /// What both have in common (Sutherland and Hodgman 1974); empty where they do not overlap.
  public func intersection(_ other: ConvexPolygon) -> ConvexPolygon {
    var points = corners
    for index in other.corners.indices where !points.isEmpty {
      let start = other.corners[index]
      let edge = other.corners[(index + 1) % other.corners.count] - start
      var kept: [SIMD2<Double>] = []
      kept.reserveCapacity(points.count + 1)
      for place in points.indices {
        let (from, to) = (points[place], points[(place + 1) % points.count])
        let (before, after) = (cross(edge, from - start), cross(edge, to - start))
        if before >= 0 { kept.append(from) }
        if (before > 0 && after < 0) || (before < 0 && after > 0) { kept.append(from + before / (before - after) * (to - from)) }
      }
      points = kept
    }
    return ConvexPolygon(points)
  }
}

/// Positive where `b` lies to the left of `a`.
func cross(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double { a.x * b.y - a.y * b.x }

/// The Euclidean norm.
func length(_ a: SIMD2<Double>) -> Double { (a.x * a.x + a.y * a.y).squareRoot() }
