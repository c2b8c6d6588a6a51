import COneDNN

/// How a rank-2 operand lies in memory, as sgemm wants to hear it.
private struct Operand {
  let dense: Tensor
  let isTransposed: Bool
  let leading: Int

  init(_ matrix: Tensor) {
    let (rows, columns) = (matrix.strides[0], matrix.strides[1])
    if columns == 1 && rows >= Swift.max(1, matrix.shape[1]) { (dense, isTransposed, leading) = (matrix, false, rows) }
    else if rows == 1 && columns >= Swift.max(1, matrix.shape[0]) { (dense, isTransposed, leading) = (matrix, true, columns) }
    else { (dense, isTransposed, leading) = (matrix.contiguous(), false, Swift.max(1, matrix.shape[1])) }
  }
  var pointer: UnsafePointer<Float> { UnsafePointer(dense.storage.pointer + dense.offset) }
  var layout: MatrixLayout {
    MatrixLayout(pointer: pointer, rowStride: isTransposed ? 1 : leading, columnStride: isTransposed ? leading : 1)
  }
}

/// `rows` in pieces of some hundredths of a second, one look at Ctrl-C each; `work` is the multiplications in a row.
private func blocks(of rows: Range<Int>, work: Int) -> [Range<Int>] {
  let parts = Swift.max(1, rows.count / Swift.max(32, 1_000_000_000 / Swift.max(work, 1)))
  return (0..<parts).map { rows.lowerBound + rows.count * $0 / parts..<rows.lowerBound + rows.count * ($0 + 1) / parts }
}

/// out = a b + beta out; rows of `out` over threads when there is enough to do.
private func multiply(_ a: Tensor, _ b: Tensor, into out: UnsafeMutablePointer<Float>, beta: Float = 0) throws {
  let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    if beta == 0 { out.update(repeating: 0, count: m * n) }
    return
  }
  let span = Profile.Span("matmul", flops: 2 * Double(m) * Double(k) * Double(n)); defer { span.end() }
  let rounds = Tensor.productPrecision == .bfloat16
  if rounds, !OneDNN.hasPackedProducts {
    return try Tensor.withoutGrad {
      let (x, y) = (try a.roundedForProduct(), try b.roundedForProduct())
      return try Tensor.withProducts(in: .float32) { try multiply(x, y, into: out, beta: beta) }
    }
  }
  let (left, right) = (Operand(a), Operand(b))
  let product = MatrixProduct(m: m, n: n, k: k, a: left.layout, b: right.layout, out: out, adds: beta != 0)
  if rounds || product.paysInPanels {
    return try withExtendedLifetime((left.dense, right.dense)) { rounds ? try product.inBfloat16() : try product.inPanels() }
  }
  let rowsWorthAThread = Swift.max(16, 2_000_000 / (n * k))
  nonisolated(unsafe) let target = out
  try Threads.parallel(rows: m, minimum: rowsWorthAThread) { rows in
    Threads.keepOneDNNToThisThread()
    for block in blocks(of: rows, work: n * k) {
      try Interrupt.check()
      let start = left.pointer + block.lowerBound * (left.isTransposed ? 1 : left.leading)
      let status = dnnl_sgemm(
        left.isTransposed ? 84 : 78, right.isTransposed ? 84 : 78, dnnl_dim_t(block.count), dnnl_dim_t(n), dnnl_dim_t(k),
        1, start, dnnl_dim_t(left.leading), right.pointer, dnnl_dim_t(right.leading), beta, target + block.lowerBound * n, dnnl_dim_t(n))
      guard status == dnnl_success else { throw UsageError("oneDNN refused a \(m)x\(k) by \(k)x\(n) product (status \(status.rawValue))") }
    }
  }
  withExtendedLifetime((left.dense, right.dense)) {}
}

extension Tensor {
  /// The matrix product: [m, k] x [k, n]; a vector counts as one row or column; leading dimensions are batches, and broadcast.
  public func matmul(_ b: Tensor) throws -> Tensor {
    guard rank > 0, b.rank > 0 else { throw UsageError("matmul wants at least one dimension, got shapes \(shape) and \(b.shape)") }
    if rank == 1 { return try reshape([1, shape[0]]).matmul(b).dropDim(b.rank == 1 ? 0 : -2) }
    if b.rank == 1 { return try matmul(b.reshape([b.shape[0], 1])).dropDim(-1) }
    guard shape[rank - 1] == b.shape[b.rank - 2] else { throw UsageError("cannot multiply shape \(shape) by \(b.shape)") }
    if rank == 2 && b.rank == 2 { return try product(b) }
    if b.rank == 2 {
      let rows = try reshape([shape.dropLast().reduce(1, *), shape[rank - 1]]).product(b)
      return try rows.reshape(Array(shape.dropLast()) + [b.shape[1]])
    }
    return try batched(b)
  }

  private func dropDim(_ dim: Int) throws -> Tensor { try dropping(resolve(dim)) }

  private func product(_ b: Tensor) throws -> Tensor {
    try Tensor.check([shape[0], b.shape[1]])
    let result = Tensor(uninitialized: [shape[0], b.shape[1]])
    try multiply(self, b, into: result.storage.pointer)
    return result.recorded([self, b]) { g in
      [self.requiresGrad ? try g.matmul(b.transposed()) : nil, b.requiresGrad ? try self.transposed().matmul(g) : nil]
    }
  }

  private func batched(_ b: Tensor) throws -> Tensor {
    let batch = try Broadcast.shape(Array(shape.dropLast(2)), Array(b.shape.dropLast(2)))
    let (m, k, n) = (shape[rank - 2], shape[rank - 1], b.shape[b.rank - 1])
    let count = batch.reduce(1, *)
    let left = try expand(to: batch + [m, k]).reshape([count, m, k])
    let right = try b.expand(to: batch + [k, n]).reshape([count, k, n])
    try Tensor.check([count, m, n])
    let result = Tensor(uninitialized: [left.shape[0], m, n])
    for i in 0..<(result.count == 0 ? 0 : count) {
      try multiply(left.detach().select(0, i), right.detach().select(0, i), into: result.storage.pointer + i * m * n)
    }
    let recorded = result.recorded([left, right]) { g in
      [left.requiresGrad ? try g.matmul(right.transposed()) : nil, right.requiresGrad ? try left.transposed().matmul(g) : nil]
    }
    return try recorded.reshape(batch + [m, n])
  }

  /// x Wᵀ + b for x [..., in], weight [out, in], bias [out]: PyTorch's layout.
  public func linear(_ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    guard rank == 2 else {
      let rows = try flattenedRows(for: weight)
      return try rows.linear(weight, bias).reshape(Array(shape.dropLast()) + [weight.shape[0]])
    }
    let span = Profile.Span("linear"); defer { span.end() }
    let operands = bias.map { [self, weight, $0] } ?? [self, weight]
    return try linearSums(weight, bias).recorded(operands) { g in
      let input = self.requiresGrad ? try g.matmul(weight) : nil
      let slope = weight.requiresGrad ? try g.transposed().matmul(self) : nil
      guard let bias else { return [input, slope] }
      return [input, slope, bias.requiresGrad ? try g.sum(0) : nil]
    }
  }

  /// The same for x [n, in], outside any gradient.
  func linearSums(_ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let x = try flattenedRows(for: weight)
    let outputs = weight.shape[0]
    if let bias, bias.shape != [outputs] { throw UsageError("linear wants a bias of shape [\(outputs)], got \(bias.shape)") }
    let rows = x.shape[0]
    let result = Tensor(uninitialized: [rows, outputs])
    let target = result.storage.pointer
    bias?.withPointer { source in
      for row in 0..<rows { (target + row * outputs).update(from: source, count: outputs) }
    }
    let columns = try Tensor.withoutGrad { try weight.transposed() }
    try multiply(x, columns, into: target, beta: bias == nil ? 0 : 1)
    return result
  }
}
