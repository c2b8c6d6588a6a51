// A convolution's three products. The channels of a place lie beside each other, so every tap is a product of a matrix of rows with a matrix of
// weights, where the rows lie, and those that would see zeros alone are left out.

extension ConvolutionSizes {
  /// Rows at a time: they stay in the middle cache while the weights pass.
  private static let rows = 96
  /// Inputs at a time: their weights stay in the nearest cache while the rows pass.
  private static let depth = 512

  /// narrow = weight * wide + bias: what a convolution computes, and what a transposed one's gradient does.
  func correlate(_ wide: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let span = Profile.Span("convolution", flops: flops); defer { span.end() }
    let result = repeated(bias, [places, samples, filters])
    try multiply(wide.storage.pointer + wide.offset, try TapPanels(of: weight, self, outputs: .filters), into: result.storage.pointer, spreading: false)
    withExtendedLifetime(wide) {}
    return result
  }

  /// wide = weightᵀ * narrow + bias: what a transposed convolution computes, and what a plain one's gradient does.
  func spread(_ narrow: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let span = Profile.Span("convolution", flops: flops); defer { span.end() }
    let result = repeated(bias, [length, samples, channels])
    try multiply(narrow.storage.pointer + narrow.offset, try TapPanels(of: weight, self, outputs: .channels), into: result.storage.pointer, spreading: true)
    withExtendedLifetime(narrow) {}
    return result
  }

  /// Rows that each hold `bias`, or zeros.
  private func repeated(_ bias: Tensor?, _ shape: [Int]) -> Tensor {
    guard let bias else { return Tensor.zeros(shape) }
    let result = Tensor(uninitialized: shape)
    let (target, rows, width) = (result.storage.pointer, shape[0] * shape[1], shape[2])
    bias.withPointer { source in for row in 0..<rows { (target + row * width).update(from: source, count: width) } }
    return result
  }

  /// Adds every tap's product to the result's rows. A thread has columns of its own.
  private func multiply(_ source: UnsafeMutablePointer<Float>, _ panels: TapPanels, into result: UnsafeMutablePointer<Float>, spreading: Bool) throws {
    nonisolated(unsafe) let (source, result) = (UnsafePointer(source), result)
    let chunks = chunks(of: ConvolutionSizes.rows)
    let (sourceWidth, resultWidth) = spreading ? (filters, channels) : (channels, filters)
    let (sourceStep, resultStep) = spreading ? (1, wideStep) : (wideStep, 1)
    let work = places * samples * panels.taps * panels.inputs * 16
    try Threads.parallel(rows: groups * panels.count, minimum: Swift.max(1, 2_000_000 / Swift.max(work, 1))) { part in
      try withZeros { zeros in
        for chunk in chunks {
          try Interrupt.check()
          for index in part {
            let (group, panel) = index.quotientAndRemainder(dividingBy: panels.count)
            let columns = Swift.min(16, panels.outputs - panel * 16)
            for piece in chunk {
              let (from, to) = spreading ? (piece.narrow, piece.wide) : (piece.wide, piece.narrow)
              let x = source + from * sourceWidth + group * panels.inputs
              let y = result + to * resultWidth + group * panels.outputs + panel * 16
              let weights = panels.pointer(group, panel, piece.tap)
              for start in Swift.stride(from: 0, to: panels.inputs, by: ConvolutionSizes.depth) {
                let tile = PanelTile(
                  x: x + start, xStride: sourceStep * sourceWidth, inputs: Swift.min(ConvolutionSizes.depth, panels.inputs - start),
                  weights: UnsafeRawPointer(weights + start * 16), bias: zeros, result: y, stride: resultStep * resultWidth, adds: true)
                if columns == 16 { panelRows(piece.rows, tile, Float32Panel.self) } else { narrowPanelRows(piece.rows, columns: columns, tile, Float32Panel.self) }
              }
            }
          }
        }
      }
    }
  }

  private func withZeros(_ body: (UnsafePointer<Float>) throws -> Void) throws {
    try withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { room in
      room.initialize(repeating: 0)
      if let base = room.baseAddress { try body(UnsafePointer(base)) }
    }
  }
}
