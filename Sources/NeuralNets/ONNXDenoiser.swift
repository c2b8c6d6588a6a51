import Files
import Tensors

/// A denoiser that can be written down as an ONNX graph, in float32.
public protocol ONNXDenoiser: Denoiser {
  /// Writes what depends on the observations [n, steps · observation] alone and returns what writes one evaluation: [n, horizon · action] at one time
  /// for the whole batch -> [n, horizon · action]. The graph has the names of the denoiser's parameters.
  func onnx(_ observation: ONNXGraph.Value) throws -> (_ x: ONNXGraph.Value, _ t: Float) throws -> ONNXGraph.Value
}

extension DiffusionMLP: ONNXDenoiser {
  /// The first layer's product is taken in parts: of the observation once, of the time beforehand.
  public func onnx(_ observation: ONNXGraph.Value) throws -> (_ x: ONNXGraph.Value, _ t: Float) throws -> ONNXGraph.Value {
    let graph = observation.graph
    let (chunk, size, layer) = (chunkSize, config.timeSize, trunk.first)
    let state = condition?.onnx(observation) ?? observation
    let action = try graph.parameter(layer.weight, "action") { try $0.narrow(1, 0, chunk) }
    let rest = try graph.parameter(layer.weight, "observation") { try $0.narrow(1, chunk + size, layer.inputs - chunk - size) }
    let seen = state.linear(rest, graph.parameter(layer.bias))
    return { x, t in
      let time = try self.timeEmbedding(Tensor([t])).linear(layer.weight.narrow(1, chunk, size), nil)
      return self.trunk.afterFirst(x.linear(action, seen + graph.constant(time)))
    }
  }
}

extension DiffusionMLP.Trunk {
  fileprivate var first: Linear {
    switch self {
    case .residual(let net): net.input
    case .plain(let net): net.blocks[0].linear
    }
  }

  /// What follows the first linear layer.
  fileprivate func afterFirst(_ x: ONNXGraph.Value) -> ONNXGraph.Value {
    switch self {
    case .residual(let net): net.output.onnx(net.blocks.reduce(x) { x, block in block.onnx(x) })
    case .plain(let net): net.blocks.dropFirst().reduce(net.blocks[0].afterLinear(x)) { x, block in block.onnx(x) }
    }
  }
}
