/// Memory for a fixed number of rows of one `PackedResidualMLP`, and its layers bound to it. One thread at a time.
final class PackedWorkspace: PackedEvaluation {
  let rows: Int
  private let network: PackedResidualMLP
  private let (x, seen, base, result): (PackedBuffer, PackedBuffer, PackedBuffer, PackedBuffer)
  private let observing: (any PackedLayerCall)?
  private let entering: any PackedLayerCall
  private let following: [any PackedStep]
  /// What the calls read and write between the two ends.
  private let inner: [PackedBuffer]

  var sample: UnsafeMutablePointer<Float> { x.floats }
  var observation: UnsafeMutablePointer<Float> { seen.floats }
  var value: UnsafeMutablePointer<Float> { result.floats }

  init(_ network: PackedResidualMLP, rows: Int) throws {
    (self.network, self.rows) = (network, rows)
    let precision = network.precision
    let count = rows * network.hidden
    x = PackedBuffer(bytes: rows * network.size * 4)
    seen = PackedBuffer(bytes: rows * network.observationSize * 4)
    base = PackedBuffer(bytes: count * 4)
    result = PackedBuffer(bytes: rows * network.size * 4)

    observing = try network.observationLayer?.call(rows: rows, source: seen.pointer, result: base.pointer)
    var stream = PackedBuffer(bytes: count * 4)
    var next = PackedBuffer(bytes: count * 4)
    let activated = PackedBuffer(bytes: count * 4)
    let narrowed = PackedBuffer(bytes: precision == .float32 ? 0 : count * 4)
    let between = PackedBuffer(bytes: count * 4)
    inner = [stream, next, activated, narrowed, between]
    entering = try network.sampleLayer.call(rows: rows, source: x.pointer, adding: base.floats, result: stream.pointer)

    // The residual stream stays float32 up to the last layer, which reads it in the network's precision.
    var calls: [any PackedStep] = []
    for (index, block) in network.blocks.enumerated() {
      calls.append(try PackedLinear.applying(network.activation, source: stream, result: activated, count: count))
      if precision == .bfloat16 {
        calls.append(try PackedLinear.rounding(rows: rows, columns: network.hidden, source: activated.floats, result: narrowed))
      }
      let source = precision == .float32 ? activated : narrowed
      calls.append(try block.first.call(rows: rows, source: source.pointer, result: between.pointer, as: precision))
      let last = index == network.blocks.count - 1
      calls.append(
        try block.second.call(rows: rows, source: between.pointer, adding: stream.floats, result: next.pointer, as: last ? precision : .float32))
      swap(&stream, &next)
    }
    calls.append(try network.output.call(rows: rows, source: stream.pointer, result: result.pointer))
    following = calls
  }

  func observe() throws {
    _ = try OneDNN.engine()
    try observing?.run()
  }

  func evaluate(time: Int) throws {
    try entering.setBias(network.timeBias.floats + time * network.hidden)
    try entering.run()
    for call in following { try call.run() }
  }
}
