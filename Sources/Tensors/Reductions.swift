extension Tensor {
  /// Σ of all elements, rank 0.
  public func sum() -> Tensor {
    let span = Profile.Span("sum"); defer { span.end() }
    let total = withPointer { Tensors.sum($0, count) }
    let whole = shape
    return Tensor.scalar(total).recorded([self]) { g in [try g.expand(to: whole)] }
  }
  /// Their mean, rank 0; NaN for an empty tensor.
  public func mean() -> Tensor { sum() / Float(count) }

  /// Σ along `dim`.
  public func sum(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    let span = Profile.Span("sum"); defer { span.end() }
    let d = try resolve(dim)
    let (outer, inner) = around(d)
    let n = shape[d]
    let result = Tensor(uninitialized: reducedShape(d))
    let target = result.storage.pointer
    withPointer { source in
      for o in 0..<outer {
        if inner == 1 { target[o] = Tensors.sum(source + o * n, n); continue }
        let row = target + o * inner
        row.update(repeating: 0, count: inner)
        for k in 0..<n {
          let from = source + (o * n + k) * inner
          for i in 0..<inner { row[i] += from[i] }
        }
      }
    }
    let whole = shape
    let kept = result.recorded([self]) { g in [try g.expand(to: whole)] }
    return keepDim ? kept : try kept.dropping(d)
  }

  public func mean(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try sum(dim, keepDim: keepDim) / Float(shape[resolve(dim)])
  }

  /// The variance along `dim`, divided by n - correction.
  public func variance(_ dim: Int, correction: Int = 1, keepDim: Bool = false) throws -> Tensor {
    let centred = try self - mean(dim, keepDim: true)
    return try centred.squared().sum(dim, keepDim: keepDim) / Float(Swift.max(0, shape[resolve(dim)] - correction))
  }

  /// The largest along `dim`; the gradient goes to the first of equals.
  public func max(_ dim: Int, keepDim: Bool = false) throws -> Tensor { try extreme(dim, keepDim) { $0 > $1 } }
  /// The smallest along `dim`; the gradient goes to the first of equals.
  public func min(_ dim: Int, keepDim: Bool = false) throws -> Tensor { try extreme(dim, keepDim) { $0 < $1 } }
  /// The largest of all, rank 0.
  public func max() throws -> Tensor { try reshape([-1]).max(0) }
  /// The smallest of all, rank 0.
  public func min() throws -> Tensor { try reshape([-1]).min(0) }

  /// The index of the largest along `dim`, in the shape without it.
  public func argmax(_ dim: Int) throws -> [Int] { try best(resolve(dim)) { $0 > $1 } }
  /// The index of the smallest along `dim`, in the shape without it.
  public func argmin(_ dim: Int) throws -> [Int] { try best(resolve(dim)) { $0 < $1 } }

  private func reducedShape(_ dim: Int) -> [Int] {
    var target = shape
    target[dim] = 1
    return target
  }

  private func extreme(_ dim: Int, _ keepDim: Bool, _ better: (Float, Float) -> Bool) throws -> Tensor {
    let d = try resolve(dim)
    let winners = try best(d, better)
    let (_, inner) = around(d)
    let n = shape[d]
    let result = Tensor(uninitialized: reducedShape(d))
    let target = result.storage.pointer
    withPointer { source in
      for (slot, k) in winners.enumerated() { target[slot] = source[(slot / inner * n + k) * inner + slot % inner] }
    }
    let whole = shape
    let kept = result.recorded([self]) { g in
      let span = Profile.Span("maxMin"); defer { span.end() }
      let spread = Tensor.zeros(whole)
      let to = spread.storage.pointer
      g.withPointer { from in
        for (slot, k) in winners.enumerated() { to[(slot / inner * n + k) * inner + slot % inner] = from[slot] }
      }
      return [spread]
    }
    return keepDim ? kept : try kept.dropping(d)
  }

  /// Along dimension `d`, the first index that no other beats; NaN beats everything.
  private func best(_ d: Int, _ better: (Float, Float) -> Bool) throws -> [Int] {
    let span = Profile.Span("maxMin"); defer { span.end() }
    let (outer, inner) = around(d)
    let n = shape[d]
    guard n > 0 else { throw UsageError("an empty dimension has no largest or smallest element, shape \(shape)") }
    return withPointer { source in
      (0..<outer * inner).map { slot in
        let start = source + slot / inner * n * inner + slot % inner
        var winner = 0
        for k in 1..<Swift.max(n, 1) {
          let (candidate, current) = (start[k * inner], start[winner * inner])
          if !current.isNaN && (candidate.isNaN || better(candidate, current)) { winner = k }
        }
        return winner
      }
    }
  }
}
