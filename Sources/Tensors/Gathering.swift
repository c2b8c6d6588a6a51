// Elements and entries named by indices, read and written. Indices count from 0 and are checked.

extension Tensor {
  /// The entries of `dim` named by `indices`, in their order.
  public func indexSelect(_ dim: Int, _ indices: [Int]) throws -> Tensor {
    let span = Profile.Span("indexSelect"); defer { span.end() }
    let d = try resolve(dim)
    try checkIndices(indices, d)
    let size = shape[d]
    var target = shape
    target[d] = indices.count
    try Tensor.check(target)
    let result = Tensor(uninitialized: target)
    let (outer, inner) = around(d)
    let out = result.storage.pointer
    withPointer { source in
      indices.withUnsafeBufferPointer { indices in
        for o in 0..<outer {
          let (block, rows) = (source + o * size * inner, out + o * indices.count * inner)
          if inner == 1 {
            for k in 0..<indices.count { rows[k] = block[indices[k]] }
          } else if inner < 16 {
            for k in 0..<indices.count {
              let (from, to) = (block + indices[k] * inner, rows + k * inner)
              for i in 0..<inner { to[i] = from[i] }
            }
          } else {
            for k in 0..<indices.count { (rows + k * inner).update(from: block + indices[k] * inner, count: inner) }
          }
        }
      }
    }
    let whole = shape
    return result.recorded([self]) { g in
      let span = Profile.Span("indexSelect"); defer { span.end() }
      let sum = Tensor.zeros(whole)
      let target = sum.storage.pointer
      g.withPointer { source in
        for o in 0..<outer {
          for (k, index) in indices.enumerated() {
            let (to, from) = (target + (o * size + index) * inner, source + (o * indices.count + k) * inner)
            for i in 0..<inner { to[i] += from[i] }
          }
        }
      }
      return [sum]
    }
  }

  /// Overwrites the entries of `dim` named by `indices` with those of `value`, which is stretched to fit; of an index named twice the last counts.
  public func indexWrite(_ dim: Int, _ indices: [Int], _ value: Tensor) throws {
    let d = try resolve(dim)
    try checkIndices(indices, d)
    try checkWritable(value)
    var target = shape
    target[d] = indices.count
    guard let fitting = value.stretchable(to: target) else { throw UsageError("cannot write shape \(value.shape) into shape \(target)") }
    let source = fitting.storage === storage ? fitting.packed() : fitting
    let rows = source.view(target, source.strides(stretchedTo: target))
    for (k, index) in indices.enumerated() { entry(d, index).write(rows.entry(d, k)) { $1 } }
  }

  /// out[…, k, …] = self[…, index[…, k, …], …] along `dim`; `index` lies row-major in `target`, whose other sizes are no larger than self's.
  public func gather(_ dim: Int, _ index: [Int], shape target: [Int]) throws -> Tensor {
    let d = try resolve(dim)
    guard target.count == rank, target.indices.allSatisfy({ $0 == d || target[$0] <= shape[$0] }), index.count == target.reduce(1, *) else {
      throw UsageError("gather along dimension \(d) of shape \(shape) wants an index of as many dimensions and no larger elsewhere, got shape \(target)")
    }
    try checkIndices(index, d)
    var places = [Int](repeating: 0, count: index.count)
    var position = [Int](repeating: 0, count: rank)
    let steps = Tensor.rowMajor(shape)
    var base = 0  // of all dimensions but `dim`
    for flat in 0..<index.count {
      places[flat] = base + index[flat] * steps[d]
      var dim = rank - 1
      while dim >= 0 {
        position[dim] += 1
        if dim != d { base += steps[dim] }
        if position[dim] < target[dim] { break }
        if dim != d { base -= steps[dim] * target[dim] }
        position[dim] = 0
        dim -= 1
      }
    }
    return try taking(places, shape: target)
  }

  /// The elements at `places` of self's row-major order, as a tensor of `target`'s shape.
  func taking(_ places: [Int], shape target: [Int]) throws -> Tensor {
    try Tensor.check(target)
    let result = Tensor(uninitialized: target)
    let out = result.storage.pointer
    withPointer { source in
      places.withUnsafeBufferPointer { places in for i in 0..<places.count { out[i] = source[places[i]] } }
    }
    let whole = shape
    return result.recorded([self]) { g in
      let sum = Tensor.zeros(whole)
      let target = sum.storage.pointer
      g.withPointer { source in for (i, place) in places.enumerated() { target[place] += source[i] } }
      return [sum]
    }
  }

  /// Self in the opposite order along each of `dims`; a copy.
  public func flip(_ dims: [Int]) throws -> Tensor {
    let resolved = try dims.map(resolve)
    guard Set(resolved).count == dims.count else { throw UsageError("flip wants each dimension once, got \(dims)") }
    return try resolved.reduce(self) { try $0.indexSelect($1, (0..<$0.shape[$1]).reversed()) }
  }

  private func checkIndices(_ indices: [Int], _ dim: Int) throws {
    let size = shape[dim]
    if let bad = indices.first(where: { !(0..<size).contains($0) }) { throw UsageError("index \(bad) is outside dimension \(dim) of shape \(shape)") }
  }
}
