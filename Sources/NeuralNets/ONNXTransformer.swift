import Files
import Tensors

extension TransformerDenoiser: ONNXDenoiser {
  /// The observations' places in the memory are written once for all evaluations; the time's place is known beforehand.
  public func onnx(_ observation: ONNXGraph.Value) throws -> (_ x: ONNXGraph.Value, _ t: Float) throws -> ONNXGraph.Value {
    let (graph, size) = (observation.graph, config.nEmb)
    let places = try graph.parameter(memoryPositions, "observations") { try $0.narrow(1, 1, self.observationSteps) }
    let tokens = try observationEmbedding.onnx(sequence: observation.reshape([0, observationSteps, observationSize])) + places
    let observed = try encoder.second.onnx(sequence: encoder.first.onnx(sequence: tokens).mish())
    let mask = try self.mask.map(graph.mask), memoryMask = try self.memoryMask.map(graph.mask)

    return { x, t in
      let token = try self.sinusoid(Tensor([t])).reshape([1, 1, size]) + self.memoryPositions.narrow(1, 0, 1)
      let time = try self.encoder.second(self.encoder.first(token).mish())
      let memory = ONNXGraph.Value.cat([graph.constant(time).expand(sizes: [1, size], rowsOf: x), observed], dim: 1)

      let actions = try self.actionEmbedding.onnx(sequence: x.reshape([0, self.horizon, self.actionSize]))
      var hidden = actions + graph.parameter(self.positions)
      for layer in self.layers { hidden = try layer.onnx(hidden, memory, mask: mask, memoryMask: memoryMask) }
      return try self.head.onnx(sequence: self.norm.onnx(hidden)).reshape([0, self.chunkSize])
    }
  }
}

extension ONNXGraph {
  /// What is added to scores: -infinity where a place must not be looked at.
  fileprivate func mask(_ mask: Tensor) throws -> Value { constant(try Tensor.zeros(mask.shape).maskedFill(mask, -.infinity)) }
}

extension TransformerDecoderLayer {
  fileprivate func onnx(
    _ x: ONNXGraph.Value, _ memory: ONNXGraph.Value, mask: ONNXGraph.Value?, memoryMask: ONNXGraph.Value?
  ) throws -> ONNXGraph.Value {
    let own = norms[0].onnx(x)
    var hidden = try x + selfAttention.onnx(own, own, mask: mask)
    hidden = try hidden + crossAttention.onnx(norms[1].onnx(hidden), memory, mask: memoryMask)
    let wide = try first.onnx(sequence: norms[2].onnx(hidden)).gelu()
    return try hidden + second.onnx(sequence: wide)
  }
}

extension MultiHeadAttention {
  /// Queries of [n, length, size] at a memory [n, places, size] -> [n, length, size].
  fileprivate func onnx(_ x: ONNXGraph.Value, _ memory: ONNXGraph.Value, mask: ONNXGraph.Value?) throws -> ONNXGraph.Value {
    let graph = x.graph
    /// One third of the projection, in heads: [n, heads, places, size / heads].
    func project(_ x: ONNXGraph.Value, _ third: Int, _ name: String) throws -> ONNXGraph.Value {
      let weight = try graph.parameter(inProjWeight, name) { try $0.narrow(0, third * size, size).transposed() }
      let bias = try graph.parameter(inProjBias, name) { try $0.narrow(0, third * size, size) }
      return (x.matmul(weight) + bias).reshape([0, -1, heads, size / heads]).permute([0, 2, 1, 3])
    }
    let queries = try (1 / Float(size / heads).squareRoot()) * project(x, 0, "queries")
    let keys = try project(memory, 1, "keys"), values = try project(memory, 2, "values")
    let scores = queries.matmul(keys.permute([0, 1, 3, 2]))
    let weights = (mask.map { scores + $0 } ?? scores).softmax()
    return try outProjection.onnx(sequence: weights.matmul(values).permute([0, 2, 1, 3]).reshape([0, -1, size]))
  }
}
