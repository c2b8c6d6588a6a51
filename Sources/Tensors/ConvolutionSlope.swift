// dL/dweight: for every tap the product of the rows that it ties together, one side transposed. Both sides are laid out once so that the kernel reads
// them straight through: narrow in strips of 6 filters, wide in panels of 16 channels, row after row.

extension ConvolutionSizes {
  /// Rows whose sums are made at a time: a panel of them stays in the middle cache.
  private static let window = 1024

  /// dL/dweight from wide and dL/dnarrow, or from dL/dwide and narrow.
  func slope(_ wide: Tensor, _ narrow: Tensor) throws -> Tensor {
    let span = Profile.Span("convolution", flops: flops); defer { span.end() }
    let result = Tensor(uninitialized: [filters, channelsOfGroup, kernel])
    try Tensor.check([length * samples, channelsOfGroup + 16])
    let (taps, windows) = (taps, windows())
    for group in 0..<groups {
      let strips = try ColumnBlocks(
        narrow.storage.pointer + narrow.offset + group * filtersOfGroup, rows: places * samples, stride: filters, columns: filtersOfGroup, width: 6)
      let panels = try ColumnBlocks(
        wide.storage.pointer + wide.offset + group * channelsOfGroup, rows: length * samples, stride: channels, columns: channelsOfGroup, width: 16)
      nonisolated(unsafe) let target = result.storage.pointer + group * filtersOfGroup * channelsOfGroup * kernel
      let work = 6 * channelsOfGroup * places * samples * taps.count
      try Threads.parallel(rows: strips.count, minimum: Swift.max(1, 2_000_000 / Swift.max(work, 1))) { part in
        try withUnsafeTemporaryAllocation(of: Float.self, capacity: 96) { room in
          guard let sums = room.baseAddress else { return }
          for (index, window) in windows.enumerated() {
            for panel in 0..<panels.count {
              try Interrupt.check()
              for strip in part {
                if index == 0 { clear(target, filter: strip * 6, channel: panel * 16) }
                for (tap, pieces) in zip(taps, window) where !pieces.isEmpty {
                  sums.initialize(repeating: 0, count: 96)
                  for piece in pieces {
                    sixColumns(piece.rows, strips.row(strip, piece.narrow), panels.row(panel, piece.wide), wideStep * 16, sums)
                  }
                  add(sums, to: target + tap, filter: strip * 6, channel: panel * 16)
                }
              }
            }
          }
        }
      }
    }
    withExtendedLifetime((wide, narrow)) {}
    return result
  }

  /// For stretches of rows the pieces of each tap.
  private func windows() -> [[[Piece]]] {
    var windows: [[[Piece]]] = []
    let empty = [[Piece]](repeating: [], count: taps.count)
    var (window, rows) = (empty, 0)
    for chunk in chunks(of: ConvolutionSizes.window) {
      for piece in chunk { window[piece.tap].append(piece) }
      rows += chunk.reduce(0) { Swift.max($0, $1.rows) }
      if rows >= ConvolutionSizes.window {
        windows.append(window)
        (window, rows) = (empty, 0)
      }
    }
    if rows > 0 || windows.isEmpty { windows.append(window) }
    return windows
  }

  /// A tile's weights of a group, all taps.
  private func clear(_ target: UnsafeMutablePointer<Float>, filter: Int, channel: Int) {
    let columns = Swift.min(16, channelsOfGroup - channel)
    for row in 0..<Swift.min(6, filtersOfGroup - filter) {
      (target + ((filter + row) * channelsOfGroup + channel) * kernel).update(repeating: 0, count: columns * kernel)
    }
  }

  /// A tile of sums [6, 16] to a tap's weights of a group.
  private func add(_ sums: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, filter: Int, channel: Int) {
    let columns = Swift.min(16, channelsOfGroup - channel)
    for row in 0..<Swift.min(6, filtersOfGroup - filter) {
      var (from, to) = (sums + row * 16, target + ((filter + row) * channelsOfGroup + channel) * kernel)
      for _ in 0..<columns {
        to.pointee += from.pointee
        from += 1
        to += kernel
      }
    }
  }
}

/// A matrix's columns in blocks of `width`, each block's rows one after the other; the last block is filled up with zeros.
private struct ColumnBlocks: @unchecked Sendable {
  let count: Int
  private let rows, width: Int
  private let storage: Storage

  init(_ source: UnsafePointer<Float>, rows: Int, stride: Int, columns: Int, width: Int) throws {
    (self.rows, self.width) = (rows, width)
    let blocks = (columns + width - 1) / width
    count = blocks
    storage = Storage(blocks * rows * width)
    nonisolated(unsafe) let (source, target) = (source, storage.pointer)
    try Threads.parallel(rows: blocks, minimum: Swift.max(1, (1 << 15) / Swift.max(rows * width, 1))) { part in
      for block in part {
        let used = Swift.min(width, columns - block * width)
        var (from, to) = (source + block * width, target + block * rows * width)
        for _ in 0..<rows {
          for i in 0..<used { to[i] = from[i] }
          for i in used..<width { to[i] = 0 }
          from += stride
          to += width
        }
      }
    }
  }

  @inline(__always) func row(_ block: Int, _ row: Int) -> UnsafePointer<Float> { UnsafePointer(storage.pointer + (block * rows + row) * width) }
}

/// sums [6, 16] += Σ over rows of a [rows, 6] times b [rows, 16], whose rows lie `step` apart.
private func sixColumns(_ rows: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ step: Int, _ sums: UnsafeMutablePointer<Float>) {
  let room = UnsafeMutableRawPointer(sums)
  func load(_ index: Int) -> Lanes { room.loadUnaligned(fromByteOffset: 32 * index, as: Lanes.self) }
  var (p0, q0) = (load(0), load(1)), (p1, q1) = (load(2), load(3)), (p2, q2) = (load(4), load(5))
  var (p3, q3) = (load(6), load(7)), (p4, q4) = (load(8), load(9)), (p5, q5) = (load(10), load(11))
  var (x, row) = (a, UnsafeRawPointer(b))
  for _ in 0..<rows {
    let (low, high) = Float32Panel.load(row)
    row += 4 * step
    var value = Lanes(repeating: x[0])
    (p0, q0) = (p0.addingProduct(value, low), q0.addingProduct(value, high))
    value = Lanes(repeating: x[1])
    (p1, q1) = (p1.addingProduct(value, low), q1.addingProduct(value, high))
    value = Lanes(repeating: x[2])
    (p2, q2) = (p2.addingProduct(value, low), q2.addingProduct(value, high))
    value = Lanes(repeating: x[3])
    (p3, q3) = (p3.addingProduct(value, low), q3.addingProduct(value, high))
    value = Lanes(repeating: x[4])
    (p4, q4) = (p4.addingProduct(value, low), q4.addingProduct(value, high))
    value = Lanes(repeating: x[5])
    (p5, q5) = (p5.addingProduct(value, low), q5.addingProduct(value, high))
    x += 6
  }
  func store(_ index: Int, _ low: Lanes, _ high: Lanes) {
    room.storeBytes(of: low, toByteOffset: 64 * index, as: Lanes.self)
    room.storeBytes(of: high, toByteOffset: 64 * index + 32, as: Lanes.self)
  }
  store(0, p0, q0); store(1, p1, q1); store(2, p2, q2)
  store(3, p3, q3); store(4, p4, q4); store(5, p5, q5)
}
