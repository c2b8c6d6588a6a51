// Sums and what is made of them.

extension Tensor {
  /// Σ of all elements, rank 0.
  public func sum() -> Tensor {
    let span = Profile.Span("sum"); defer { span.end() }
    let all = withPointer { total($0, count) }
    let whole = shape
    return Tensor.scalar(all).recorded([self]) { g in [try g.expand(to: whole)] }
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
      if n == 0 { target.update(repeating: 0, count: result.count) }
      else if inner == 1 { for o in 0..<outer { target[o] = total(source + o * n, n) } }
      else { fold(source, outer: outer, n: n, inner: inner, into: target) { $0 + $1 } }
    }
    let whole = shape
    return try result.recorded([self]) { g in [try g.expand(to: whole)] }.unless(keepDim, dropping: d)
  }

  public func mean(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try sum(dim, keepDim: keepDim) / Float(shape[resolve(dim)])
  }

  /// The variance along `dim`, divided by n - correction.
  public func variance(_ dim: Int, correction: Int = 1, keepDim: Bool = false) throws -> Tensor {
    let centred = try self - mean(dim, keepDim: true)
    let n = try shape[resolve(dim)]
    return try centred.squared().sum(dim, keepDim: keepDim) / Float(Swift.max(0, n - Swift.max(correction, -1 << 30)))
  }

  /// What `along` makes of several dimensions taken as one, which go unless `keepDim`; `along` is told which it is and whether to keep it.
  public func over(_ dims: [Int], keepDim: Bool = false, _ along: (Tensor, Int, Bool) throws -> Tensor) throws -> Tensor {
    let reduced = try dims.map(resolve).sorted()
    guard let first = reduced.first, Set(reduced).count == reduced.count else {
      throw UsageError("a reduction wants at least one dimension, and each once, got \(dims)")
    }
    guard reduced.count > 1 else { return try along(self, first, keepDim) }
    let kept = shape.indices.filter { !reduced.contains($0) }
    let merged = try permute(Array(0..<first) + reduced + kept.filter { $0 > first }).flatten(first, first + reduced.count - 1)
    let result = try along(merged, first, false)
    return keepDim ? try result.reshape(shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }) : result
  }

  /// The Euclidean norm of all elements, rank 0; its gradient is 0 where it is.
  public func norm() throws -> Tensor { try reshape([-1]).norm(0) }
  /// The Euclidean norm along `dim`; its gradient is 0 where it is.
  public func norm(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    let d = try resolve(dim)
    let length = try Tensor.withoutGrad { try squared().sum(d, keepDim: true).sqrt() }
    return try length.recorded([self]) { g in
      [try g * Tensor.combine(self, length) { $1 == 0 ? 0 : $0 / $1 }]
    }.unless(keepDim, dropping: d)
  }

  /// (Σ |x|^p)^(1/p) along `dim` for p = 1 or 2, and the largest |x| for infinity.
  public func norm(_ dim: Int, p: Float, keepDim: Bool = false) throws -> Tensor {
    switch p {
    case 1: return try abs().sum(dim, keepDim: keepDim)
    case 2: return try norm(dim, keepDim: keepDim)
    case .infinity: return try abs().max(dim, keepDim: keepDim)
    default: throw UsageError("a norm wants p = 1, 2 or infinity, got \(p)")
    }
  }

  /// ln Σ e^x of all elements, rank 0.
  public func logSumExp() throws -> Tensor { try reshape([-1]).logSumExp(0) }
  /// ln Σ e^x along `dim`, shifted so that nothing overflows; -infinity where there is nothing, or only -infinity.
  public func logSumExp(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    let d = try resolve(dim)
    guard shape[d] > 0 else { return try Tensor.full(-.infinity, reducedShape(d)).unless(keepDim, dropping: d) }
    let result = try Tensor.withoutGrad {
      let shift = try max(d, keepDim: true).map { $0.magnitude < .infinity ? $0 : 0 }
      return try Tensor.combine(self, shift) { fastExp($0 - $1) }.sum(d, keepDim: true).log() + shift
    }
    return try result.recorded([self]) { g in
      [try g * Tensor.combine(self, result) { fastExp($0 - ($1 == -.infinity ? 0 : $1)) }]
    }.unless(keepDim, dropping: d)
  }
}

/// Σ x[i], in double precision over blocks of 4096.
@inline(__always)
private func total(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  guard count > 4096 else { return Tensors.sum(x, count) }
  var total = 0.0
  for start in stride(from: 0, to: count, by: 4096) { total += Double(Tensors.sum(x + start, Swift.min(4096, count - start))) }
  return Float(total)
}
