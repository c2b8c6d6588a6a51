// The inner products of `PanelLinear`: a few rows of x against a panel of 16 columns of weights. Every element is summed from the first
// input to the last whatever the kernel, so a row's result does not depend on the rows beside it.

typealias Lanes = SIMD8<Float>

/// How the 16 weights of one input lie in a panel.
protocol PanelWeights {
  /// Of one input.
  static var bytes: Int { get }
  static func load(_ pointer: UnsafeRawPointer) -> (Lanes, Lanes)
}

enum Float32Panel: PanelWeights {
  static var bytes: Int { 64 }
  @inline(__always) static func load(_ pointer: UnsafeRawPointer) -> (Lanes, Lanes) {
    (pointer.loadUnaligned(as: Lanes.self), pointer.loadUnaligned(fromByteOffset: 32, as: Lanes.self))
  }
}

/// Word j holds column j below and column j + 8 above.
enum Bfloat16Panel: PanelWeights {
  static var bytes: Int { 32 }
  @inline(__always) static func load(_ pointer: UnsafeRawPointer) -> (Lanes, Lanes) {
    let words = pointer.loadUnaligned(as: SIMD8<UInt32>.self)
    return (unsafeBitCast(words &<< 16, to: Lanes.self), unsafeBitCast(words & SIMD8<UInt32>(repeating: 0xffff_0000), to: Lanes.self))
  }
}

/// Rows of x, weights and bias of one panel, and where the sums go: 16 of each row.
struct PanelTile {
  var x: UnsafePointer<Float>
  /// From one row of x to the next.
  let xStride: Int
  let inputs: Int
  var weights: UnsafeRawPointer
  var bias: UnsafePointer<Float>
  var result: UnsafeMutablePointer<Float>
  /// From one row of the result to the next.
  var stride: Int
  /// Whether the sums are added to what the result holds.
  var adds = false

  @inline(__always) var start: (Lanes, Lanes) { (lanes(bias), lanes(bias + 8)) }
  @inline(__always) func row(_ index: Int) -> UnsafePointer<Float> { x + index * xStride }
  @inline(__always) func store(_ index: Int, _ low: Lanes, _ high: Lanes) {
    let target = result + index * stride
    if adds { write(low + lanes(target), high + lanes(target + 8), target) } else { write(low, high, target) }
  }
}

@inline(__always) private func write(_ low: Lanes, _ high: Lanes, _ target: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(target).storeBytes(of: low, as: Lanes.self)
  UnsafeMutableRawPointer(target).storeBytes(of: high, toByteOffset: 32, as: Lanes.self)
}

@inline(__always) private func lanes(_ pointer: UnsafePointer<Float>) -> Lanes { UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self) }
@inline(__always) private func spread(_ x: Float) -> Lanes { Lanes(repeating: x) }

/// Six rows: twelve sums stay in registers, two for each port and cycle of latency.
@inline(__always)
func sixRows<W: PanelWeights>(_ tile: PanelTile, _: W.Type) {
  var (p0, q0) = tile.start
  var (p1, q1) = (p0, q0), (p2, q2) = (p0, q0), (p3, q3) = (p0, q0), (p4, q4) = (p0, q0), (p5, q5) = (p0, q0)
  let (r0, r1, r2) = (tile.row(0), tile.row(1), tile.row(2))
  let (r3, r4, r5) = (tile.row(3), tile.row(4), tile.row(5))
  var weights = tile.weights
  for i in 0..<tile.inputs {
    let (low, high) = W.load(weights)
    weights += W.bytes
    var x = spread(r0[i])
    (p0, q0) = (p0.addingProduct(x, low), q0.addingProduct(x, high))
    x = spread(r1[i])
    (p1, q1) = (p1.addingProduct(x, low), q1.addingProduct(x, high))
    x = spread(r2[i])
    (p2, q2) = (p2.addingProduct(x, low), q2.addingProduct(x, high))
    x = spread(r3[i])
    (p3, q3) = (p3.addingProduct(x, low), q3.addingProduct(x, high))
    x = spread(r4[i])
    (p4, q4) = (p4.addingProduct(x, low), q4.addingProduct(x, high))
    x = spread(r5[i])
    (p5, q5) = (p5.addingProduct(x, low), q5.addingProduct(x, high))
  }
  tile.store(0, p0, q0); tile.store(1, p1, q1); tile.store(2, p2, q2)
  tile.store(3, p3, q3); tile.store(4, p4, q4); tile.store(5, p5, q5)
}

@inline(__always)
func fourRows<W: PanelWeights>(_ tile: PanelTile, _: W.Type) {
  var (p0, q0) = tile.start
  var (p1, q1) = (p0, q0), (p2, q2) = (p0, q0), (p3, q3) = (p0, q0)
  let (r0, r1, r2, r3) = (tile.row(0), tile.row(1), tile.row(2), tile.row(3))
  var weights = tile.weights
  for i in 0..<tile.inputs {
    let (low, high) = W.load(weights)
    weights += W.bytes
    var x = spread(r0[i])
    (p0, q0) = (p0.addingProduct(x, low), q0.addingProduct(x, high))
    x = spread(r1[i])
    (p1, q1) = (p1.addingProduct(x, low), q1.addingProduct(x, high))
    x = spread(r2[i])
    (p2, q2) = (p2.addingProduct(x, low), q2.addingProduct(x, high))
    x = spread(r3[i])
    (p3, q3) = (p3.addingProduct(x, low), q3.addingProduct(x, high))
  }
  tile.store(0, p0, q0); tile.store(1, p1, q1); tile.store(2, p2, q2); tile.store(3, p3, q3)
}

@inline(__always)
func twoRows<W: PanelWeights>(_ tile: PanelTile, _: W.Type) {
  var (p0, q0) = tile.start
  var (p1, q1) = (p0, q0)
  let (r0, r1) = (tile.row(0), tile.row(1))
  var weights = tile.weights
  for i in 0..<tile.inputs {
    let (low, high) = W.load(weights)
    weights += W.bytes
    var x = spread(r0[i])
    (p0, q0) = (p0.addingProduct(x, low), q0.addingProduct(x, high))
    x = spread(r1[i])
    (p1, q1) = (p1.addingProduct(x, low), q1.addingProduct(x, high))
  }
  tile.store(0, p0, q0); tile.store(1, p1, q1)
}

@inline(__always)
func oneRow<W: PanelWeights>(_ tile: PanelTile, _: W.Type) {
  var (p, q) = tile.start
  let r = tile.row(0)
  var weights = tile.weights
  for i in 0..<tile.inputs {
    let (low, high) = W.load(weights)
    weights += W.bytes
    let x = spread(r[i])
    (p, q) = (p.addingProduct(x, low), q.addingProduct(x, high))
  }
  tile.store(0, p, q)
}

/// One row against four panels that lie `apart` bytes from each other: enough sums to hide the latency, so memory sets the pace.
@inline(__always)
func oneRowFourPanels<W: PanelWeights>(_ tile: PanelTile, apart: Int, _: W.Type) {
  var (p0, q0) = tile.start
  var (p1, q1) = (lanes(tile.bias + 16), lanes(tile.bias + 24)), (p2, q2) = (lanes(tile.bias + 32), lanes(tile.bias + 40))
  var (p3, q3) = (lanes(tile.bias + 48), lanes(tile.bias + 56))
  let r = tile.row(0)
  var (w0, w1) = (tile.weights, tile.weights + apart)
  var (w2, w3) = (tile.weights + 2 * apart, tile.weights + 3 * apart)
  for i in 0..<tile.inputs {
    let x = spread(r[i])
    let (l0, h0) = W.load(w0), (l1, h1) = W.load(w1), (l2, h2) = W.load(w2), (l3, h3) = W.load(w3)
    (p0, q0) = (p0.addingProduct(x, l0), q0.addingProduct(x, h0))
    (p1, q1) = (p1.addingProduct(x, l1), q1.addingProduct(x, h1))
    (p2, q2) = (p2.addingProduct(x, l2), q2.addingProduct(x, h2))
    (p3, q3) = (p3.addingProduct(x, l3), q3.addingProduct(x, h3))
    w0 += W.bytes; w1 += W.bytes; w2 += W.bytes; w3 += W.bytes
  }
  write(p0, q0, tile.result); write(p1, q1, tile.result + 16)
  write(p2, q2, tile.result + 32); write(p3, q3, tile.result + 48)
}

/// `rows` rows through one panel, which stays in the nearest cache.
@inline(__always)
func panelRows<W: PanelWeights>(_ rows: Int, _ first: PanelTile, _ kind: W.Type) {
  var tile = first
  var left = rows
  while left > 0 {
    let count: Int
    switch left {
    case 6...: sixRows(tile, kind); count = 6
    case 4...: fourRows(tile, kind); count = 4
    case 2...: twoRows(tile, kind); count = 2
    default: oneRow(tile, kind); count = 1
    }
    tile.x += count * tile.xStride
    tile.result += count * tile.stride
    left -= count
  }
}

/// The same for a panel of fewer than 16 columns, by way of rows that hold 16.
@inline(__always)
func narrowPanelRows<W: PanelWeights>(_ rows: Int, columns: Int, _ first: PanelTile, _ kind: W.Type) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 12 * 16) { room in
    guard let base = room.baseAddress else { return }
    for start in stride(from: 0, to: rows, by: 12) {
      let count = min(12, rows - start)
      var tile = first
      tile.x += start * tile.xStride
      (tile.result, tile.stride, tile.adds) = (base, 16, false)
      panelRows(count, tile, kind)
      for row in 0..<count {
        let (from, to) = (base + row * 16, first.result + (start + row) * first.stride)
        if first.adds { for i in 0..<columns { to[i] += from[i] } } else { to.update(from: from, count: columns) }
      }
    }
  }
}
