/// Memory for a fixed number of samples of one `PackedTransformer`. One thread at a time.
final class TransformerEvaluation: PackedEvaluation {
  let rows: Int
  private let network: PackedTransformer
  /// Tokens of actions, and of observations.
  private let (tokens, observed): (Int, Int)
  private let (x, seen, result): (PackedBuffer, PackedBuffer, PackedBuffer)
  /// [tokens, width]: the residual stream, what a norm makes of it, and what attention gives.
  private let (stream, normal, mixed): (PackedBuffer, PackedBuffer, PackedBuffer)
  /// [tokens, 3 width].
  private let all: PackedBuffer
  /// [wideRows, 4 width].
  private let wide: PackedBuffer
  /// [observed, layers · 2 width], and what attention needs of it, [observed, memorySize].
  private let (keysValues, memory): (PackedBuffer, PackedBuffer)
  private let scores: PackedBuffer
  /// Tokens that go through the wide layers at a time.
  private let wideRows: Int

  var sample: UnsafeMutablePointer<Float> { x.floats }
  var observation: UnsafeMutablePointer<Float> { seen.floats }
  var value: UnsafeMutablePointer<Float> { result.floats }

  init(_ network: PackedTransformer, rows: Int) {
    (self.network, self.rows) = (network, rows)
    let (width, horizon, steps) = (network.width, network.tokens.horizon, network.tokens.observationSteps)
    (tokens, observed) = (rows * horizon, rows * steps)
    wideRows = Swift.min(96, Swift.max(tokens, observed))
    func buffer(_ count: Int) -> PackedBuffer { PackedBuffer(bytes: 4 * count) }
    (x, seen, result) = (buffer(rows * network.size), buffer(rows * network.observationSize), buffer(rows * network.size))
    let most = Swift.max(tokens, observed) * width
    (stream, normal, mixed) = (buffer(most), buffer(most), buffer(most))
    all = buffer(3 * tokens * width)
    (keysValues, memory) = (buffer(observed * network.memory.outputs), buffer(observed * network.memorySize))
    let inner = network.layers.map(\.first.outputs) + [network.encoderFirst.outputs]
    wide = buffer(wideRows * (inner.max() ?? 0))
    scores = buffer(Swift.max(horizon, 1 + steps))
  }

  func observe() throws {
    let layer = network.tokens.observation
    place(network.tokens.memoryPositions, network.tokens.observationSteps)
    layer(observed, seen.floats, stream.floats, adding: true)
    twoLayers(observed, network.encoderFirst, .mish, network.encoderSecond, from: stream.floats, to: normal.floats)
    network.memory(observed, normal.floats, keysValues.floats)
    network.prepare(observed, keysValues.floats, memory.floats)
  }

  func evaluate(time: Int) throws {
    place(network.tokens.positions, network.tokens.horizon)
    network.tokens.action(tokens, x.floats, stream.floats, adding: true)
    var place = 0
    for layer in network.layers {
      try Interrupt.check()
      layer.norms[0](tokens, stream.floats, normal.floats)
      layer.all(tokens, normal.floats, all.floats)
      lookAtActions()
      layer.out(tokens, mixed.floats, stream.floats, adding: true)

      layer.norms[1](tokens, stream.floats, normal.floats)
      lookAtMemory(layer.cross, network.timeMemory.floats + time * network.memorySize + place, memory.floats + place)
      place += layer.cross.tokenSize

      layer.norms[2](tokens, stream.floats, normal.floats)
      twoLayers(tokens, layer.first, .gelu, layer.second, from: normal.floats, to: stream.floats, adding: true)
    }
    network.norm(tokens, stream.floats, normal.floats)
    network.head(tokens, normal.floats, result.floats)
  }

  /// The stream begins with what is added for the tokens' places.
  private func place(_ positions: PackedBuffer, _ count: Int) {
    let each = count * network.width
    for row in 0..<rows { (stream.floats + row * each).update(from: positions.floats, count: each) }
  }

  private func twoLayers(
    _ rows: Int, _ first: PanelLayer, _ activation: PackedActivation, _ second: PanelLayer, from source: UnsafePointer<Float>,
    to result: UnsafeMutablePointer<Float>, adding: Bool = false
  ) {
    for start in stride(from: 0, to: rows, by: wideRows) {
      let count = Swift.min(wideRows, rows - start)
      first(count, source + start * first.inputs, wide.floats)
      activation.apply(wide.floats, to: wide.floats, count * first.outputs)
      second(count, wide.floats, result + start * second.outputs, adding: adding)
    }
  }

  private func lookAtActions() {
    let (width, horizon) = (network.width, network.tokens.horizon)
    for row in 0..<rows {
      let queries = UnsafePointer(all.floats) + row * horizon * 3 * width
      for token in 0..<horizon {
        attend(
          queries + token * 3 * width, queries + width, stride: 3 * width, valueOffset: width, visible: network.causal ? token + 1 : horizon,
          heads: network.heads, headSize: width / network.heads, scores: scores.floats, mixed.floats + (row * horizon + token) * width)
      }
    }
  }

  /// `time` and `observations` are what this layer needs of the time and of the first observation.
  private func lookAtMemory(_ cross: PackedCrossAttention, _ time: UnsafePointer<Float>, _ observations: UnsafePointer<Float>) {
    let (width, horizon, steps, each) = (network.width, network.tokens.horizon, network.tokens.observationSteps, network.memorySize)
    for row in 0..<rows {
      let seen = observations + row * steps * each
      for token in 0..<horizon {
        let place = (row * horizon + token) * width
        cross.add(
          normal.floats + place, visible: network.causal ? Swift.min(1 + steps, token + 2) : 1 + steps, scores: scores.floats, to: stream.floats + place
        ) { $0 == 0 ? time : seen + ($0 - 1) * each }
      }
    }
  }
}
