/// Attention of many queries at few tokens that are there before the queries, with both its linear layers multiplied into those: for each head h of
/// a token with key k and value v, score = x · (Wqᵀ k)_h + (bq · k)_h and result = bo + Σ weight · (Wo v)_h, so a query costs no product of its own.
struct PackedCrossAttention: Sendable {
  private let heads: Int
  private let width: Int
  /// Of each head, from a part of the key, scaled by 1 / √d, and from a part of the value, to the width.
  private let keys: [PanelLayer]
  private let values: [PanelLayer]
  /// bq / √d.
  private let queryBias: PackedBuffer
  /// bo.
  private let outBias: PackedBuffer

  private var headSize: Int { width / heads }
  /// Numbers of a token: keys and values of every head, and what is added to its scores.
  var tokenSize: Int { heads * (2 * width + 1) }

  /// `query` and `out` [width, width]; throws for other shapes.
  init(heads: Int, query: PackedResidualMLP.Layer, out: PackedResidualMLP.Layer) throws {
    let width = query.weight.shape[0]
    guard heads > 0, width % heads == 0, query.weight.shape == [width, width], out.weight.shape == [width, width], out.bias.shape == [width] else {
      throw UsageError("wanted layers [\(width), \(width)] in \(heads) heads, got \(query.weight.shape) and \(out.weight.shape)")
    }
    let size = width / heads
    let scale = 1 / Float(size).squareRoot()
    (self.heads, self.width) = (heads, width)
    keys = try (0..<heads).map { try PanelLayer(weight: (query.weight.narrow(0, $0 * size, size) * scale).transposed(), bias: nil) }
    values = try (0..<heads).map { try PanelLayer(weight: out.weight.narrow(1, $0 * size, size), bias: nil) }
    (queryBias, outBias) = (PackedBuffer(bytes: 4 * width), PackedBuffer(bytes: 4 * width))
    (query.bias * scale).withPointer { queryBias.floats.update(from: $0, count: width) }
    out.bias.withPointer { outBias.floats.update(from: $0, count: width) }
  }

  /// What attention needs of `rows` tokens, of which `source` holds keys and values, [2 width] every `stride`; the results lie `apart`.
  func prepare(_ rows: Int, _ source: UnsafePointer<Float>, stride: Int, _ result: UnsafeMutablePointer<Float>, apart: Int) {
    for head in 0..<heads {
      for (layer, from, to) in [(keys[head], head * headSize, head * width), (values[head], width + head * headSize, (heads + head) * width)] {
        let piece = PanelRows(
          rows: rows, source: source + from, sourceStride: stride, inputs: 0..<headSize, result: result + to, resultStride: apart)
        layer.panels.multiply([piece], bias: layer.bias.floats)
      }
      for row in 0..<rows {
        let start = head * headSize
        result[row * apart + 2 * heads * width + head] = dot(queryBias.floats + start, source + row * stride + start, headSize)
      }
    }
  }

  /// Adds to `stream` what the query sees of `visible` tokens; `token` tells where each lies, `scores` has room for them.
  @inline(__always)
  func add(
    _ query: UnsafePointer<Float>, visible: Int, scores: UnsafeMutablePointer<Float>, to stream: UnsafeMutablePointer<Float>,
    token: (Int) -> UnsafePointer<Float>
  ) {
    let bias = UnsafePointer(outBias.floats)
    for i in 0..<width { stream[i] += bias[i] }
    for head in 0..<heads {
      for row in 0..<visible {
        let prepared = token(row)
        scores[row] = dot(query, prepared + head * width, width) + prepared[2 * heads * width + head]
      }
      let share = exponentials(scores, visible)
      for row in 0..<visible {
        let (weight, value) = (scores[row] * share, token(row) + (heads + head) * width)
        for i in 0..<width { stream[i] += weight * value[i] }
      }
    }
  }
}

/// In place e^(score - the largest); returns one over their sum.
@inline(__always)
func exponentials(_ scores: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
  var most = -Float.infinity
  for i in 0..<count { most = scores[i] > most ? scores[i] : most }
  for i in 0..<count { scores[i] = fastExp(scores[i] - most) }
  return 1 / sum(scores, count)
}
