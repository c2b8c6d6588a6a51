/// What a point that keeps `margin` from the walls of a maze runs into: every wall cell grown by the margin on all sides.
struct MazeWalls {
  private let layout: MazeLayout
  private let margin: Double

  init(_ layout: MazeLayout, margin: Double) { (self.layout, self.margin) = (layout, margin) }

  /// Where the point ends that wants to go from `start` by `way`: it stops at a wall and slides along it. Also whether it touched one.
  func slide(from start: SIMD2<Double>, by way: SIMD2<Double>) -> (place: SIMD2<Double>, touched: Bool) {
    var (place, rest, touched) = (start, way, false)
    for _ in 0..<4 where rest != .zero {
      guard let hit = firstHit(from: place, by: rest) else { return (place + rest, touched) }
      touched = true
      place += hit.share * rest
      rest *= 1 - hit.share
      place[hit.axis] = hit.face
      rest[hit.axis] = 0
    }
    return (place, touched)
  }

  private struct Hit {
    /// Of the way that is done when it touches.
    var share: Double
    /// 0 for a wall across x, 1 across y.
    var axis: Int
    /// Where the wall begins there.
    var face: Double
  }

  /// The first wall on the way, by the slab method: a box is entered when the last of its two intervals is.
  private func firstHit(from start: SIMD2<Double>, by way: SIMD2<Double>) -> Hit? {
    var first: Hit?
    let end = start + way
    let low = layout.cell(at: SIMD2(min(start.x, end.x) - margin, max(start.y, end.y) + margin))
    let high = layout.cell(at: SIMD2(max(start.x, end.x) + margin, min(start.y, end.y) - margin))
    for row in low.row...high.row {
      for column in low.column...high.column {
        let cell = MazeLayout.Cell(row: row, column: column)
        guard layout.isWall(cell), let hit = hit(cell, from: start, by: way) else { continue }
        if first.map({ hit.share < $0.share }) ?? true { first = hit }
      }
    }
    return first
  }

  private func hit(_ cell: MazeLayout.Cell, from start: SIMD2<Double>, by way: SIMD2<Double>) -> Hit? {
    let middle = layout.middle(of: cell)
    let half = 0.5 + margin
    var entry = Hit(share: -.infinity, axis: 0, face: 0)
    var leave = Double.infinity
    for axis in 0..<2 {
      let (low, high) = (middle[axis] - half, middle[axis] + half)
      if way[axis] == 0 {
        guard start[axis] > low, start[axis] < high else { return nil }
        continue
      }
      let near = way[axis] > 0 ? low : high
      let far = way[axis] > 0 ? high : low
      let share = (near - start[axis]) / way[axis]
      if share > entry.share { entry = Hit(share: share, axis: axis, face: near) }
      leave = min(leave, (far - start[axis]) / way[axis])
    }
    return entry.share >= 0 && entry.share < 1 && entry.share < leave ? entry : nil
  }
}
