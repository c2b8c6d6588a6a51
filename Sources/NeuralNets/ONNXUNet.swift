import Files
import Tensors

extension UNet1d: ONNXDenoiser {
  /// What FiLM makes of the observation is written once for all evaluations; what it makes of each time is known beforehand.
  public func onnx(_ observation: ONNXGraph.Value) throws -> (_ x: ONNXGraph.Value, _ t: Float) throws -> ONNXGraph.Value {
    let state = config.largerEncoder ? observation : observation.mish()
    let size = timeEmbedding.size
    func prepared(_ level: Level) throws -> [ONNXFilm] {
      try [ONNXFilm(level.first, state, timeSize: size), ONNXFilm(level.second, state, timeSize: size)]
    }
    let (down, middle, up) = (try self.down.map(prepared), try prepared(self.middle), try self.up.map(prepared))

    return { x, t in
      let embedded = try self.timeEmbedding(Tensor([t]))
      let time = try self.config.largerEncoder ? embedded : embedded.mish()
      func run(_ level: Level, _ films: [ONNXFilm], _ x: ONNXGraph.Value) throws -> ONNXGraph.Value {
        try level.second.onnx(level.first.onnx(x, films[0].at(time)), films[1].at(time))
      }
      var hidden = x.reshape([0, self.horizon, self.actionSize]).permute([0, 2, 1])
      var kept: [ONNXGraph.Value] = []
      for (level, films) in zip(self.down, down) {
        hidden = try run(level, films, hidden)
        kept.append(hidden)
        hidden = level.resized(hidden)
      }
      hidden = try run(self.middle, middle, hidden)
      for ((level, films), skip) in zip(zip(self.up, up), kept.reversed()) {
        hidden = try run(level, films, .cat([hidden, skip], dim: 1))
        hidden = level.resized(hidden)
      }
      return self.finalConvolution.onnx(try self.finalBlock.onnx(hidden)).permute([0, 2, 1]).reshape([0, self.chunkSize])
    }
  }
}

extension UNet1d.Level {
  fileprivate func resized(_ x: ONNXGraph.Value) -> ONNXGraph.Value {
    switch resize {
    case let half as Downsample1d: half.convolution.onnx(x)
    case let double as Upsample1d: double.convolution.onnx(x)
    default: x
    }
  }
}

/// A block's scale and shift, [n, channels, 1]. What the first layer makes of the observation is written once, the time's part is a constant.
private struct ONNXFilm {
  private let block: ConditionalResidualBlock1d
  /// The first layer's outputs for the observation: of the only layer its scale and its shift, the shift last, no scale in blocks that only shift.
  private let parts: [(observed: ONNXGraph.Value, weight: Tensor)]
  private let channels: Int
  private let names: [String]

  /// `state` is the observation as the first layer hears it, [n, observation].
  init(_ block: ConditionalResidualBlock1d, _ state: ONNXGraph.Value, timeSize: Int) throws {
    let (encoder, graph) = (block.conditionEncoder, state.graph)
    let names = block.predictsScale ? ["scale", "shift"] : ["shift"]
    let channels = encoder.outputs / names.count
    (self.block, self.channels, self.names) = (block, channels, names)
    let isOnly = block.deeperEncoder.isEmpty
    let width = isOnly ? channels : encoder.outputs
    parts = try (isOnly ? names : ["all"]).enumerated().map { index, name in
      func rows(_ tensor: Tensor) throws -> Tensor { try tensor.narrow(0, index * width, width) }
      let weight = try graph.parameter(encoder.weight, name) { try rows($0).narrow(1, timeSize, encoder.inputs - timeSize) }
      let observed = state.linear(weight, try graph.parameter(encoder.bias, name, rows))
      return (isOnly ? observed.reshape([0, width, 1]) : observed, try rows(encoder.weight).narrow(1, 0, timeSize))
    }
  }

  /// Scale, where there is one, and shift at the embedding of one time as the first layer hears it, [1, time].
  func at(_ time: Tensor) throws -> [ONNXGraph.Value] {
    let heard = try parts.map { part in
      let size = block.deeperEncoder.isEmpty ? [1, channels, 1] : [1, part.weight.shape[0]]
      return part.observed + part.observed.graph.constant(try time.linear(part.weight, nil).reshape(size))
    }
    guard let last = block.deeperEncoder.last else { return heard }
    let hidden = block.deeperEncoder.dropLast().reduce(heard[0].mish()) { $0.linear($0.graph.parameter($1.weight), $0.graph.parameter($1.bias)).mish() }
    return try names.enumerated().map { index, name in
      func rows(_ tensor: Tensor) throws -> Tensor { try tensor.narrow(0, index * channels, channels) }
      let graph = hidden.graph
      return hidden.linear(try graph.parameter(last.weight, name, rows), try graph.parameter(last.bias, name, rows)).reshape([0, channels, 1])
    }
  }
}

extension ConditionalResidualBlock1d {
  fileprivate func onnx(_ x: ONNXGraph.Value, _ film: [ONNXGraph.Value]) throws -> ONNXGraph.Value {
    var hidden = try first.onnx(x)
    if film.count == 2 { hidden = film[0] * hidden }
    hidden = hidden + film[film.count - 1]
    return try second.onnx(hidden) + (residual?.onnx(x) ?? x)
  }
}

extension Conv1dBlock {
  fileprivate func onnx(_ x: ONNXGraph.Value) throws -> ONNXGraph.Value { try norm.onnx(convolution.onnx(x)).mish() }
}
