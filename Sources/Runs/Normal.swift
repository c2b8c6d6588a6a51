import Glibc
import Tensors

/// The standard normal distribution.
enum Normal {
  static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// Its inverse on (0, 1).
  static func quantile(_ probability: Double) -> Double {
    let sides = abs(2 * probability - 1)
    let z = twoSided(sides)
    return probability < 0.5 ? -z : z
  }

  /// z with P(|Z| < z) = confidence, by Newton's method, which comes from below without overshooting: the distribution is concave there.
  static func twoSided(_ confidence: Double) -> Double {
    precondition(confidence >= 0 && confidence < 1)
    var z = 0.0
    for _ in 0..<200 {
      let step = (confidence - erf(z / 2.0.squareRoot())) / ((2 / Double.pi).squareRoot() * exp(-z * z / 2))
      z += step
      if abs(step) < 1e-14 * max(1, z) { break }
    }
    return z
  }
}
