// One dimension folded into one entry.

/// Folds the middle dimension of [outer, n, inner] by `f`, n at least 1. Short rows are folded side by side, so that the loops stay long
/// enough to vectorise.
@inline(__always)
func fold(
  _ source: UnsafePointer<Float>, outer: Int, n: Int, inner: Int, into target: UnsafeMutablePointer<Float>, _ f: (Float, Float) -> Float
) {
  let abreast = inner > 0 && inner < 32 ? Swift.min(64 / inner, n / 2) : 1
  guard abreast > 1 else {
    for o in 0..<outer {
      let (block, row) = (source + o * n * inner, target + o * inner)
      for i in 0..<inner { row[i] = block[i] }
      for k in 1..<Swift.max(n, 1) {
        let from = block + k * inner
        for i in 0..<inner { row[i] = f(row[i], from[i]) }
      }
    }
    return
  }
  let width = abreast * inner
  withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { buffer in
    guard let lanes = buffer.baseAddress else { return }
    for o in 0..<outer {
      let block = source + o * n * inner
      for i in 0..<width { lanes[i] = block[i] }
      var k = abreast
      while k + abreast <= n {
        let from = block + k * inner
        for i in 0..<width { lanes[i] = f(lanes[i], from[i]) }
        k += abreast
      }
      while k < n {
        let from = block + k * inner
        for i in 0..<inner { lanes[i] = f(lanes[i], from[i]) }
        k += 1
      }
      var rows = abreast
      while rows > 1 {
        let kept = rows - rows / 2
        for i in 0..<(rows / 2) * inner { lanes[i] = f(lanes[i], lanes[i + kept * inner]) }
        rows = kept
      }
      for i in 0..<inner { target[o * inner + i] = lanes[i] }
    }
  }
}

extension Tensor {
  /// self's shape with `dim` of size 1.
  func reducedShape(_ dim: Int) -> [Int] {
    var target = shape
    target[dim] = 1
    return target
  }

  /// Dimension `dim` folded by `f`, `empty` where there is nothing to fold; remembers nothing.
  @inline(__always)
  func folded(_ dim: Int, _ keepDim: Bool, empty: Float, _ f: (Float, Float) -> Float) throws -> Tensor {
    let d = try resolve(dim)
    let (outer, inner) = around(d)
    let n = shape[d]
    guard n > 0 else { return try Tensor.full(empty, reducedShape(d)).unless(keepDim, dropping: d) }
    let result = Tensor(uninitialized: reducedShape(d))
    withPointer { fold($0, outer: outer, n: n, inner: inner, into: result.storage.pointer, f) }
    return try result.unless(keepDim, dropping: d)
  }

  /// Self with its dimension `dim` of size 1, or without it.
  func unless(_ keepDim: Bool, dropping dim: Int) throws -> Tensor { keepDim ? self : try dropping(dim) }
}
