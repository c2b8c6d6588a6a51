import Testing
@testable import Tensors

/// Products in bfloat16, by whichever form this processor has.
struct Bfloat16ProductTests {
  private func randn(_ rows: Int, _ columns: Int, _ seed: Int) throws -> Tensor {
    var stream = RandomStream(seed: seed, purpose: "product")
    return try Tensor.randn([rows, columns], using: &stream)
  }

  /// Each element against the sum of the rounded operands' products in double precision, within float32's rounding of a sum of such size.
  private func expectRounded(_ got: Tensor, _ a: Tensor, _ b: Tensor) {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    let (x, y, z) = (a.values.map { Double(roundedToBfloat16($0)) }, b.values.map { Double(roundedToBfloat16($0)) }, got.values)
    for i in 0..<m {
      for j in 0..<n {
        let terms = (0..<k).map { x[i * k + $0] * y[$0 * n + j] }
        let (sum, size) = (terms.reduce(0, +), terms.map { abs($0) }.reduce(0, +))
        let error = abs(Double(z[i * n + j]) - sum)
        #expect(error <= 2e-6 * size)
      }
    }
  }

  @Test(arguments: [(1, 7, 5), (40, 33, 65), (130, 70, 300)]) func roundsOperandsAndSumsInFloat32(m: Int, n: Int, k: Int) throws {
    let (a, b) = (try randn(m, k, 1), try randn(k, n, 2))
    let (left, right) = (try randn(k, m, 3).transposed(), try randn(n, k, 4).transposed())
    try Tensor.withProducts(in: .bfloat16) {
      for (x, y) in [(a, b), (left, b), (a, right), (left, right)] { expectRounded(try x.matmul(y), x, y) }
    }
    #expect(try a.matmul(b).values != Tensor.withProducts(in: .bfloat16) { try a.matmul(b).values })
  }

  /// The bias is added in float32, and the way back rounds what it multiplies.
  @Test func layersForwardsAndBack() throws {
    let x = try randn(50, 40, 5).trackGradient()
    let weight = try randn(30, 40, 6).trackGradient()
    let bias = try Tensor(randn(1, 30, 7).values, shape: [30]).trackGradient()
    let g = try randn(50, 30, 8)
    try Tensor.withProducts(in: .bfloat16) {
      let y = try x.linear(weight, bias)
      expectRounded(try y.detach() - bias.detach(), x.detach(), try weight.detach().transposed())
      try y.backward(g)
    }
    expectRounded(try #require(x.grad), g, weight.detach())
    expectRounded(try #require(weight.grad), try g.transposed(), x.detach())
  }
}
