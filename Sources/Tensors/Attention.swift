// softmax(Q Kᵀ / √d) V in several heads (Vaswani et al. 2017), head by head where the projections leave queries, keys and values.

extension Tensor {
  /// Self-attention of rows [n, length, 3 size] that hold queries, keys and values beside each other, each in `heads` parts: [n, length, size].
  /// A mask [length, length] is not 0 where a query must not look; `kept` [n, heads, length, length] multiplies the weights, as dropout does.
  public func attention(heads: Int, mask: Tensor? = nil, kept: Tensor? = nil) throws -> Tensor {
    guard rank == 3, heads > 0, shape[2] % (3 * heads) == 0 else {
      throw UsageError("attention wants rows of shape [n, length, 3 size] and heads that divide the size, got \(shape) and \(heads)")
    }
    let sizes = try AttentionSizes(samples: shape[0], length: shape[1], places: shape[1], size: shape[2] / 3, heads: heads, mask, kept)
    let rows = contiguous()
    let (result, weights) = try sizes.forward(sizes.queries(of: rows, parts: 3), sizes.memory(of: rows, parts: 3))
    return result.recorded([rows]) { g in
      let slope = Tensor.zeros(rows.shape)
      try sizes.backward(
        g.contiguous(), weights, sizes.queries(of: rows, parts: 3), sizes.memory(of: rows, parts: 3), sizes.queries(of: slope, parts: 3),
        sizes.memory(of: slope, parts: 3))
      withExtendedLifetime(rows) {}
      return [slope]
    }
  }

  /// Attention of queries [n, length, size] at a memory [n, places, 2 size] that holds keys and values beside each other: [n, length, size].
  public func attention(at memory: Tensor, heads: Int, mask: Tensor? = nil, kept: Tensor? = nil) throws -> Tensor {
    guard rank == 3, memory.rank == 3, heads > 0, shape[2] % heads == 0, memory.shape[0] == shape[0], memory.shape[2] == 2 * shape[2] else {
      throw UsageError("attention wants queries [n, length, size] and a memory [n, places, 2 size], got \(shape) and \(memory.shape) for \(heads) heads")
    }
    let sizes = try AttentionSizes(samples: shape[0], length: shape[1], places: memory.shape[1], size: shape[2], heads: heads, mask, kept)
    let (rows, memory) = (contiguous(), memory.contiguous())
    let (result, weights) = try sizes.forward(sizes.queries(of: rows, parts: 1), sizes.memory(of: memory, parts: 2))
    return result.recorded([rows, memory]) { g in
      let (slope, memorySlope) = (Tensor.zeros(rows.shape), Tensor.zeros(memory.shape))
      try sizes.backward(
        g.contiguous(), weights, sizes.queries(of: rows, parts: 1), sizes.memory(of: memory, parts: 2), sizes.queries(of: slope, parts: 1),
        sizes.memory(of: memorySlope, parts: 2))
      withExtendedLifetime((rows, memory)) {}
      return [slope, memorySlope]
    }
  }
}

/// Rows of numbers in memory, `stride` apart.
private struct AttentionRows: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Float>
  let stride: Int
}

private struct AttentionSizes: @unchecked Sendable {
  let samples, length, places, size, heads: Int
  let mask, kept: Tensor?
  private var width: Int { size / heads }
  private var scale: Float { 1 / Float(width).squareRoot() }
  private var worth: Int { Swift.max(1, (1 << 15) / Swift.max(1, length * places * size)) }

  /// Throws for a mask or factors of another shape.
  init(samples: Int, length: Int, places: Int, size: Int, heads: Int, _ mask: Tensor?, _ kept: Tensor?) throws {
    if let mask, mask.shape != [length, places] { throw UsageError("attention wants a mask of shape [\(length), \(places)], got \(mask.shape)") }
    if let kept, kept.shape != [samples, heads, length, places] {
      throw UsageError("attention wants factors of shape [\(samples), \(heads), \(length), \(places)], got \(kept.shape)")
    }
    try Tensor.check([samples, heads, length, places])
    (self.samples, self.length, self.places, self.size, self.heads) = (samples, length, places, size, heads)
    (self.mask, self.kept) = (mask?.detach().contiguous(), kept?.detach().contiguous())
  }

  func queries(of rows: Tensor, parts: Int) -> AttentionRows { AttentionRows(pointer: rows.storage.pointer + rows.offset, stride: parts * size) }
  /// The keys, behind the queries if they are there too; the values lie `size` further.
  func memory(of rows: Tensor, parts: Int) -> AttentionRows {
    AttentionRows(pointer: rows.storage.pointer + rows.offset + (parts - 2) * size, stride: parts * size)
  }

  private func pointer(_ tensor: Tensor?, _ start: Int) -> UnsafePointer<Float>? { tensor.map { UnsafePointer($0.storage.pointer + $0.offset + start) } }

  /// The result, and the weights [n, heads, length, places] before `kept`.
  func forward(_ queries: AttentionRows, _ memory: AttentionRows) throws -> (result: Tensor, weights: Tensor) {
    let span = Profile.Span("attention"); defer { span.end() }
    let (result, weights) = (Tensor.zeros([samples, length, size]), Tensor(uninitialized: [samples, heads, length, places]))
    nonisolated(unsafe) let (out, shares) = (result.storage.pointer, weights.storage.pointer)
    try Threads.parallel(rows: samples, minimum: worth) { part in
      for sample in part {
        for (head, query) in product(heads, length) {
          let start = ((sample * heads + head) * length + query) * places
          let row = shares + start
          let q = queries.pointer + (sample * length + query) * queries.stride + head * width
          let k = memory.pointer + sample * places * memory.stride + head * width
          for place in 0..<places { row[place] = scale * dot(q, k + place * memory.stride, width) }
          if let mask = pointer(mask, query * places) { for place in 0..<places where mask[place] != 0 { row[place] = -.infinity } }
          softmax(row)
          let y = out + (sample * length + query) * size + head * width
          let kept = pointer(kept, start)
          for place in 0..<places { add((kept?[place] ?? 1) * row[place], k + size + place * memory.stride, to: y) }
        }
      }
    }
    return (result, weights)
  }

  private func softmax(_ row: UnsafeMutablePointer<Float>) {
    var top = -Float.infinity
    for place in 0..<places { top = Swift.max(top, row[place]) }
    for place in 0..<places { row[place] = fastExp(row[place] - top) }
    let inverse = 1 / Tensors.sum(row, places)
    for place in 0..<places { row[place] *= inverse }
  }

  /// Adds the gradients to those of queries and memory.
  func backward(
    _ g: Tensor, _ weights: Tensor, _ queries: AttentionRows, _ memory: AttentionRows, _ querySlopes: AttentionRows, _ memorySlopes: AttentionRows
  ) throws {
    let span = Profile.Span("attention"); defer { span.end() }
    nonisolated(unsafe) let (slopes, shares) = (g.storage.pointer + g.offset, weights.storage.pointer)
    try Threads.parallel(rows: samples, minimum: worth) { part in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: Swift.max(1, places)) { room in
        guard let errors = room.baseAddress else { return }
        for sample in part {
          for (head, query) in product(heads, length) {
            let start = ((sample * heads + head) * length + query) * places
            let row = UnsafePointer(shares + start)
            let (at, from) = ((sample * length + query) * queries.stride + head * width, sample * places * memory.stride + head * width)
            let slope = UnsafePointer(slopes + (sample * length + query) * size + head * width)
            let (q, k) = (queries.pointer + at, memory.pointer + from)
            let (dq, dk) = (querySlopes.pointer + at, memorySlopes.pointer + from)
            let kept = pointer(kept, start)
            for place in 0..<places {
              let factor = kept?[place] ?? 1
              errors[place] = factor * dot(slope, k + size + place * memory.stride, width)
              add(factor * row[place], slope, to: dk + size + place * memory.stride)
            }
            let mean = dot(row, errors, places)
            for place in 0..<places {
              let error = scale * row[place] * (errors[place] - mean)
              add(error, k + place * memory.stride, to: dq)
              add(error, q, to: dk + place * memory.stride)
            }
          }
        }
      }
    }
    withExtendedLifetime((g, weights)) {}
  }

  /// y += factor · x, over a head's width.
  @inline(__always)
  private func add(_ factor: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>) {
    for i in 0..<width { y[i] = y[i].addingProduct(factor, x[i]) }
  }
}

/// Pairs below (a, b), the second changing first.
private func product(_ a: Int, _ b: Int) -> some Sequence<(Int, Int)> { (0..<a * b).lazy.map { ($0 / b, $0 % b) } }
