import Tensors
import Testing

@testable import NeuralNets

private func filled(_ shape: [Int], _ initializer: Initializer, seed: Int = 5) throws -> Tensor {
  var stream = RandomStream(seed: seed, purpose: "init")
  let tensor = Tensor.full(.nan, shape)
  try initializer.fill(tensor, using: &stream)
  return tensor
}

private func moments(_ tensor: Tensor) -> (mean: Double, variance: Double) {
  let values = tensor.values.map(Double.init)
  let mean = values.reduce(0, +) / Double(values.count)
  return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
}

@Suite struct InitializerTests {
  /// Means and variances of 120 000 numbers against the formulas; a uniform law's bound is √3 of its deviation.
  @Test func momentsAreTheFormulas() throws {
    let shape = [200, 100, 6]  // fan in 600, fan out 1200
    let table: [(Initializer, mean: Double, variance: Double, bound: Double?)] = [
      (.xavierUniform(gain: 2), 0, 4 * 2 / 1800, (3 * 4 * 2.0 / 1800).squareRoot()),
      (.xavierNormal(gain: 1), 0, 2.0 / 1800, nil),
      (.kaimingUniform(gain: Float(2).squareRoot(), .fanIn), 0, 2.0 / 600, (6.0 / 600).squareRoot()),
      (.kaimingNormal(gain: 1, .fanOut), 0, 1.0 / 1200, nil),
      (.normal(mean: 3, std: 0.5), 3, 0.25, nil),
      (.uniform(low: -1, high: 3), 1, 16.0 / 12, nil),
      (.constant(7), 7, 0, nil),
      // of a standard normal within ±1: 1 - 2 φ(1) / (2 Φ(1) - 1)
      (.truncatedNormal(mean: 0, std: 1, low: -1, high: 1), 0, 1 - 2 * 0.241_970_72 / 0.682_689_49, 1),
    ]
    for (initializer, mean, variance, bound) in table {
      let tensor = try filled(shape, initializer)
      let got = moments(tensor)
      #expect(abs(got.mean - mean) <= 0.012 * max(variance.squareRoot(), 1e-9), "\(initializer)")
      #expect(abs(got.variance - variance) <= 0.02 * variance, "\(initializer)")
      if let bound {
        let largest = Double(tensor.values.map(abs).max() ?? 0)
        #expect(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound, "\(initializer)")
      }
    }
  }

  /// Q Qᵀ = gain² I for wide matrices, Qᵀ Q for tall ones; a kernel counts as flat.
  @Test(arguments: [[7, 7], [5, 40], [40, 5], [6, 2, 9], [1, 1]]) func orthogonalIsOrthogonal(_ shape: [Int]) throws {
    let matrix = try filled(shape, .orthogonal(gain: 1.5)).reshape([shape[0], -1])
    let product = try matrix.shape[0] <= matrix.shape[1] ? matrix.matmul(matrix.transposed()) : matrix.transposed().matmul(matrix)
    let n = product.shape[0]
    for (i, value) in product.values.enumerated() { #expect(abs(value - (i % (n + 1) == 0 ? 2.25 : 0)) < 1e-5) }
  }

  /// Every orthogonal matrix is as likely as another: entries of many have mean 0 and variance 1 / n.
  @Test func orthogonalHasNoFavourites() throws {
    var values: [Float] = []
    for seed in 0..<4000 { values.append(try filled([3, 3], .orthogonal(gain: 1), seed: seed).values[0]) }
    let got = moments(Tensor(values))
    #expect(abs(got.mean) < 0.03 && abs(got.variance - 1.0 / 3) < 0.02)
  }

  @Test func theSameStreamGivesTheSame() throws {
    #expect(try filled([9, 4], .orthogonal(gain: 1)).values == filled([9, 4], .orthogonal(gain: 1)).values)
    #expect(try filled([9, 4], .xavierNormal(gain: 1)).values != filled([9, 4], .xavierNormal(gain: 1), seed: 6).values)
  }

  @Test func whatMakesNoBeginningIsRefused() throws {
    let planes = "this initialiser wants a tensor of two dimensions or more, none empty, got shape [4]"
    let table: [(String, () throws -> Void)] = [
      (planes, { _ = try filled([4], .xavierUniform(gain: 1)) }), (planes, { _ = try filled([4], .orthogonal(gain: 1)) }),
      ("an initialiser wants finite numbers, got inf", { _ = try filled([4, 4], .kaimingNormal(gain: .infinity, .fanIn)) }),
      ("a uniform initialiser wants low <= high, got 2.0 and 1.0", { _ = try filled([4], .uniform(low: 2, high: 1)) }),
      ("a normal initialiser wants a std of zero or more, got -1.0", { _ = try filled([4], .normal(mean: 0, std: -1)) }),
      (
        "a truncated normal wants std > 0 and bounds within reach of the mean, got mean 0.0, std 1.0, [5.0, 6.0]",
        { _ = try filled([4], .truncatedNormal(mean: 0, std: 1, low: 5, high: 6)) }
      ),
    ]
    for (wanted, body) in table { #expect(complaint(body) == wanted) }
  }
}
