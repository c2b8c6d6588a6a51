/// A linear layer that is never trained: activation(x · weightᵀ + bias), weights kept in the layout that is multiplied fastest.
///
/// Any number of threads may run it at once.
public final class PackedLinear: Sendable {
  public let inputs: Int
  public let outputs: Int
  public let activation: PackedActivation
  public let precision: Precision

  private let bias: PackedBuffer
  private let form: Form

  /// Who multiplies: oneDNN where it has packed products, else loops of our own.
  private enum Form {
    case oneDNN(OneDNNLinear)
    case panels(PanelLinear)
  }

  /// `weight` [outputs, inputs], `bias` [outputs]. Throws for other shapes.
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
    let numbers = width == columns.count ? all : (0..<outputs).flatMap { all[$0 * width + columns.lowerBound..<$0 * width + columns.upperBound] }
    form =
      OneDNN.hasPackedProducts
      ? .oneDNN(try OneDNNLinear(weight: numbers, inputs: inputs, outputs: outputs, activation: activation, precision: precision))
      : .panels(PanelLinear(weight: numbers, inputs: inputs, outputs: outputs, precision: precision))
    self.bias = PackedBuffer(bytes: outputs * 4)
    if let bias { bias.withPointer { self.bias.floats.update(from: $0, count: outputs) } }
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
    let converted = PackedBuffer(bytes: precision == .float32 ? 0 : 64 * inputs * 4)
    for start in stride(from: 0, to: rows, by: 64) {
      let count = min(64, rows - start)
      var source = UnsafeRawPointer(x + start * inputs)
      if precision == .bfloat16 {
        try PackedLinear.rounding(rows: count, columns: inputs, source: x + start * inputs, result: converted).run()
        source = UnsafeRawPointer(converted.pointer)
      }
      try call(rows: count, source: source, adding: adding.map { $0 + start * outputs }, result: result + start * outputs).run()
    }
  }

  /// The layer on fixed memory: `source` in the layer's precision (as `rounding` leaves it), `adding` in float32, the result in `as`.
  func call(
    rows: Int, source: UnsafeRawPointer, adding: UnsafePointer<Float>? = nil, result: UnsafeMutableRawPointer, as precision: Precision = .float32
  ) throws -> any PackedLayerCall {
    switch form {
    case .oneDNN(let layer): try layer.call(rows: rows, source: source, bias: bias, adding: adding, result: result, as: precision)
    case .panels(let layer):
      PanelCall(
        layer, rows: rows, source: source.assumingMemoryBound(to: Float.self), bias: bias.floats, adding: adding,
        result: result.assumingMemoryBound(to: Float.self), activation: activation, rounding: precision == .bfloat16)
    }
  }

  /// Numbers as layers of bfloat16 want them: two bytes each for oneDNN, for our own loops rounded and as wide as before.
  static func rounding(rows: Int, columns: Int, source: UnsafePointer<Float>, result: PackedBuffer) throws -> any PackedStep {
    guard OneDNN.hasPackedProducts else {
      return PanelActivation(.none, source: source, result: result.floats, count: rows * columns, rounding: true)
    }
    return try PackedOperation.convert(rows: rows, columns: columns, to: .bfloat16).call(source: source, result: result.pointer)
  }

  /// result = activation(source), `count` numbers of float32.
  static func applying(_ activation: PackedActivation, source: PackedBuffer, result: PackedBuffer, count: Int) throws -> any PackedStep {
    guard OneDNN.hasPackedProducts else {
      return PanelActivation(activation, source: source.floats, result: result.floats, count: count, rounding: false)
    }
    return try PackedOperation.apply(activation, count: count).call(source: source.pointer, result: result.pointer)
  }
}
