// Parts and orders of the same memory.

extension Tensor {
  /// A dimension counted from 0, or from the end when negative.
  func resolve(_ dim: Int) throws -> Int {
    let resolved = dim < 0 ? dim + rank : dim
    guard (0..<rank).contains(resolved) else { throw UsageError("dimension \(dim) is outside a tensor of \(rank) dimensions, shape \(shape)") }
    return resolved
  }

  func view(_ shape: [Int], _ strides: [Int], offset: Int? = nil) -> Tensor {
    Tensor(storage: storage, shape: shape, strides: strides, offset: offset ?? self.offset)
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

  /// `length` entries of `dim` from `start` on, every `step`th, sharing memory.
  public func narrow(_ dim: Int, _ start: Int, _ length: Int, step: Int = 1) throws -> Tensor {
    let d = try resolve(dim)
    let room = shape[d] - start
    guard start >= 0, length >= 0, step > 0, start <= shape[d], length <= room, length == 0 || (length - 1) <= (room - 1) / step else {
      let steps = step == 1 ? "" : " in steps of \(step)"
      throw UsageError("\(length) entries from \(start) on\(steps) are outside dimension \(d) of shape \(shape)")
    }
    let whole = shape
    return part(d, start, length, step).recorded([self]) { g in
      let spread = Tensor.zeros(whole)
      spread.part(d, start, length, step).write(g) { $1 }
      return [spread]
    }
  }

  /// `narrow` past its checks and the gradient's bookkeeping.
  private func part(_ dim: Int, _ start: Int, _ length: Int, _ step: Int) -> Tensor {
    var (target, steps) = (shape, strides)
    target[dim] = length
    if length > 1 { steps[dim] *= step }
    return view(target, steps, offset: length == 0 ? offset : offset + start * strides[dim])
  }

  /// One entry of `dim`, that dimension gone, sharing memory.
  public func select(_ dim: Int, _ index: Int) throws -> Tensor {
    let d = try resolve(dim)
    let i = index < 0 ? index + shape[d] : index
    guard (0..<shape[d]).contains(i) else { throw UsageError("index \(index) is outside dimension \(d) of shape \(shape)") }
    let whole = shape
    return entry(d, i).recorded([self]) { g in
      let spread = Tensor.zeros(whole)
      spread.entry(d, i).write(g) { $1 }
      return [spread]
    }
  }

  /// `select` past its checks and the gradient's bookkeeping.
  func entry(_ dim: Int, _ index: Int) -> Tensor {
    var (target, steps) = (shape, strides)
    target.remove(at: dim)
    steps.remove(at: dim)
    return view(target, steps, offset: offset + index * strides[dim])
  }

  /// Sizes of 1 stretched to `target`, sharing memory.
  public func expand(to target: [Int]) throws -> Tensor {
    try Tensor.check(target)
    guard try Broadcast.shape(shape, target) == target else { throw UsageError("cannot expand \(shape) to \(target)") }
    return view(target, strides(stretchedTo: target)).recorded([self]) { g in [g] }
  }

  /// The elements [i, i + k] of a matrix, sharing memory.
  public func diagonal(_ k: Int = 0) throws -> Tensor {
    guard rank == 2 else { throw UsageError("a diagonal wants a matrix, got shape \(shape)") }
    let whole = shape
    return try diagonalView(k).recorded([self]) { g in
      let spread = Tensor.zeros(whole)
      try spread.diagonalView(k).write(g) { $1 }
      return [spread]
    }
  }

  func diagonalView(_ k: Int) throws -> Tensor {
    guard k > -shape[0] - 1, k < shape[1] + 1 else { throw UsageError("diagonal \(k) is outside shape \(shape)") }
    let length = Swift.min(shape[0] + Swift.min(k, 0), shape[1] - Swift.max(k, 0))
    let start = k < 0 ? -k * strides[0] : k * strides[1]
    return view([length], [strides[0] + strides[1]], offset: length == 0 ? offset : offset + start)
  }

  /// How many entries lie before and after dimension `dim` in row-major order.
  func around(_ dim: Int) -> (outer: Int, inner: Int) { (shape[..<dim].reduce(1, *), shape[(dim + 1)...].reduce(1, *)) }
}
