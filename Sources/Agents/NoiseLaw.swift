import Glibc
import Tensors

/// Which noises the noise critics learn from.
public enum DistillationNoise: String, Codable, CaseIterable, Sendable {
  /// The standard normal restricted to the actor's box.
  case gaussian
  /// The standard normal itself, outside the box too: the published code's.
  case standardNormal = "standard_normal"
  /// Uniform over the actor's box.
  case box
  /// The actor's own.
  case actor
  /// Half gaussian, half the actor's.
  case mixed
}

/// The standard normal restricted to [-bound, bound] in each element: what falls outside is drawn again, nothing is moved to the faces.
func restrictedNormal(_ shape: [Int], bound: Float, using stream: inout RandomStream) throws -> Tensor {
  if bound < 1 { return try narrowNormal(shape, bound: bound, using: &stream) }
  let noise = try Tensor.randn(shape, using: &stream)
  noise.withMutablePointer { elements in
    for i in 0..<noise.count {
      while abs(elements[i]) > bound { elements[i] = Float(stream.normal()) }
    }
  }
  return noise
}

/// The same for a narrow box, where the density hardly changes: uniform, kept with probability exp(-w²/2).
private func narrowNormal(_ shape: [Int], bound: Float, using stream: inout RandomStream) throws -> Tensor {
  let noise = try Tensor.uniform(shape, -bound, bound, using: &stream)
  noise.withMutablePointer { elements in
    for i in 0..<noise.count {
      while Float(stream.uniform()) > expf(-0.5 * elements[i] * elements[i]) {
        elements[i] = Float(stream.uniform(Double(-bound), Double(bound)))
      }
    }
  }
  return noise
}

/// The σ for which b tanh(σ x), x ~ N(0, 1), has the standard deviation of the standard normal restricted to [-b, b].
func standardNormalStart(bound: Double) -> Double {
  let density = exp(-0.5 * bound * bound) / (2 * Double.pi).squareRoot()
  let wanted = (1 - 2 * bound * density / erf(bound / 2.0.squareRoot())) / (bound * bound)
  var (low, high) = (1e-6, 10.0)
  for _ in 0..<40 {
    let middle = (low + high) / 2
    if meanSquaredTanh(middle) < wanted { low = middle } else { high = middle }
  }
  return (low + high) / 2
}

/// The mean of tanh²(σ x), x ~ N(0, 1), by the trapezoidal rule over ±8.
private func meanSquaredTanh(_ sigma: Double) -> Double {
  let step = 0.01
  let sum = stride(from: -8.0, through: 8, by: step).reduce(0.0) { sum, x in
    let squashed = tanh(sigma * x)
    return sum + exp(-0.5 * x * x) * squashed * squashed
  }
  return sum * step / (2 * Double.pi).squareRoot()
}
