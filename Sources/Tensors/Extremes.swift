// The largest and the smallest, and where they are. NaN beats everything.

extension Tensor {
  /// The largest along `dim`; the gradient goes to the first of equals.
  public func max(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try extreme(dim, keepDim, largest) { try $0.argmax($1) }
  }
  /// The smallest along `dim`; the gradient goes to the first of equals.
  public func min(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try extreme(dim, keepDim, smallest) { try $0.argmin($1) }
  }
  /// The largest of all, rank 0.
  public func max() throws -> Tensor { try reshape([-1]).max(0) }
  /// The smallest of all, rank 0.
  public func min() throws -> Tensor { try reshape([-1]).min(0) }

  /// The index of the largest along `dim`, in the shape without it; the first of equals.
  public func argmax(_ dim: Int) throws -> [Int] { try best(dim, largest) }
  /// The index of the smallest along `dim`, in the shape without it; the first of equals.
  public func argmin(_ dim: Int) throws -> [Int] { try best(dim, smallest) }

  @inline(__always)
  private func extreme(
    _ dim: Int, _ keepDim: Bool, _ f: (Float, Float) -> Float, _ winners: @escaping (Tensor, Int) throws -> [Int]
  ) throws -> Tensor {
    let span = Profile.Span("maxMin"); defer { span.end() }
    let d = try resolve(dim)
    try checkNotEmpty(d)
    let (_, inner) = around(d)
    let n = shape[d]
    let result = try folded(d, true, empty: 0, f)
    return try result.recorded([self]) { g in
      let span = Profile.Span("maxMin"); defer { span.end() }
      let spread = Tensor.zeros(self.shape)
      let to = spread.storage.pointer
      let places = try winners(self, d)
      g.withPointer { from in
        for (slot, k) in places.enumerated() { to[(slot / inner * n + k) * inner + slot % inner] = from[slot] }
      }
      return [spread]
    }.unless(keepDim, dropping: d)
  }

  /// Along `dim`, the first index of what `f` leaves over: of a NaN where there is one.
  @inline(__always)
  private func best(_ dim: Int, _ f: (Float, Float) -> Float) throws -> [Int] {
    let span = Profile.Span("maxMin"); defer { span.end() }
    let d = try resolve(dim)
    try checkNotEmpty(d)
    let (outer, inner) = around(d)
    let n = shape[d]
    let winners = try folded(d, true, empty: 0, f)
    return withPointer { source in
      winners.withPointer { winner in
        var places = [Int](repeating: n - 1, count: outer * inner)
        places.withUnsafeMutableBufferPointer { buffer in
          guard let places = buffer.baseAddress else { return }
          for o in 0..<outer {
            let (block, wanted, place) = (source + o * n * inner, winner + o * inner, places + o * inner)
            if inner == 1 {
              var k = 0
              while k < n - 1, block[k] != wanted[0], block[k] == block[k] { k += 1 }
              place[0] = k
              continue
            }
            for k in (0..<n).reversed() {
              let row = block + k * inner
              for i in 0..<inner { place[i] = row[i] == wanted[i] || row[i] != row[i] ? k : place[i] }
            }
          }
        }
        return places
      }
    }
  }

  private func checkNotEmpty(_ dim: Int) throws {
    guard shape[dim] > 0 else { throw UsageError("an empty dimension has no largest or smallest element, shape \(shape)") }
  }
}

@inline(__always) private func largest(_ a: Float, _ b: Float) -> Float { b > a || b != b ? b : a }
@inline(__always) private func smallest(_ a: Float, _ b: Float) -> Float { b < a || b != b ? b : a }
