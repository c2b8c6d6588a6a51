import Glibc
import Tensors

/// Which noises the noise critics learn from.
public enum DistillationNoise: String, Codable, CaseIterable, Sendable {
  /// The standard normal restricted to the actor's box.
  case gaussian
  /// Uniform over the actor's box.
  case box
  /// The actor's own.
  case actor
  /// Half gaussian, half the actor's.
  case mixed
}

/// n rows of the standard normal restricted to [-bound, bound] in each element: what falls outside is drawn again, nothing is moved to the faces.
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
  let wanted = secondMoment { abs($0) <= bound ? ($0 * $0, 1) : (0, 0) }
  var (low, high) = (1e-6, 10.0)
  for _ in 0..<60 {
    let middle = (low + high) / 2
    let squashed = secondMoment { x in (bound * bound * tanh(middle * x) * tanh(middle * x), 1) }
    if squashed < wanted { low = middle } else { high = middle }
  }
  return (low + high) / 2
}

/// Σ f / Σ weight under the standard normal, by the midpoint rule over ±8.
private func secondMoment(_ f: (Double) -> (value: Double, weight: Double)) -> Double {
  var (total, mass) = (0.0, 0.0)
  let cells = 200_000
  for i in 0..<cells {
    let x = -8 + 16 * (Double(i) + 0.5) / Double(cells)
    let density = exp(-0.5 * x * x)
    let (value, weight) = f(x)
    total += density * value
    mass += density * weight
  }
  return total / mass
}
