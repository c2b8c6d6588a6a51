import COneDNN

extension Tensor {
  /// What the operands of matrix products are rounded to; sums and results are float32 in any case. Packed networks have a precision of their own.
  @TaskLocal static var productPrecision = Precision.float32

  /// Runs `body`, and the ways back through what it records if they are walked in it, with matrix products in `precision`.
  public static func withProducts<R>(in precision: Precision, _ body: () throws -> R) rethrows -> R {
    try precision == productPrecision ? body() : $productPrecision.withValue(precision, operation: body)
  }

  /// The nearest numbers that bfloat16 holds, in the same order of memory.
  func roundedForProduct() throws -> Tensor {
    if rank == 2, strides[0] == 1, shape[0] > 1 { return try transposed().map(roundedToBfloat16).transposed() }
    return map(roundedToBfloat16)
  }
}

extension MatrixProduct {
  /// By oneDNN's product of bfloat16 operands with float32 sums. Wants AVX-512.
  func inBfloat16() throws {
    try Threads.parallel(rows: m, minimum: Swift.max(16, 8_000_000 / (n * k))) { rows in
      try Interrupt.check()
      try multiply(rows)
    }
  }

  private func multiply(_ rows: Range<Int>) throws {
    let product = try PackedOperation.linear(
      rows: rows.count, inputs: k, outputs: n, source: .bfloat16, result: .float32, activation: .none, adds: false)
    let (m, n, k) = (dnnl_dim_t(rows.count), dnnl_dim_t(n), dnnl_dim_t(k))
    let (source, weights) = (PackedBuffer(bytes: rows.count * self.k * 2), withUnsafePointer(to: product.handle.weights) {
      PackedBuffer(bytes: dnnl_memory_desc_get_size($0))
    })
    let (nothing, sums) = (PackedBuffer(bytes: self.n * 4), PackedBuffer(bytes: adds ? rows.count * self.n * 4 : 0))
    let plain = onednn_matrix(m, k, dnnl_f32, dnnl_dim_t(a.rowStride), dnnl_dim_t(a.columnStride))
    try PackedOperation.convert(plain, to: onednn_matrix(m, k, dnnl_bf16, k, 1))
      .call(source: a.pointer + rows.lowerBound * a.rowStride, result: source.pointer).run()
    try PackedOperation.convert(onednn_matrix(k, n, dnnl_f32, dnnl_dim_t(b.rowStride), dnnl_dim_t(b.columnStride)), to: product.handle.weights)
      .call(source: b.pointer, result: weights.pointer).run()
    let target = out + rows.lowerBound * self.n
    try product.call(
      source: source.pointer, weights: weights.pointer, bias: nothing.pointer, result: adds ? sums.pointer : UnsafeMutableRawPointer(target)).run()
    if adds { for i in 0..<rows.count * self.n { target[i] += sums.floats[i] } }
  }
}
