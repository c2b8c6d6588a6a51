/// A frozen residual MLP with a time embedding, packed: DPPO's DiffusionMLP (Ren et al. 2024), as a denoiser or a velocity field.
///
/// h = in([x, embedding, observation]); h += second(act(first(act(h)))) per block; out(h). What depends on the time alone is folded into one
/// bias per time, what depends on the observation alone is computed once per chain.
public final class PackedResidualMLP: PackedNetwork {
  /// A linear layer's parameters: weight [outputs, inputs], bias [outputs].
  public struct Layer: Sendable {
    public let weight: Tensor
    public let bias: Tensor
    public init(weight: Tensor, bias: Tensor) { (self.weight, self.bias) = (weight, bias) }
  }
  /// y = x + second(act(first(act(x)))).
  public struct Block: Sendable {
    public let first: Layer
    public let second: Layer
    public init(first: Layer, second: Layer) { (self.first, self.second) = (first, second) }
  }

  /// Width of x and of the result.
  public let size: Int
  public let observationSize: Int
  public let hidden: Int
  /// How many times there are embeddings for; a time is its row.
  public let times: Int
  public let activation: PackedActivation
  public let precision: Precision

  let sampleLayer: PackedLinear
  let observationLayer: PackedLinear?
  let blocks: [(first: PackedLinear, second: PackedLinear)]
  let output: PackedLinear
  /// [times, hidden]: the first layer's bias plus its product with each embedding.
  let timeBias: PackedBuffer
  public let pool = PackedPool()

  /// `input` sees [x, time embedding, observation] in this order; `embeddings` [times, time size] are what it would be given.
  /// The first layer stays float32 in any precision. Throws for shapes that do not fit.
  public init(
    input: Layer, blocks: [Block], output: Layer, embeddings: Tensor, activation: PackedActivation, precision: Precision
  ) throws {
    guard embeddings.rank == 2, embeddings.shape[0] > 0 else { throw UsageError("wanted embeddings of shape [times, size], got \(embeddings.shape)") }
    guard input.weight.rank == 2, output.weight.rank == 2, !blocks.isEmpty else {
      throw UsageError("a residual MLP has an input layer, one block or more, and an output layer, each weight [outputs, inputs]")
    }
    (hidden, size, times) = (input.weight.shape[0], output.weight.shape[0], embeddings.shape[0])
    let timeSize = embeddings.shape[1]
    let width = input.weight.shape[1]
    observationSize = width - size - timeSize
    guard observationSize >= 0 else { throw UsageError("an input layer of width \(width) does not hold x (\(size)) and time (\(timeSize))") }
    for layer in blocks.flatMap({ [$0.first, $0.second] }) where layer.weight.shape != [hidden, hidden] {
      throw UsageError("a block's layers are [\(hidden), \(hidden)], got \(layer.weight.shape)")
    }
    guard output.weight.shape == [size, hidden] else { throw UsageError("wanted an output layer [\(size), \(hidden)], got \(output.weight.shape)") }
    (self.activation, self.precision) = (activation, precision)

    sampleLayer = try PackedLinear(weight: input.weight, columns: 0..<size, bias: input.bias, activation: .none, precision: .float32)
    observationLayer =
      observationSize == 0
      ? nil
      : try PackedLinear(weight: input.weight, columns: size + timeSize..<width, bias: nil, activation: .none, precision: .float32)
    self.blocks = try blocks.map {
      let first = try PackedLinear(weight: $0.first.weight, bias: $0.first.bias, activation: activation, precision: precision)
      return (first, try PackedLinear(weight: $0.second.weight, bias: $0.second.bias, precision: precision))
    }
    self.output = try PackedLinear(weight: output.weight, bias: output.bias, precision: precision)

    timeBias = PackedBuffer(bytes: times * hidden * 4 + 64)
    let (weight, bias, embedding) = (input.weight.values, input.bias.values, embeddings.values)
    for time in 0..<times {
      for row in 0..<hidden {
        var sum = Double(bias[row])
        for column in 0..<timeSize { sum += Double(weight[row * width + size + column]) * Double(embedding[time * timeSize + column]) }
        timeBias.floats[time * hidden + row] = Float(sum)
      }
    }
  }

  /// As many rows of 64 as there are, then of 32, 16 and 8; the last few are padded to 1, 2, 4 or 8.
  public static func blocks(of rows: Int) -> [(rows: Range<Int>, capacity: Int)] { cutRows(rows, into: [64, 32, 16, 8], rest: [1, 2, 4, 8]) }

  public func evaluation(rows: Int) throws -> any PackedEvaluation { try PackedWorkspace(self, rows: rows) }
}
