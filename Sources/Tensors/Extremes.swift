// The largest and the smallest, and where they are. NaN beats everything.

extension Tensor {
  /// The largest along `dim`; the gradient goes to the first of equals.
  public func max(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try extreme(dim, keepDim, { $1 > $0 || $1 != $1 ? $1 : $0 }) { try $0.argmax($1) }
  }
  /// The smallest along `dim`; the gradient goes to the first of equals.
  public func min(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try extreme(dim, keepDim, { $1 < $0 || $1 != $1 ? $1 : $0 }) { try $0.argmin($1) }
  }
  /// The largest of all, rank 0.
  public func max() throws -> Tensor { try reshape([-1]).max(0) }
  /// The smallest of all, rank 0.
  public func min() throws -> Tensor { try reshape([-1]).min(0) }

  /// The index of the largest along `dim`, in the shape without it; the first of equals.
  public func argmax(_ dim: Int) throws -> [Int] { try best(dim) { $0 > $1 } }
  /// The index of the smallest along `dim`, in the shape without it; the first of equals.
  public func argmin(_ dim: Int) throws -> [Int] { try best(dim) { $0 < $1 } }

  @inline(__always)
  private func extreme(
    _ dim: Int, _ keepDim: Bool, _ f: (Float, Float) -> Float, _ winners: @escaping (Tensor, Int) throws -> [Int]
  ) throws -> Tensor {
    let d = try resolve(dim)
    try checkNotEmpty(d)
    let (_, inner) = around(d)
    let n = shape[d]
    let result = try folded(d, true, empty: 0, f)
    return try result.recorded([self]) { g in
      let spread = Tensor.zeros(self.shape)
      let to = spread.storage.pointer
      let places = try winners(self, d)
      g.withPointer { from in
        for (slot, k) in places.enumerated() { to[(slot / inner * n + k) * inner + slot % inner] = from[slot] }
      }
      return [spread]
    }.unless(keepDim, dropping: d)
  }

  /// Along `dim`, the first index that no other beats.
  @inline(__always)
  private func best(_ dim: Int, _ better: (Float, Float) -> Bool) throws -> [Int] {
    let d = try resolve(dim)
    try checkNotEmpty(d)
    let (outer, inner) = around(d)
    let n = shape[d]
    guard inner > 0 else { return [] }
    let records = Tensor(uninitialized: [inner])
    let record = records.storage.pointer
    return withPointer { source in
      [Int](unsafeUninitializedCapacity: outer * inner) { buffer, count in
        count = outer * inner
        guard let places = buffer.baseAddress else { return }
        for o in 0..<outer {
          let (block, place) = (source + o * n * inner, places + o * inner)
          for i in 0..<inner { (record[i], place[i]) = (block[i], 0) }
          for k in 1..<Swift.max(n, 1) {
            let row = block + k * inner
            for i in 0..<inner {
              let (x, current) = (row[i], record[i])
              if current == current && (x != x || better(x, current)) { (record[i], place[i]) = (x, k) }
            }
          }
        }
        withExtendedLifetime(records) {}
      }
    }
  }

  private func checkNotEmpty(_ dim: Int) throws {
    guard shape[dim] > 0 else { throw UsageError("an empty dimension has no largest or smallest element, shape \(shape)") }
  }
}
