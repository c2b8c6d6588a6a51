extension Tensor {
  /// A dimension counted from 0, or from the end when negative.
  func resolve(_ dim: Int) throws -> Int {
    let resolved = dim < 0 ? dim + rank : dim
    guard (0..<rank).contains(resolved) else { throw UsageError("dimension \(dim) is outside a tensor of \(rank) dimensions, shape \(shape)") }
    return resolved
  }

  private func view(_ shape: [Int], _ strides: [Int], offset: Int? = nil) -> Tensor {
    Tensor(storage: storage, shape: shape, strides: strides, offset: offset ?? self.offset)
  }

  /// The same elements, packed in row-major order; self if they are already.
  public func contiguous() -> Tensor {
    guard !isContiguous else { return self }
    let span = Profile.Span("contiguous"); defer { span.end() }
    let result = Tensor(uninitialized: shape)
    let target = result.storage.pointer
    let source = storage.pointer + offset
    var index = [Int](repeating: 0, count: rank)
    let inner = shape[rank - 1], step = strides[rank - 1]
    var (read, written) = (0, 0)
    while written < result.count {
      for i in 0..<inner { target[written + i] = source[read + i * step] }
      written += inner
      var dim = rank - 2
      while dim >= 0 {
        index[dim] += 1
        read += strides[dim]
        if index[dim] < shape[dim] { break }
        read -= strides[dim] * shape[dim]
        index[dim] = 0
        dim -= 1
      }
    }
    return result.recorded([self]) { g in [g] }
  }

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

  /// Dimensions in a new order.
  public func permute(_ order: [Int]) throws -> Tensor {
    let dims = try order.map(resolve)
    guard Set(dims).count == rank, dims.count == rank else { throw UsageError("permute wants each of \(rank) dimensions once, got \(order)") }
    let inverse = dims.indices.map { dims.firstIndex(of: $0) ?? 0 }
    return view(dims.map { shape[$0] }, dims.map { strides[$0] }).recorded([self]) { g in [try g.permute(inverse)] }
  }

  /// Two dimensions exchanged.
  public func transposed(_ a: Int = -2, _ b: Int = -1) throws -> Tensor {
    var order = Array(0..<rank)
    order.swapAt(try resolve(a), try resolve(b))
    return try permute(order)
  }

  /// `length` entries of `dim` from `start` on, sharing memory.
  public func narrow(_ dim: Int, _ start: Int, _ length: Int) throws -> Tensor {
    let d = try resolve(dim)
    guard start >= 0, length >= 0, start <= shape[d], length <= shape[d] - start else {
      throw UsageError("\(length) entries from \(start) on are outside dimension \(d) of shape \(shape)")
    }
    var target = shape
    target[d] = length
    let whole = shape
    return view(target, strides, offset: offset + start * strides[d]).recorded([self]) { g in [try g.placed(in: whole, d, start)] }
  }

  /// One entry of `dim`, that dimension gone, sharing memory.
  public func select(_ dim: Int, _ index: Int) throws -> Tensor {
    let d = try resolve(dim)
    let i = index < 0 ? index + shape[d] : index
    guard (0..<shape[d]).contains(i) else { throw UsageError("index \(index) is outside dimension \(d) of shape \(shape)") }
    let row = try narrow(d, i, 1)
    return try row.dropping(d)
  }

  /// Self without the dimension `dim`, whose size is 1.
  func dropping(_ dim: Int) throws -> Tensor {
    var (target, steps) = (shape, strides)
    target.remove(at: dim)
    steps.remove(at: dim)
    return view(target, steps).recorded([self]) { g in
      var back = g.shape
      back.insert(1, at: dim)
      return [try g.reshape(back)]
    }
  }

  /// Sizes of 1 stretched to `target`, sharing memory.
  public func expand(to target: [Int]) throws -> Tensor {
    try Tensor.check(target)
    guard try Broadcast.shape(shape, target) == target else { throw UsageError("cannot expand \(shape) to \(target)") }
    return view(target, strides(stretchedTo: target)).recorded([self]) { g in [g] }
  }

  /// Zeros of shape `whole` with self's entries from `start` on in dimension `dim`.
  private func placed(in whole: [Int], _ dim: Int, _ start: Int) throws -> Tensor {
    let span = Profile.Span("narrow"); defer { span.end() }
    let result = Tensor.zeros(whole)
    let (outer, inner) = result.around(dim)
    let (length, size) = (shape[dim] * inner, whole[dim] * inner)
    let target = result.storage.pointer
    withPointer { source in
      for o in 0..<outer { (target + o * size + start * inner).update(from: source + o * length, count: length) }
    }
    return result
  }

  /// How many entries lie before and after dimension `dim` in row-major order.
  func around(_ dim: Int) -> (outer: Int, inner: Int) { (shape[..<dim].reduce(1, *), shape[(dim + 1)...].reduce(1, *)) }
}
