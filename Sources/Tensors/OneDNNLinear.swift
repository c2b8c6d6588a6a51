import COneDNN
import Synchronization

/// A `PackedLinear` in oneDNN's hands: one primitive for each number of rows, weights in the blocked layout that it asks for.
final class OneDNNLinear: Sendable {
  private let weight: [Float]
  private let (inputs, outputs): (Int, Int)
  private let activation: PackedActivation
  private let precision: Precision
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

  /// `weight` holds [outputs, inputs] in row-major order.
  init(weight: [Float], inputs: Int, outputs: Int, activation: PackedActivation, precision: Precision) throws {
    (self.weight, self.inputs, self.outputs, self.activation, self.precision) = (weight, inputs, outputs, activation, precision)
    _ = try operation(rows: 64, result: .float32, adds: false)
  }

  func call(
    rows: Int, source: UnsafeRawPointer, bias: PackedBuffer, adding: UnsafePointer<Float>?, result: UnsafeMutableRawPointer, as precision: Precision
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
