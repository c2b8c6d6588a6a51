// Products, and what adds up along a dimension.

extension Tensor {
  /// x₁ + … + xₖ in place of each xₖ along `dim`.
  public func cumsum(_ dim: Int) throws -> Tensor {
    let d = try resolve(dim)
    return accumulated(d, backwards: false).recorded([self]) { g in [g.accumulated(d, backwards: true)] }
  }

  /// Sums of all entries up to each, or from each on.
  private func accumulated(_ dim: Int, backwards: Bool) -> Tensor {
    let (outer, inner) = around(dim)
    let n = shape[dim]
    let result = Tensor(uninitialized: shape)
    guard result.count > 0 else { return result }
    let target = result.storage.pointer
    let step = backwards ? -1 : 1
    withPointer { source in
      for o in 0..<outer {
        var place = (o * n + (backwards ? n - 1 : 0)) * inner
        if inner == 1 {
          var total = 0.0
          for _ in 0..<n {
            total += Double(source[place])
            target[place] = Float(total)
            place += step
          }
          continue
        }
        for i in 0..<inner { target[place + i] = source[place + i] }
        for _ in 1..<n {
          let (row, from, before) = (target + place + step * inner, source + place + step * inner, target + place)
          for i in 0..<inner { row[i] = before[i] + from[i] }
          place += step * inner
        }
      }
    }
    return result
  }

  /// The product of all elements, rank 0.
  public func prod() throws -> Tensor { try reshape([-1]).prod(0) }
  /// The product along `dim`; 1 where there is nothing.
  public func prod(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    let d = try resolve(dim)
    return try folded(d, true, empty: 1) { $0 * $1 }.recorded([self]) { g in [self.productSlopes(g, d)] }.unless(keepDim, dropping: d)
  }

  /// g times the product of all the others along `dim`, by products from both ends: zeros are no trouble.
  private func productSlopes(_ g: Tensor, _ dim: Int) -> Tensor {
    let (outer, inner) = around(dim)
    let n = shape[dim]
    let result = Tensor(uninitialized: shape)
    let target = result.storage.pointer
    withPointer { x in g.withPointer { slope in
      for slot in 0..<outer * inner {
        let start = slot / inner * n * inner + slot % inner
        var (before, after) = (Float(1), slope[slot])
        for k in 0..<n {
          target[start + k * inner] = before
          before *= x[start + k * inner]
        }
        for k in (0..<n).reversed() {
          target[start + k * inner] *= after
          after *= x[start + k * inner]
        }
      }
    } }
    return result
  }
}
