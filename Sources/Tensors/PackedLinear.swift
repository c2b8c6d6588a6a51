import COneDNN
import Synchronization

/// A linear layer that is never trained: activation(x · weightᵀ + bias), weights kept in the layout oneDNN multiplies fastest.
///
/// Any number of threads may run it at once.
public final class PackedLinear: Sendable {
  public let inputs: Int
  public let outputs: Int
  public let activation: PackedActivation
  public let precision: Precision

  private let weight: [Float]
  private let bias: PackedBuffer
  private let made = Mutex(Made())

  private struct Made: ~Copyable {
    var operations: [Kind: PackedOperation] = [:]
    /// One copy of the weights per layout; oneDNN asks for the same one whatever the rows, on the processors seen so far.
    var layouts: [(description: dnnl_memory_desc_t, weights: PackedBuffer)] = []
  }
  private struct Kind: Hashable {
    let rows: Int
    let result: Precision
    let adds: Bool
  }

  /// `weight` [outputs, inputs], `bias` [outputs]. Throws for other shapes, and for bfloat16 where the processor lacks AVX-512.
  public convenience init(weight: Tensor, bias: Tensor?, activation: PackedActivation = .none, precision: Precision = .float32) throws {
    guard weight.rank == 2 else { throw UsageError("a linear layer's weight has shape [outputs, inputs], got \(weight.shape)") }
    try self.init(weight: weight, columns: 0..<weight.shape[1], bias: bias, activation: activation, precision: precision)
  }

  /// The layer that sees only `columns` of the inputs.
  init(weight: Tensor, columns: Range<Int>, bias: Tensor?, activation: PackedActivation, precision: Precision) throws {
    let (outputs, width) = (weight.shape[0], weight.shape[1])
    guard outputs > 0, !columns.isEmpty else { throw UsageError("a linear layer has inputs and outputs, got weight \(weight.shape)") }
    if let bias, bias.shape != [outputs] { throw UsageError("wanted a bias of shape [\(outputs)], got \(bias.shape)") }
    (inputs, self.outputs, self.activation, self.precision) = (columns.count, outputs, activation, precision)
    let all = weight.values
    self.weight = width == columns.count ? all : (0..<outputs).flatMap { all[$0 * width + columns.lowerBound..<$0 * width + columns.upperBound] }
    self.bias = PackedBuffer(bytes: outputs * 4)
    if let bias { bias.withPointer { self.bias.floats.update(from: $0, count: outputs) } }
    _ = try operation(rows: 64, result: .float32, adds: false)
  }

  /// activation(x · weightᵀ + bias) + `residual`: x [n, inputs], residual and result [n, outputs], all float32.
  public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws -> Tensor {
    guard x.rank == 2, x.shape[1] == inputs else { throw UsageError("this layer wants [n, \(inputs)], got \(x.shape)") }
    let rows = x.shape[0]
    if let residual, residual.shape != [rows, outputs] { throw UsageError("wanted [\(rows), \(outputs)] to add, got \(residual.shape)") }
    return try Tensor.filled([rows, outputs]) { result in
      try x.withPointer { x in
        guard let residual else { return try run(rows, x, adding: nil, result) }
        try residual.withPointer { try run(rows, x, adding: $0, result) }
      }
    }
  }

  /// Blocks of at most 64 rows, so that few primitives serve any number of rows.
  private func run(
    _ rows: Int, _ x: UnsafePointer<Float>, adding: UnsafePointer<Float>?, _ result: UnsafeMutablePointer<Float>
  ) throws {
    let converted = PackedBuffer(bytes: precision == .float32 ? 0 : 64 * inputs * 2)
    for start in stride(from: 0, to: rows, by: 64) {
      let count = Swift.min(64, rows - start)
      var source = UnsafeRawPointer(x + start * inputs)
      if precision == .bfloat16 {
        try PackedOperation.convert(rows: count, columns: inputs, to: .bfloat16).call(source: source, result: converted.pointer).run()
        source = UnsafeRawPointer(converted.pointer)
      }
      try call(rows: count, source: source, adding: adding.map { $0 + start * outputs }, result: result + start * outputs).run()
    }
  }

  /// The layer on fixed memory: `source` in the layer's precision, `adding` in float32, the result in `as`.
  func call(
    rows: Int, source: UnsafeRawPointer, adding: UnsafePointer<Float>? = nil, result: UnsafeMutableRawPointer, as precision: Precision = .float32
  ) throws -> PackedCall {
    let (operation, weights) = try operation(rows: rows, result: precision, adds: adding != nil)
    return try operation.call(source: source, weights: weights.pointer, bias: bias.pointer, adding: adding, result: result)
  }

  private func operation(rows: Int, result: Precision, adds: Bool) throws -> (PackedOperation, PackedBuffer) {
    try made.withLock { made in
      let kind = Kind(rows: rows, result: result, adds: adds)
      let operation: PackedOperation
      if let known = made.operations[kind] {
        operation = known
      } else {
        operation = try PackedOperation.linear(
          rows: rows, inputs: inputs, outputs: outputs, source: precision, result: result, activation: activation, adds: adds)
        made.operations[kind] = operation
      }
      let wanted = operation.handle.weights
      for layout in made.layouts where same(layout.description, wanted) { return (operation, layout.weights) }
      let weights = try packed(wanted)
      made.layouts.append((wanted, weights))
      return (operation, weights)
    }
  }

  private func packed(_ layout: dnnl_memory_desc_t) throws -> PackedBuffer {
    let buffer = withUnsafePointer(to: layout) { PackedBuffer(bytes: dnnl_memory_desc_get_size($0)) }
    let plain = onednn_matrix(dnnl_dim_t(inputs), dnnl_dim_t(outputs), dnnl_f32, 1, dnnl_dim_t(inputs))
    let pack = try PackedOperation.convert(plain, to: layout)
    try weight.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      try pack.call(source: base, result: buffer.pointer).run()
    }
    return buffer
  }
}

private func same(_ a: dnnl_memory_desc_t, _ b: dnnl_memory_desc_t) -> Bool {
  withUnsafePointer(to: a) { a in withUnsafePointer(to: b) { dnnl_memory_desc_equal(a, $0) != 0 } }
}
