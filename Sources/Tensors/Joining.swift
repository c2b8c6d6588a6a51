extension Tensor {
  /// Tensors side by side along `dim`; all other sizes are equal.
  public static func cat(_ parts: [Tensor], dim: Int = 0) throws -> Tensor {
    guard let first = parts.first else { throw UsageError("cat wants at least one tensor, got none") }
    let d = try first.resolve(dim)
    for part in parts {
      guard part.rank == first.rank, part.shape.indices.allSatisfy({ $0 == d || part.shape[$0] == first.shape[$0] }) else {
        throw UsageError("cannot cat shape \(part.shape) to \(first.shape) along dimension \(d)")
      }
    }
    let span = Profile.Span("cat"); defer { span.end() }
    var shape = first.shape
    shape[d] = 0
    for part in parts {  // checked as it grows: empty tensors may have sizes whose sum has no number
      shape[d] += part.shape[d]
      try Tensor.check(shape)
    }
    let result = Tensor(uninitialized: shape)
    let (outer, inner) = result.around(d)
    let row = shape[d] * inner
    let target = result.storage.pointer
    var start = 0
    for part in parts {
      let length = part.shape[d] * inner
      part.withPointer { source in
        for o in 0..<outer { (target + o * row + start).update(from: source + o * length, count: length) }
      }
      start += length
    }
    let sizes = parts.map { $0.shape[d] }
    return result.recorded(parts) { g in
      var start = 0
      return try sizes.map { size in
        defer { start += size }
        return try g.narrow(d, start, size)
      }
    }
  }

  /// Tensors of one shape along a new dimension `dim`.
  public static func stack(_ parts: [Tensor], dim: Int = 0) throws -> Tensor {
    guard let first = parts.first else { throw UsageError("stack wants at least one tensor, got none") }
    let d = dim < 0 ? dim + first.rank + 1 : dim
    guard (0...first.rank).contains(d) else { throw UsageError("dimension \(dim) is outside 0...\(first.rank)") }
    var shape = first.shape
    shape.insert(1, at: d)
    return try cat(parts.map { part in
      guard part.shape == first.shape else { throw UsageError("cannot stack shape \(part.shape) with \(first.shape)") }
      return try part.reshape(shape)
    }, dim: d)
  }
}
