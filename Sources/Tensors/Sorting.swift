extension Tensor {
  /// The elements along `dim` in order, and the indices they had; equals keep their order, NaN counts as the largest.
  public func sort(_ dim: Int = -1, descending: Bool = false) throws -> (values: Tensor, indices: [Int]) {
    let d = try resolve(dim)
    return try ordered(d, shape[d], descending)
  }

  /// The `k` largest along `dim`, or smallest, the first first, and the indices they had.
  public func topK(_ k: Int, _ dim: Int = -1, largest: Bool = true) throws -> (values: Tensor, indices: [Int]) {
    let d = try resolve(dim)
    guard (0...shape[d]).contains(k) else { throw UsageError("topk wants 0 to \(shape[d]) elements of dimension \(d) of shape \(shape), got \(k)") }
    return try ordered(d, k, largest)
  }

  private func ordered(_ dim: Int, _ k: Int, _ descending: Bool) throws -> (Tensor, [Int]) {
    var target = shape
    target[dim] = k
    let indices = order(dim, first: k, descending)
    return (try gather(dim, indices, shape: target), indices)
  }

  /// The indices of the first `k` in order along `dim`, row-major in a shape with k there. Sorts words of key and index.
  private func order(_ dim: Int, first k: Int, _ descending: Bool) -> [Int] {
    let (outer, inner) = around(dim)
    let n = shape[dim]
    var result = [Int](repeating: 0, count: outer * k * inner)
    var words = [UInt64](repeating: 0, count: n)
    withPointer { source in
      for slot in 0..<outer * inner {
        let (o, i) = (slot / inner, slot % inner)
        let lane = source + o * n * inner + i
        for j in 0..<n {
          let key = sortKey(lane[j * inner])
          words[j] = UInt64(descending ? ~key : key) << 32 | UInt64(UInt32(truncatingIfNeeded: j))
        }
        words.sort()
        for j in 0..<k { result[(o * k + j) * inner + i] = Int(UInt32(truncatingIfNeeded: words[j])) }
      }
    }
    return result
  }
}

/// Unsigned numbers in the order of the floats; -0 as 0, every NaN last.
private func sortKey(_ x: Float) -> UInt32 {
  guard x == x else { return .max }
  let bits = (x + 0).bitPattern
  return bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
}
