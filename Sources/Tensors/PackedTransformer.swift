/// A frozen transformer of Diffusion Policy (Chi et al. 2023), packed. What its layers see of the time is there before, what they see of the
/// observations is computed once per chain.
public final class PackedTransformer: PackedNetwork {
  public typealias Linear = PackedResidualMLP.Layer

  /// A decoder layer that normalises first.
  public struct Layer: Sendable {
    let norms: [PackedLayerNorm]
    let (all, out, first, second): (PanelLayer, PanelLayer, PanelLayer, PanelLayer)
    let cross: PackedCrossAttention
    /// `norms` are before the three parts; `all` makes queries, keys and values of self-attention, `query` the queries of that at the memory.
    /// Throws for shapes that do not fit.
    public init(
      norms: [PackedLayerNorm], heads: Int, all: Linear, out: Linear, query: Linear, crossOut: Linear, first: Linear, second: Linear
    ) throws {
      guard norms.count == 3 else { throw UsageError("a decoder layer has three norms, got \(norms.count)") }
      self.norms = norms
      (self.all, self.out) = (try PanelLayer(all), try PanelLayer(out))
      cross = try PackedCrossAttention(heads: heads, query: query, out: crossOut)
      (self.first, self.second) = (try PanelLayer(first), try PanelLayer(second))
    }
  }
  /// What makes tokens: linear layers and what is added for their places, [horizon, width] and [observations, width].
  public struct Tokens: Sendable {
    let (action, observation): (PanelLayer, PanelLayer)
    let (positions, memoryPositions): (PackedBuffer, PackedBuffer)
    let (horizon, observationSteps): (Int, Int)
    public init(action: Linear, observation: Linear, positions: Tensor, memoryPositions: Tensor) throws {
      (self.action, self.observation) = (try PanelLayer(action), try PanelLayer(observation))
      (horizon, observationSteps) = (positions.shape[0], memoryPositions.shape[0])
      (self.positions, self.memoryPositions) = (PackedBuffer(bytes: 4 * positions.count), PackedBuffer(bytes: 4 * memoryPositions.count))
      positions.withPointer { self.positions.floats.update(from: $0, count: positions.count) }
      memoryPositions.withPointer { self.memoryPositions.floats.update(from: $0, count: memoryPositions.count) }
    }
  }

  public let size: Int
  public let observationSize: Int
  public let times: Int
  public let pool = PackedPool()
  let width: Int
  let heads: Int
  /// Action k looks only at the actions up to k and at the time and the observations up to k.
  let causal: Bool
  let tokens: Tokens
  let (encoderFirst, encoderSecond): (PanelLayer, PanelLayer)
  /// Keys, then values, of every layer from a token of the memory.
  let memory: PanelLayer
  /// [times, memorySize]: what attention needs of the times' token.
  let timeMemory: PackedBuffer
  let layers: [Layer]
  let norm: PackedLayerNorm
  let head: PanelLayer

  /// `memory` [layers · 2 width, width]; `timeMemory` [times, layers · 2 width]. Throws for shapes that do not fit.
  public init(
    heads: Int, causal: Bool, tokens: Tokens, encoder: (first: Linear, second: Linear), memory: Linear, timeMemory: Tensor, layers: [Layer],
    norm: PackedLayerNorm, head: Linear
  ) throws {
    let width = norm.size
    let linears = layers.flatMap { [$0.all, $0.out, $0.first] }
    guard heads > 0, width % heads == 0, linears.allSatisfy({ $0.inputs == width }), tokens.action.outputs == width, tokens.observation.outputs == width else {
      throw UsageError("wanted layers of width \(width) in \(heads) heads")
    }
    guard timeMemory.rank == 2, timeMemory.shape[0] > 0, timeMemory.shape[1] == 2 * width * layers.count,
      memory.weight.shape == [timeMemory.shape[1], width]
    else {
      throw UsageError("wanted keys and values of \(layers.count) layers, got shapes \(memory.weight.shape) and \(timeMemory.shape)")
    }
    (self.width, self.heads, self.causal, self.tokens, self.layers, self.norm) = (width, heads, causal, tokens, layers, norm)
    (encoderFirst, encoderSecond) = (try PanelLayer(encoder.first), try PanelLayer(encoder.second))
    (self.memory, self.head) = (try PanelLayer(memory), try PanelLayer(head))
    (size, observationSize) = (tokens.horizon * tokens.action.inputs, tokens.observationSteps * tokens.observation.inputs)
    times = timeMemory.shape[0]
    self.timeMemory = PackedBuffer(bytes: 4 * times * layers.reduce(0) { $0 + $1.cross.tokenSize })
    timeMemory.withPointer { prepare(times, $0, self.timeMemory.floats) }
  }

  /// Numbers of a token of the memory, one layer after the other.
  var memorySize: Int { layers.reduce(0) { $0 + $1.cross.tokenSize } }

  /// result [rows, memorySize] from keys and values of every layer, [rows, layers · 2 width].
  func prepare(_ rows: Int, _ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
    var place = 0
    for (index, layer) in layers.enumerated() {
      layer.cross.prepare(rows, source + index * 2 * width, stride: memory.outputs, result + place, apart: memorySize)
      place += layer.cross.tokenSize
    }
  }

  public static func blocks(of rows: Int) -> [(rows: Range<Int>, capacity: Int)] { cutSamples(rows, most: 24) }

  public func evaluation(rows: Int) throws -> any PackedEvaluation { TransformerEvaluation(self, rows: rows) }
}
