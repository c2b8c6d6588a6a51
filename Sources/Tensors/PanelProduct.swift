/// A matrix in memory: element (i, j) at pointer[i * rowStride + j * columnStride].
struct MatrixLayout: @unchecked Sendable {
  let pointer: UnsafePointer<Float>
  let rowStride: Int
  let columnStride: Int
}

/// out [m, n] = a [m, k] · b [k, n], or out + a · b.
struct MatrixProduct: Sendable {
  let (m, n, k): (Int, Int, Int)
  let a: MatrixLayout
  let b: MatrixLayout
  nonisolated(unsafe) let out: UnsafeMutablePointer<Float>
  let adds: Bool
}

// With b in panels of 16 columns. On processors without AVX-512 this is up to twice as fast as oneDNN's sgemm where b is row-major, or a
// column-major, and large.
extension MatrixProduct {
  /// Depth, width and height of what is multiplied at a time: a panel for the nearest cache, all panels for the farthest, rows for the middle one.
  /// 66 rows are eleven times six, and leave few batches a short block that reads all panels for little.
  private static let (depth, width, height) = (512, 1024, 66)

  /// Whether the panels are worth their making.
  var paysInPanels: Bool {
    guard !OneDNN.hasPackedProducts, m >= 32, n >= 16, k >= 32, b.columnStride == 1 else { return false }
    return a.columnStride == 1 ? n * k >= 1 << 16 : m * k >= 1 << 16
  }

  func inPanels() throws {
    let panels = PackedScratch(MatrixProduct.depth * ((Swift.min(n, MatrixProduct.width) + 15) / 16 * 16))
    for column in stride(from: 0, to: n, by: MatrixProduct.width) {
      let columns = Swift.min(MatrixProduct.width, n - column)
      for start in stride(from: 0, to: k, by: MatrixProduct.depth) {
        let inner = start..<Swift.min(k, start + MatrixProduct.depth)
        try pack(column..<column + columns, inner, panels)
        try multiply(column, columns, inner, panels)
      }
    }
  }

  /// Rows `inner` of b's `columns`, panel after panel; the last one filled up with zeros.
  private func pack(_ columns: Range<Int>, _ inner: Range<Int>, _ panels: PackedScratch) throws {
    let count = (columns.count + 15) / 16
    try Threads.parallel(rows: count, minimum: Swift.max(1, (1 << 14) / (16 * inner.count))) { part in
      for panel in part {
        let used = Swift.min(16, columns.count - panel * 16)
        var source = b.pointer + inner.lowerBound * b.rowStride + columns.lowerBound + panel * 16
        var target = panels.pointer + panel * 16 * inner.count
        for _ in inner {
          if used == 16 {
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 64)
          } else {
            target.update(repeating: 0, count: 16)
            target.update(from: source, count: used)
          }
          source += b.rowStride
          target += 16
        }
      }
    }
  }

  private func multiply(_ column: Int, _ columns: Int, _ inner: Range<Int>, _ panels: PackedScratch) throws {
    let blocks = (m + MatrixProduct.height - 1) / MatrixProduct.height
    let worth = Swift.max(1, 1_000_000 / (MatrixProduct.height * columns * inner.count))
    try Threads.parallel(rows: blocks, minimum: worth) { part in
      let room = a.columnStride == 1 ? nil : PackedScratch(MatrixProduct.height * inner.count)
      for block in part {
        let rows = block * MatrixProduct.height..<Swift.min(m, (block + 1) * MatrixProduct.height)
        try Interrupt.check()
        multiply(rows, column, columns, inner, panels, room)
      }
    }
  }

  private func multiply(_ rows: Range<Int>, _ column: Int, _ columns: Int, _ inner: Range<Int>, _ panels: PackedScratch, _ room: PackedScratch?) {
    let source = a.pointer + rows.lowerBound * a.rowStride + inner.lowerBound * a.columnStride
    if let room { transpose(source, rows.count, inner.count, room.pointer) }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { zeros in
      zeros.initialize(repeating: 0)
      guard let nothing = zeros.baseAddress else { return }
      for panel in 0..<(columns + 15) / 16 {
        let tile = PanelTile(
          x: room.map { UnsafePointer($0.pointer) } ?? source, xStride: room == nil ? a.rowStride : inner.count, inputs: inner.count,
          weights: UnsafeRawPointer(panels.pointer + panel * 16 * inner.count), bias: nothing,
          result: out + rows.lowerBound * n + column + panel * 16, stride: n, adds: adds || inner.lowerBound > 0)
        let used = columns - panel * 16
        if used >= 16 { panelRows(rows.count, tile, Float32Panel.self) } else { narrowPanelRows(rows.count, columns: used, tile, Float32Panel.self) }
      }
    }
  }

  /// Rows of a column-major a, one after the other.
  private func transpose(_ source: UnsafePointer<Float>, _ rows: Int, _ inner: Int, _ target: UnsafeMutablePointer<Float>) {
    for start in stride(from: 0, to: inner, by: 16) {
      for row in 0..<rows {
        let (from, to) = (source + row * a.rowStride, target + row * inner)
        for i in start..<Swift.min(inner, start + 16) { to[i] = from[i * a.columnStride] }
      }
    }
  }
}

/// Memory for the time of a product.
private final class PackedScratch: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Float>
  init(_ count: Int) {
    pointer = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(count, 16) * 4, alignment: 64).bindMemory(to: Float.self, capacity: count)
  }
  deinit { pointer.deallocate() }
}
