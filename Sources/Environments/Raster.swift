import Glibc

/// An image of red, green and blue bytes, the top row first, and a pen that draws in the coordinates of a world whose y axis points up.
public struct Raster: Equatable, Sendable {
  public let width: Int
  public let height: Int
  /// [height, width, 3].
  public private(set) var pixels: [UInt8]
  /// Pixels per unit, and the world's point in the image's middle.
  private let scale: Double
  private let middle: SIMD2<Double>

  /// A colour, 0xRRGGBB.
  typealias Colour = Int

  /// A white image that shows the whole of the rectangle from `low` to `high`, its sides in proportion.
  init(width: Int, height: Int, low: SIMD2<Double>, high: SIMD2<Double>) {
    (self.width, self.height) = (width, height)
    pixels = Array(repeating: 255, count: 3 * width * height)
    scale = min(Double(width) / (high.x - low.x), Double(height) / (high.y - low.y))
    middle = 0.5 * (low + high)
  }

  /// Of pixels that are there already.
  init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == 3 * width * height)
    (self.width, self.height, self.pixels, scale, middle) = (width, height, pixels, 1, .zero)
  }

  mutating func fill(_ polygon: ConvexPolygon, _ colour: Colour) {
    let corners = polygon.corners.map(image)
    guard corners.count > 2 else { return }
    // The image's y axis points down: counter-clockwise corners have their inside on the right.
    let edges = corners.indices.map { index -> (start: SIMD2<Double>, normal: SIMD2<Double>) in
      let way = corners[(index + 1) % corners.count] - corners[index]
      return (corners[index], SIMD2(way.y, -way.x) / max(length(way), 1e-12))
    }
    paint(around: corners, margin: 1, colour) { point in
      edges.reduce(-Double.infinity) { far, edge in
        let away = point - edge.start
        return max(far, -(away.x * edge.normal.x + away.y * edge.normal.y))
      }
    }
  }

  /// `radius` in the world's units.
  mutating func disc(_ centre: SIMD2<Double>, radius: Double, _ colour: Colour) {
    let (point, far) = (image(centre), radius * scale)
    paint(around: [point], margin: far + 1, colour) { length($0 - point) - far }
  }

  /// A line through points, `thickness` pixels wide.
  mutating func line(_ points: [SIMD2<Double>], thickness: Double = 2, _ colour: Colour) {
    for (from, to) in zip(points, points.dropFirst()) {
      let (a, b) = (image(from), image(to))
      let way = b - a
      let squared = way.x * way.x + way.y * way.y
      paint(around: [a, b], margin: 0.5 * thickness + 1, colour) { point in
        let away = point - a
        let share = squared > 0 ? min(max((away.x * way.x + away.y * way.y) / squared, 0), 1) : 0
        return length(away - share * way) - 0.5 * thickness
      }
    }
  }

  private func image(_ point: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(0.5 * Double(width) + scale * (point.x - middle.x), 0.5 * Double(height) - scale * (point.y - middle.y))
  }

  /// Colours every pixel by how far its middle lies inside: `distance` is negative there, and half a pixel on either side of the edge is mixed.
  private mutating func paint(around points: [SIMD2<Double>], margin: Double, _ colour: Colour, _ distance: (SIMD2<Double>) -> Double) {
    func range(_ values: [Double], _ count: Int) -> Range<Int> {
      let low = min(max((values.min() ?? 0) - margin, 0), Double(count))
      let high = min(max((values.max() ?? 0) + margin + 1, 0), Double(count))
      return Int(low)..<max(Int(low), Int(high))
    }
    guard points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return }
    let parts = [16, 8, 0].map { Double(colour >> $0 & 255) }
    let columns = range(points.map(\.x), width)
    for row in range(points.map(\.y), height) {
      for column in columns {
        let share = min(max(0.5 - distance(SIMD2(Double(column) + 0.5, Double(row) + 0.5)), 0), 1)
        guard share > 0 else { continue }
        let first = 3 * (row * width + column)
        for part in 0..<3 {
          let mixed = Double(pixels[first + part]) * (1 - share) + parts[part] * share
          pixels[first + part] = UInt8(mixed.rounded())
        }
      }
    }
  }
}
