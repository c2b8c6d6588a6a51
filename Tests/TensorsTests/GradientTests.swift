import Testing
@testable import Tensors

/// A function of some tensors, and the shapes to try it on.
struct Case: CustomTestStringConvertible, Sendable {
  let name: String
  let shapes: [[Int]]
  let positive: Bool
  let function: @Sendable ([Tensor]) throws -> Tensor
  var testDescription: String { name }

  init(_ name: String, _ shapes: [[Int]], positive: Bool = false, _ function: @escaping @Sendable ([Tensor]) throws -> Tensor) {
    (self.name, self.shapes, self.positive, self.function) = (name, shapes, positive, function)
  }
}

private let cases: [Case] = [
  Case("add", [[3, 4], [3, 4]]) { try $0[0] + $0[1] },
  Case("add row", [[3, 4], [4]]) { try $0[0] + $0[1] },
  Case("add column", [[3, 4], [3, 1]]) { try $0[0] + $0[1] },
  Case("add scalar tensor", [[2, 3, 4], []]) { try $0[0] + $0[1] },
  Case("outer product by broadcasting", [[3, 1], [1, 4]]) { try $0[0] * $0[1] },
  Case("subtract", [[2, 3], [2, 3]]) { try $0[0] - $0[1] },
  Case("subtract stretched left", [[3], [2, 3]]) { try $0[0] - $0[1] },
  Case("multiply, transposed operand", [[3, 4], [4, 3]]) { try $0[0] * $0[1].transposed() },
  Case("divide", [[2, 3], [2, 3]], positive: true) { try $0[0] / $0[1] },
  Case("divide row", [[2, 3], [3]], positive: true) { try $0[0] / $0[1] },
  Case("minimum", [[3, 3], [3, 3]]) { try Tensor.minimum($0[0], $0[1]) },
  Case("maximum", [[3, 3], [3]]) { try Tensor.maximum($0[0], $0[1]) },
  Case("scalar arithmetic", [[5]]) { (2 - 3 * $0[0]) / 4 + 1 },
  Case("reciprocal", [[5]], positive: true) { 2 / $0[0] },
  Case("negate", [[5]]) { -$0[0] },
  Case("exp", [[2, 3]]) { $0[0].exp() },
  Case("log", [[2, 3]], positive: true) { $0[0].log() },
  Case("sqrt", [[2, 3]], positive: true) { $0[0].sqrt() },
  Case("abs", [[2, 3]]) { $0[0].abs() },
  Case("squared", [[2, 3]]) { $0[0].squared() },
  Case("pow", [[2, 3]], positive: true) { $0[0].pow(1.7) },
  Case("sin", [[4]]) { $0[0].sin() },
  Case("cos", [[4]]) { $0[0].cos() },
  Case("tanh", [[2, 3]]) { $0[0].tanh() },
  Case("sigmoid", [[2, 3]]) { $0[0].sigmoid() },
  Case("relu", [[2, 3]]) { $0[0].relu() },
  Case("softplus", [[2, 3]]) { $0[0].softplus() },
  Case("mish", [[2, 3]]) { $0[0].mish() },
  Case("silu", [[2, 3]]) { $0[0].silu() },
  Case("gelu", [[2, 3]]) { $0[0].gelu() },
  Case("clamp", [[7]]) { $0[0].clamp(-0.5, 0.5) },
  Case("sum", [[2, 3]]) { $0[0].sum() },
  Case("sum of rows", [[2, 3, 4]]) { try $0[0].sum(1) },
  Case("sum, dimension kept", [[2, 3, 4]]) { try $0[0].sum(-1, keepDim: true) },
  Case("mean", [[2, 3]]) { try $0[0].mean(0) },
  Case("variance", [[4, 3]]) { try $0[0].variance(0) },
  Case("max", [[4, 3]]) { try $0[0].max(0) },
  Case("min, dimension kept", [[2, 4, 3]]) { try $0[0].min(1, keepDim: true) },
  Case("matmul", [[3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul, transposed views", [[4, 3], [2, 4]]) { try $0[0].transposed().matmul($0[1].transposed()) },
  Case("matmul, vector", [[4], [4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul, batch by matrix", [[2, 3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
  Case("matmul, batches broadcast", [[2, 1, 3, 4], [5, 4, 2]]) { try $0[0].matmul($0[1]) },
  Case("linear", [[5, 3], [2, 3], [2]]) { try $0[0].linear($0[1], $0[2]) },
  Case("linear on three dimensions", [[2, 2, 3], [4, 3], [4]]) { try $0[0].linear($0[1], $0[2]) },
  Case("layerNorm", [[3, 5], [5], [5]]) { try $0[0].layerNorm($0[1], $0[2]) },
  Case("softmax", [[3, 4]]) { try $0[0].softmax(1) },
  Case("logSoftmax", [[3, 4]]) { try $0[0].logSoftmax(0) },
  Case("solve", [[2, 3, 3], [3, 2]]) { try LinearAlgebra.solve(positive($0[0]), $0[1]) },
  Case("solve, vector", [[3, 3], [3]]) { try LinearAlgebra.solve(positive($0[0]), $0[1]) },
  Case("inv", [[2, 3, 3]]) { try LinearAlgebra.inv(positive($0[0])) },
  Case("det", [[2, 3, 3]]) { try LinearAlgebra.det($0[0]) },
  Case("slogdet", [[2, 3, 3]]) { try LinearAlgebra.slogdet(positive($0[0])).logAbs },
  Case("cholesky", [[2, 3, 3]]) { try LinearAlgebra.cholesky(positive($0[0])) },
  Case("eigh, values", [[2, 4, 4]]) { try LinearAlgebra.eigh(positive($0[0])).values },
  Case("eigh, vectors", [[3, 3]]) { try LinearAlgebra.eigh(positive($0[0])).vectors.squared() },
  Case("svdvals, tall and wide", [[2, 4, 3], [2, 4]]) { try LinearAlgebra.svdvals($0[0]).sum() * LinearAlgebra.svdvals($0[1]) },
  Case("spectral and nuclear norm", [[3, 4]]) { try LinearAlgebra.norm($0[0], .spectral) * LinearAlgebra.norm($0[0], .nuclear) },
  Case("condition number", [[4, 3]]) { try LinearAlgebra.cond($0[0]) },
  Case("reshape", [[2, 6]]) { try $0[0].reshape([3, -1]) },
  Case("permute", [[2, 3, 4]]) { try $0[0].permute([2, 0, 1]) },
  Case("narrow", [[5, 3]]) { try $0[0].narrow(0, 1, 3) },
  Case("select of a transposed view", [[5, 3]]) { try $0[0].transposed().select(0, 1) },
  Case("expand", [[3, 1]]) { try $0[0].expand(to: [2, 3, 4]) },
  Case("cat", [[2, 3], [2, 1]]) { try Tensor.cat([$0[0], $0[1]], dim: 1) },
  Case("stack", [[2, 3], [2, 3]]) { try Tensor.stack([$0[0], $0[1]], dim: 1) },
  Case("indexSelect, with repeats", [[4, 3]]) { try $0[0].indexSelect(0, [3, 0, 3]) },
  Case("a tensor used twice", [[3, 3]]) { try $0[0].matmul($0[0]) * $0[0] },
]

/// a aᵀ + 1: symmetric positive definite, and smooth in a.
private func positive(_ a: Tensor) throws -> Tensor {
  let n = a.shape[a.rank - 1]
  let identity = try Tensor((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n])
  return try a.matmul(a.transposed()) + identity
}

struct GradientTests {
  /// Central differences on a random linear functional of the result.
  @Test(arguments: cases) func agreesWithFiniteDifferences(_ check: Case) throws {
    var stream = RandomStream(seed: 7, purpose: check.name)
    let inputs = try check.shapes.map { shape in
      let noise = try Tensor.randn(shape, using: &stream)
      return try (check.positive ? noise.abs() + 0.5 : noise).trackGradient()
    }
    let output = try check.function(inputs)
    let weights = try Tensor.randn(output.shape, using: &stream)
    try (output * weights).sum().backward()

    func loss() throws -> Double {
      let values = try Tensor.withoutGrad { try check.function(inputs) }
      return zip(values.values, weights.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    for (n, input) in inputs.enumerated() {
      let gradient = try #require(input.grad).values
      for i in 0..<input.count {
        let step: Float = 4e-3
        let original = input.values[i]
        input.withMutablePointer { $0[i] = original + step }
        let up = try loss()
        input.withMutablePointer { $0[i] = original - step }
        let down = try loss()
        input.withMutablePointer { $0[i] = original }
        let expected = (up - down) / Double(2 * step)
        #expect(abs(Double(gradient[i]) - expected) < 3e-3 * max(1, abs(expected)), "operand \(n + 1), element \(i)")
      }
    }
  }

  @Test func nothingIsRecordedWithoutGrad() throws {
    let x = try Tensor([1, 2]).trackGradient()
    let y = Tensor.withoutGrad { x * 2 }
    #expect(!y.requiresGrad)
    #expect(throws: UsageError.self) { try y.sum().backward() }
  }

  @Test func gradientsAddUpOverCalls() throws {
    let x = try Tensor([1, 2]).trackGradient()
    for _ in 0..<2 { try x.squared().sum().backward() }
    #expect(x.grad?.values == [4, 8])
    x.zeroGrad()
    #expect(x.grad == nil)
  }

  @Test func aGraphFreesItsTensors() throws {
    let before = Tensor.liveCount
    for _ in 0..<100 {
      let x = try Tensor([1, 2, 3]).trackGradient()
      try (x.tanh() * x.exp()).sum().backward()
    }
    #expect(Tensor.liveCount <= before + 64)  // other tests run beside this one
  }
}
