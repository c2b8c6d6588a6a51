extension Tensor {
  /// Each row of the last dimension to mean 0 and variance 1, then times gain plus bias (Ba et al. 2016).
  public func layerNorm(_ gain: Tensor, _ bias: Tensor, epsilon: Float = 1e-5) throws -> Tensor {
    guard let width = shape.last, gain.shape == [width], bias.shape == [width] else {
      throw UsageError("layerNorm wants gain and bias of shape [\(shape.last ?? 0)], got \(gain.shape) and \(bias.shape)")
    }
    let span = Profile.Span("layerNorm"); defer { span.end() }
    let rows = width == 0 ? 0 : count / width
    let result = Tensor(uninitialized: shape)
    let normal = Tensor(uninitialized: shape)  // (x - mean) / std
    let inverse = Tensor(uninitialized: [rows])  // 1 / std
    let (y, unit, scale) = (result.storage.pointer, normal.storage.pointer, inverse.storage.pointer)
    withPointer { x in gain.withPointer { w in bias.withPointer { b in
      for row in 0..<rows {
        let (to, hat) = (y + row * width, unit + row * width)
        hat.update(from: x + row * width, count: width)
        scale[row] = standardise(hat, width, epsilon)
        for i in 0..<width { to[i] = hat[i] * w[i] + b[i] }
      }
    } } }
    return result.recorded([self, gain, bias]) { g in
      let span = Profile.Span("layerNorm"); defer { span.end() }
      let input = Tensor(uninitialized: normal.shape)
      let learnsScale = gain.requiresGrad || bias.requiresGrad
      let (gainSlope, biasSlope) = (Tensor.zeros([width]), Tensor.zeros([width]))
      let (dx, dw, db) = (input.storage.pointer, gainSlope.storage.pointer, biasSlope.storage.pointer)
      let (unit, scale) = (normal.storage.pointer, inverse.storage.pointer)
      g.withPointer { g in gain.withPointer { w in
        for row in 0..<rows {
          let (slope, hat, to) = (g + row * width, unit + row * width, dx + row * width)
          if learnsScale {
            for i in 0..<width { dw[i] += slope[i] * hat[i] }
            for i in 0..<width { db[i] += slope[i] }
          }
          for i in 0..<width { to[i] = slope[i] * w[i] }
          standardisationSlope(to, hat, inverse: scale[row], width)
        }
      } }
      return [input, gainSlope, biasSlope]
    }
  }

  /// exp(x) / Σ exp(x) along `dim`.
  public func softmax(_ dim: Int) throws -> Tensor {
    let weights = try (self - max(dim, keepDim: true).detach()).exp()
    return try weights / weights.sum(dim, keepDim: true)
  }

  /// ln softmax(x) along `dim`.
  public func logSoftmax(_ dim: Int) throws -> Tensor {
    let shifted = try self - max(dim, keepDim: true).detach()
    return try shifted - shifted.exp().sum(dim, keepDim: true).log()
  }
}

/// A row to mean 0 and variance 1, in place; returns 1 / std.
@inline(__always)
func standardise(_ row: UnsafeMutablePointer<Float>, _ width: Int, _ epsilon: Float) -> Float {
  let mean = Tensors.sum(row, width) / Float(width)
  for i in 0..<width { row[i] -= mean }
  let inverse = 1 / (dot(row, row, width) / Float(width) + epsilon).squareRoot()
  for i in 0..<width { row[i] *= inverse }
  return inverse
}

/// In place, from the gradient by `hat` to that by the row that `standardise` made into it.
@inline(__always)
func standardisationSlope(_ slope: UnsafeMutablePointer<Float>, _ hat: UnsafePointer<Float>, inverse: Float, _ width: Int) {
  let mean = Tensors.sum(slope, width) / Float(width)
  let along = dot(slope, hat, width) / Float(width)
  for i in 0..<width { slope[i] = inverse * (slope[i] - mean - hat[i] * along) }
}
