import Glibc
import Testing
@testable import Tensors

/// One of our functions, the exact one, and where they are compared.
struct Comparison: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let range: ClosedRange<Double>
  let tolerance: Double
  let exact: @Sendable (Double) -> Double
  let ours: @Sendable (Tensor) -> Tensor
}

private func softplus(_ x: Double) -> Double { x > 30 ? x + Glibc.exp(-x) : Glibc.log1p(Glibc.exp(x)) }
private let comparisons: [Comparison] = [
  Comparison(testDescription: "exp", range: -80...80, tolerance: 3e-7, exact: { Glibc.exp($0) }, ours: { $0.exp() }),
  Comparison(testDescription: "tanh", range: -12...12, tolerance: 6e-7, exact: { Glibc.tanh($0) }, ours: { $0.tanh() }),
  Comparison(testDescription: "sigmoid", range: -60...60, tolerance: 6e-7, exact: { 1 / (1 + Glibc.exp(-$0)) }, ours: { $0.sigmoid() }),
  Comparison(testDescription: "softplus", range: -60...60, tolerance: 6e-7, exact: { softplus($0) }, ours: { $0.softplus() }),
  Comparison(testDescription: "mish", range: -15...60, tolerance: 2e-6, exact: { $0 * Glibc.tanh(softplus($0)) }, ours: { $0.mish() }),
  Comparison(testDescription: "silu", range: -60...60, tolerance: 6e-7, exact: { $0 / (1 + Glibc.exp(-$0)) }, ours: { $0.silu() }),
]

struct FunctionTests {
  /// Against the C library in double precision, over the range where the result is a normal number.
  @Test(arguments: comparisons) func agreesWithTheCLibrary(_ check: Comparison) {
    let (low, high) = (check.range.lowerBound, check.range.upperBound)
    let points = (0...4000).map { Float(low + (high - low) * Double($0) / 4000) } + [0, 1e-6, -1e-6, 1e-3, -0.29, 0.31]
    for (x, y) in zip(points, check.ours(Tensor(points)).values) {
      let expected = check.exact(Double(x))
      #expect(abs(Double(y) - expected) <= check.tolerance * abs(expected) + 1e-30, "\(x) gave \(y), wanted \(expected)")
    }
  }

  @Test func geluIsCloseInAbsoluteTerms() {
    let points = (-400...400).map { Float($0) / 50 }
    for (x, y) in zip(points, Tensor(points).gelu().values) {
      #expect(abs(Double(y) - Double(x) * 0.5 * (1 + Glibc.erf(Double(x) / 2.0.squareRoot()))) < 2e-6)
    }
  }

  @Test func infinityAndNaNBehave() throws {
    let x = Tensor([.infinity, -.infinity, .nan])
    #expect(x.exp().values[0] == .infinity)
    #expect(x.exp().values[1] == 0)
    #expect(Array(x.tanh().values[0...1]) == [1, -1])
    #expect(Array(x.relu().values[0...1]) == [.infinity, 0])
    for y in [x.exp(), x.tanh(), x.relu(), x.sigmoid(), x.softplus(), x.clamp(-1, 1), try Tensor.minimum(x, Tensor([0, 0, 0])), try Tensor.maximum(Tensor([0, 0, 0]), x)] {
      #expect(y.values[2].isNaN)
    }
    #expect(try x.max().item().isNaN)
  }
}
