// Linear, layer norm and activation as one operation: each row of sums is normalised and activated while it is in cache, forwards and back.

/// A layer norm's parameters: gain [outputs], shift [outputs].
public struct RowNormalisation {
  public let gain: Tensor
  public let shift: Tensor
  public let epsilon: Float
  public init(gain: Tensor, shift: Tensor, epsilon: Float) { (self.gain, self.shift, self.epsilon) = (gain, shift, epsilon) }
}

extension Tensor {
  /// activation(norm(x weightᵀ + bias)) for x [..., in], weight [out, in], bias [out]; the same numbers as the operators one by one, within rounding.
  public func dense(_ weight: Tensor, _ bias: Tensor, norm: RowNormalisation?, activation: PackedActivation) throws -> Tensor {
    guard rank == 2 else {
      let rows = try flattenedRows(for: weight)
      return try rows.dense(weight, bias, norm: norm, activation: activation).reshape(Array(shape.dropLast()) + [weight.shape[0]])
    }
    let sums = try linearSums(weight, bias)
    let width = sums.shape[1]
    if let norm { try norm.check(width) }

    let operands = [self, weight, bias] + (norm.map { [$0.gain, $0.shift] } ?? [])
    let records = Tensor.recording && operands.contains(where: \.requiresGrad)
    let layer = DenseRows(width: width, norm: norm, activation: activation)
    let saved = try layer.forward(sums, keepingSums: records)
    return saved.result.recorded(operands) { g in
      let slopes = try layer.backward(g, saved, wantsParameters: bias.requiresGrad || norm?.gain.requiresGrad == true || norm?.shift.requiresGrad == true)
      let input = self.requiresGrad ? try slopes.sums.matmul(weight) : nil
      let weightSlope = weight.requiresGrad ? try slopes.sums.transposed().matmul(self) : nil
      return [input, weightSlope, slopes.bias] + (norm == nil ? [] : [slopes.gain, slopes.shift])
    }
  }

  /// All dimensions but the last as one, for a weight of shape [out, in].
  func flattenedRows(for weight: Tensor) throws -> Tensor {
    guard weight.rank == 2, let width = shape.last, width == weight.shape[1] else {
      throw UsageError("linear wants an input of \(weight.rank == 2 ? "\(weight.shape[1])" : "?") columns for a weight of shape \(weight.shape), got shape \(shape)")
    }
    return try reshape([shape.dropLast().reduce(1, *), width])
  }
}

extension RowNormalisation {
  fileprivate func check(_ width: Int) throws {
    guard gain.shape == [width], shift.shape == [width] else {
      throw UsageError("layerNorm wants gain and bias of shape [\(width)], got \(gain.shape) and \(shift.shape)")
    }
  }
}

/// What `DenseRows.forward` leaves for the way back.
private struct DenseSaved {
  let result: Tensor
  /// With a norm (sum - mean) / std, else the sums; nil where the result tells all.
  let inner: Tensor?
  /// 1 / std of each row, with a norm.
  let inverse: Tensor?
}

/// Gradients by the sums [n, width] and by the parameters [width].
private struct DenseSlopes {
  let sums: Tensor
  let bias: Tensor?
  let gain: Tensor?
  let shift: Tensor?
}

/// The part after the matrix product.
private struct DenseRows: @unchecked Sendable {
  let width: Int
  let norm: RowNormalisation?
  let activation: PackedActivation
  /// Rows whose contributions to a parameter's gradient are added up together, whatever the number of threads.
  private static let blockRows = 64

  init(width: Int, norm: RowNormalisation?, activation: PackedActivation) {
    self.width = width
    self.norm = norm.map { RowNormalisation(gain: $0.gain.detach().contiguous(), shift: $0.shift.detach().contiguous(), epsilon: $0.epsilon) }
    self.activation = activation
  }

  /// So many rows are worth a thread.
  private var threadRows: Int { Swift.max(1, (1 << 14) / Swift.max(width, 1)) }

  func forward(_ sums: Tensor, keepingSums: Bool) throws -> DenseSaved {
    let span = Profile.Span("dense"); defer { span.end() }
    let rows = sums.shape[0]
    nonisolated(unsafe) let inner = sums.storage.pointer
    let keeps = keepingSums && (norm != nil || activation.slopeNeedsInput)
    let result = keeps ? Tensor(uninitialized: sums.shape) : sums
    let inverse = norm.map { _ in Tensor(uninitialized: [rows]) }
    nonisolated(unsafe) let (y, scale) = (result.storage.pointer, inverse?.storage.pointer)
    try Threads.parallel(rows: rows, minimum: threadRows) { range in
      if let norm, let scale {
        let (gain, shift) = (norm.gain.storage.pointer + norm.gain.offset, norm.shift.storage.pointer + norm.shift.offset)
        for row in range {
          let (hat, to) = (inner + row * width, y + row * width)
          scale[row] = standardise(hat, width, norm.epsilon)
          if keeps { for i in 0..<width { to[i] = hat[i] * gain[i] + shift[i] } } else { for i in 0..<width { to[i] = to[i] * gain[i] + shift[i] } }
          activation.apply(to, to: to, width)
        }
      } else {
        let start = range.lowerBound * width
        activation.apply(inner + start, to: y + start, range.count * width)
      }
    }
    return DenseSaved(result: result, inner: keeps ? sums : nil, inverse: inverse)
  }

  func backward(_ g: Tensor, _ saved: DenseSaved, wantsParameters: Bool) throws -> DenseSlopes {
    let span = Profile.Span("dense"); defer { span.end() }
    let rows = g.shape[0]
    let blocks = (rows + DenseRows.blockRows - 1) / DenseRows.blockRows
    let slope = Tensor(uninitialized: [rows, width])
    // For each block of rows the gradients by bias, gain and shift.
    let partial = Tensor.zeros([wantsParameters ? blocks : 0, 3, width])
    nonisolated(unsafe) let (dx, sums) = (slope.storage.pointer, partial.storage.pointer)
    try g.withPointer { g in
      nonisolated(unsafe) let g = g
      try Threads.parallel(rows: blocks, minimum: Swift.max(1, threadRows / DenseRows.blockRows)) { part in
        for block in part {
          let range = block * DenseRows.blockRows..<Swift.min(rows, (block + 1) * DenseRows.blockRows)
          activationSlopes(g, saved, range, dx)
          let into = wantsParameters ? sums + block * 3 * width : nil
          for row in range { backward(row, dx + row * width, saved, into) }
        }
      }
    }
    guard wantsParameters else { return DenseSlopes(sums: slope, bias: nil, gain: nil, shift: nil) }
    let total = try partial.sum(0)
    let bias = try total.select(0, 0)
    guard norm != nil else { return DenseSlopes(sums: slope, bias: bias, gain: nil, shift: nil) }
    return DenseSlopes(sums: slope, bias: bias, gain: try total.select(0, 1), shift: try total.select(0, 2))
  }

  /// dx = g · activation', for some rows.
  private func activationSlopes(_ g: UnsafePointer<Float>, _ saved: DenseSaved, _ range: Range<Int>, _ dx: UnsafeMutablePointer<Float>) {
    let (start, count) = (range.lowerBound * width, range.count * width)
    let (from, to) = (g + start, dx + start)
    let y = UnsafePointer(saved.result.storage.pointer + start)
    guard activation.slopeNeedsInput, let inner = saved.inner else { return activation.slopes(from, output: y, to, count) }
    let x = UnsafePointer(inner.storage.pointer + start)
    guard let norm else { return activation.slopes(from, input: x, to, count) }
    let (gain, shift) = (norm.gain.storage.pointer + norm.gain.offset, norm.shift.storage.pointer + norm.shift.offset)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { room in
      guard let z = room.baseAddress else { return }
      for row in 0..<range.count {
        let hat = x + row * width
        for i in 0..<width { z[i] = hat[i] * gain[i] + shift[i] }
        activation.slopes(from + row * width, input: z, to + row * width, width)
      }
    }
  }

  /// From the gradient by the activation's input, in `dx`, to that by the sums; what parameters get is added to `partial`.
  private func backward(_ row: Int, _ dx: UnsafeMutablePointer<Float>, _ saved: DenseSaved, _ partial: UnsafeMutablePointer<Float>?) {
    if let norm, let inner = saved.inner, let inverse = saved.inverse {
      let hat = UnsafePointer(inner.storage.pointer + row * width)
      if let partial {
        let (dGain, dShift) = (partial + width, partial + 2 * width)
        for i in 0..<width { dGain[i] += dx[i] * hat[i] }
        for i in 0..<width { dShift[i] += dx[i] }
      }
      let gain = norm.gain.storage.pointer + norm.gain.offset
      for i in 0..<width { dx[i] *= gain[i] }
      standardisationSlope(dx, hat, inverse: inverse.storage.pointer[row], width)
    }
    if let partial { for i in 0..<width { partial[i] += dx[i] } }
  }
}
