// The same elements under other sizes.

extension Tensor {
  /// The same elements in another shape; one size may be -1.
  public func reshape(_ wanted: [Int]) throws -> Tensor {
    var target = wanted
    if let free = target.firstIndex(of: -1) {
      target[free] = 1
      try Tensor.check(target)
      let rest = target.reduce(1, *)
      guard rest > 0, count % rest == 0 else { throw UsageError("cannot reshape \(shape) to \(wanted)") }
      target[free] = count / rest
    }
    try Tensor.check(target)
    guard target.reduce(1, *) == count else { throw UsageError("cannot reshape \(shape) to \(wanted)") }
    let source = contiguous(), original = shape
    return source.view(target, Tensor.rowMajor(target)).recorded([source]) { g in [try g.reshape(original)] }
  }

  /// Dimensions `first` to `last` as one; rank 0 becomes a vector.
  public func flatten(_ first: Int = 0, _ last: Int = -1) throws -> Tensor {
    guard rank > 0 else { return try reshape([1]) }
    let (a, b) = (try resolve(first), try resolve(last))
    guard a <= b else { throw UsageError("flatten wants its first dimension before its last, got \(first) and \(last)") }
    return try reshape(Array(shape[..<a]) + [shape[a...b].reduce(1, *)] + Array(shape[(b + 1)...]))
  }

  /// Self without its dimensions of size 1, sharing memory.
  public func squeeze() throws -> Tensor {
    let kept = shape.indices.filter { shape[$0] != 1 }
    let original = shape
    return view(kept.map { shape[$0] }, kept.map { strides[$0] }).recorded([self]) { g in [try g.reshape(original)] }
  }
  /// Self without dimension `dim` where its size is 1, sharing memory.
  public func squeeze(_ dim: Int) throws -> Tensor {
    let d = try resolve(dim)
    return shape[d] == 1 ? try dropping(d) : self
  }

  /// A dimension of size 1 before `dim`, which may be the rank; sharing memory.
  public func unsqueeze(_ dim: Int) throws -> Tensor {
    let d = dim < 0 ? dim + rank + 1 : dim
    guard (0...rank).contains(d) else { throw UsageError("dimension \(dim) is outside 0...\(rank)") }
    var (target, steps) = (shape, strides)
    target.insert(1, at: d)
    steps.insert(1, at: d)
    return view(target, steps).recorded([self]) { g in [try g.dropping(d)] }
  }

  /// Self without the dimension `dim`, whose size is 1.
  func dropping(_ dim: Int) throws -> Tensor {
    var (target, steps) = (shape, strides)
    target.remove(at: dim)
    steps.remove(at: dim)
    return view(target, steps).recorded([self]) { g in [try g.unsqueeze(dim)] }
  }

  /// Self repeated so many times along each dimension (NumPy's tile): the shorter of shape and `times` is filled up with ones in front.
  public func tile(_ times: [Int]) throws -> Tensor {
    let rank = Swift.max(self.rank, times.count)
    let sizes = Array(repeating: 1, count: rank - self.rank) + shape
    let copies = Array(repeating: 1, count: rank - times.count) + times
    guard copies.allSatisfy({ (0...1 << 40).contains($0) }) else { throw UsageError("tile wants numbers of copies that are not negative, got \(times)") }
    var target: [Int] = []
    for (size, copies) in zip(sizes, copies) {
      let (product, overflow) = size.multipliedReportingOverflow(by: copies)
      guard !overflow else { throw UsageError("tile \(times) of shape \(shape) is too large") }
      target.append(product)
    }
    try Tensor.check(target)
    let apart = try reshape(sizes.flatMap { [1, $0] })
    return try apart.expand(to: zip(copies, sizes).flatMap { [$0, $1] }).reshape(target)
  }
}
