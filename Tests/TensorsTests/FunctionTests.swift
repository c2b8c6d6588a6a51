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
  Comparison(testDescription: "exp", range: -87.3...88.72, tolerance: 3e-7, exact: { Glibc.exp($0) }, ours: { $0.exp() }),
  Comparison(testDescription: "expm1", range: -20...88, tolerance: 6e-7, exact: { Glibc.expm1($0) }, ours: { $0.expm1() }),
  Comparison(testDescription: "expm1 near 0", range: -1e-3...1e-3, tolerance: 6e-7, exact: { Glibc.expm1($0) }, ours: { $0.expm1() }),
  Comparison(testDescription: "log", range: 1e-6...9, tolerance: 3e-7, exact: { Glibc.log(abs($0)) }, ours: { $0.abs().log() }),
  Comparison(testDescription: "log of large numbers", range: 1e5...3e38, tolerance: 3e-7, exact: { Glibc.log(abs($0)) }, ours: { $0.abs().log() }),
  Comparison(testDescription: "log of subnormal numbers", range: 1e-44...1e-37, tolerance: 3e-7, exact: { Glibc.log(abs($0)) }, ours: { $0.abs().log() }),
  Comparison(testDescription: "log1p", range: -0.999...9, tolerance: 6e-7, exact: { Glibc.log1p($0) }, ours: { $0.log1p() }),
  Comparison(testDescription: "log1p near 0", range: -1e-3...1e-3, tolerance: 6e-7, exact: { Glibc.log1p($0) }, ours: { $0.log1p() }),
  Comparison(testDescription: "erf", range: -6...6, tolerance: 4e-7, exact: { Glibc.erf($0) }, ours: { $0.erf() }),
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
      #expect(Double(y) == expected || abs(Double(y) - expected) <= check.tolerance * abs(expected) + 1e-30, "\(x) gave \(y), wanted \(expected)")
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

  /// Whatever its sign and its payload, a NaN stays one; the loops work on bit patterns.
  @Test(arguments: [0x7fc0_0000, 0x7fc0_0001, 0x7fff_ffff, 0xffc0_0000, 0xffc0_0155, 0xffff_ffff] as [UInt32]) func everyNaNStaysOne(_ bits: UInt32) {
    let x = Tensor(Array(repeating: Float(bitPattern: bits), count: 19))
    let functions: [(Tensor) -> Tensor] = [
      { $0.exp() }, { $0.expm1() }, { $0.log() }, { $0.log1p() }, { $0.sqrt() }, { $0.abs() }, { $0.squared() }, { $0.sin() }, { $0.cos() }, { $0.tanh() },
      { $0.sigmoid() }, { $0.relu() }, { $0.softplus() }, { $0.mish() }, { $0.silu() }, { $0.gelu() }, { $0.erf() }, { $0.floor() }, { $0.ceil() },
      { $0.round() }, { $0.clamp(-1, 1) }, { $0.pow(2) },
    ]
    for (i, function) in functions.enumerated() { #expect(function(x).values.allSatisfy { $0.isNaN }, "function \(i)") }
  }
}
