/// result = softmax(q Kᵀ / √d) V of one query in each of its heads (Vaswani et al. 2017), over `visible` rows of keys `stride` apart, each with its value
/// `valueOffset` behind. `scores` has room for them.
@inline(__always)
func attend(
  _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, stride: Int, valueOffset: Int, visible: Int, heads: Int, headSize: Int,
  scores: UnsafeMutablePointer<Float>, _ result: UnsafeMutablePointer<Float>
) {
  let scale = 1 / Float(headSize).squareRoot()
  for head in 0..<heads {
    let start = head * headSize
    for row in 0..<visible { scores[row] = scale * dot(query + start, keys + row * stride + start, headSize) }
    let share = exponentials(scores, visible)
    let to = result + start
    for i in 0..<headSize { to[i] = 0 }
    for row in 0..<visible {
      let (weight, from) = (scores[row] * share, keys + row * stride + valueOffset + start)
      for i in 0..<headSize { to[i] += weight * from[i] }
    }
  }
}

/// A layer norm's parameters: gain and bias [size].
public struct PackedLayerNorm: Sendable {
  let size: Int
  let gain: PackedBuffer
  let bias: PackedBuffer
  let epsilon: Float

  /// Throws for shapes that do not fit.
  public init(gain: Tensor, bias: Tensor, epsilon: Float) throws {
    guard gain.rank == 1, gain.shape == bias.shape else { throw UsageError("a layer norm has gain and bias of shape [size], got \(gain.shape) and \(bias.shape)") }
    (size, self.epsilon) = (gain.count, epsilon)
    (self.gain, self.bias) = (PackedBuffer(bytes: 4 * gain.count), PackedBuffer(bytes: 4 * gain.count))
    gain.withPointer { self.gain.floats.update(from: $0, count: gain.count) }
    bias.withPointer { self.bias.floats.update(from: $0, count: bias.count) }
  }

  /// `rows` rows of x, normalised into `result`, which is memory of its own.
  func callAsFunction(_ rows: Int, _ x: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
    let (gain, bias) = (UnsafePointer(self.gain.floats), UnsafePointer(self.bias.floats))
    for row in 0..<rows {
      let to = result + row * size
      to.update(from: x + row * size, count: size)
      _ = standardise(to, size, epsilon)
      for i in 0..<size { to[i] = to[i] * gain[i] + bias[i] }
    }
  }
}
