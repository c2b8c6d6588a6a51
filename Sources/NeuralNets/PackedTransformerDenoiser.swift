import Tensors

extension TransformerDenoiser {
  /// The network as it is now, without dropout, packed for these times; nil where what it hears of so many times would fill the memory.
  public func packed(times: [Float]) throws -> PackedTransformer? {
    let size = config.nEmb
    guard !times.isEmpty, times.count <= mostTimeNumbers / ((2 * size + 1) * config.nHead * layers.count) else { return nil }
    return try Tensor.withoutGrad {
      let cross = layers.map(\.crossAttention)
      let memory = PackedTransformer.Linear(
        weight: try Tensor.cat(cross.map { try $0.inProjWeight.narrow(0, size, 2 * size) }, dim: 0),
        bias: try Tensor.cat(cross.map { try $0.inProjBias.narrow(0, size, 2 * size) }, dim: 0))
      let places = try memoryPositions.select(0, 0)
      let token = try sinusoid(Tensor(times)) + places.narrow(0, 0, 1)
      let encoded = try encoder.second(encoder.first(token).mish())
      let tokens = try PackedTransformer.Tokens(
        action: actionEmbedding.packed, observation: observationEmbedding.packed, positions: positions.detach().select(0, 0),
        memoryPositions: places.narrow(0, 1, observationSteps))
      return try PackedTransformer(
        heads: layers[0].selfAttention.heads, causal: config.causalAttn, tokens: tokens, encoder: (encoder.first.packed, encoder.second.packed),
        memory: memory, timeMemory: encoded.linear(memory.weight, memory.bias), layers: layers.map { try $0.packed(size) }, norm: norm.packed(),
        head: head.packed)
    }
  }
}

extension TransformerDecoderLayer {
  fileprivate func packed(_ size: Int) throws -> PackedTransformer.Layer {
    let query = PackedTransformer.Linear(
      weight: try crossAttention.inProjWeight.detach().narrow(0, 0, size), bias: try crossAttention.inProjBias.detach().narrow(0, 0, size))
    return try PackedTransformer.Layer(
      norms: norms.map { try $0.packed() }, heads: selfAttention.heads, all: .init(weight: selfAttention.inProjWeight.detach(), bias: selfAttention.inProjBias.detach()),
      out: selfAttention.outProjection.packed, query: query, crossOut: crossAttention.outProjection.packed, first: first.packed, second: second.packed)
  }
}

extension LayerNorm {
  fileprivate func packed() throws -> PackedLayerNorm { try PackedLayerNorm(gain: weight.detach(), bias: bias.detach(), epsilon: epsilon) }
}

extension Linear {
  /// As packed networks take it.
  public var packed: PackedResidualMLP.Layer { .init(weight: weight.detach(), bias: bias.detach()) }
}
