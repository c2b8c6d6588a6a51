import Testing
@testable import Tensors

private let fixture = Result { try OperatorFixture.read() }

/// Each result to rounding of its own size.
private let exact: Set = [
  "exp", "expm1", "log", "log1p", "sqrt", "abs", "square", "tanh", "sigmoid", "relu", "softplus", "erf", "sign", "floor", "ceil", "round", "unm", "clamp",
  "isnan", "isinf", "isfinite", "eq", "ne", "lt", "le", "gt", "ge", "where", "masked_fill", "masked_select", "minimum", "maximum", "mul", "div", "pow",
]

/// Where `got` is not `wanted`; nil where it is, to float32's rounding.
private func difference(_ got: Tensor?, _ wanted: OperatorFixture.Numbers, tolerance: Double, ofEach: Bool = false) -> String? {
  guard let got else { return "there is none" }
  guard got.shape == wanted.shape else { return "has shape \(got.shape), wanted \(wanted.shape)" }
  let scale = wanted.values.map(\.value).filter(\.isFinite).map(abs).max() ?? 0
  for (i, (x, y)) in zip(got.values, wanted.values.map(\.value)).enumerated() {
    let close = abs(Double(x) - y) <= tolerance * (ofEach ? abs(y) : scale) + 2e-38
    guard Double(x) == y || (x.isNaN && y.isNaN) || (y.isFinite && close) else { return "element \(i) is \(x), wanted \(y)" }
  }
  return nil
}

struct OperatorTests {
  @Test func theFixtureHasEveryOperator() throws {
    let names = Set(try fixture.get().cases.map(\.op))
    #expect(Set(operators.keys).subtracting(names) == [])
    #expect(names.subtracting(operators.keys) == [])
  }

  /// Results and gradients against float64, the inputs packed, transposed, amid other memory, strided and expanded.
  @Test(arguments: operators.keys.sorted(), Layout.allCases) func agreesWithFloat64(_ op: String, _ layout: Layout) throws {
    for (number, check) in try fixture.get().cases.enumerated() where check.op == op {
      let name = "case \(number), \(op)\(check.numbers.map(\.value)) of \(check.inputs.map(\.shape))"
      var (inputs, memories): ([Tensor], [Tensor]) = ([], [])
      for (i, numbers) in check.inputs.enumerated() {
        let packed = try numbers.tensor()
        let dim = i == 0 ? check.expanded : nil
        guard let (tensor, whole) = try layout.place(packed, expanded: dim) else { inputs.append(packed); continue }
        if check.gradients?[i] != nil { try tensor.trackGradient() }
        inputs.append(tensor)
        memories.append(whole)
      }
      guard !memories.isEmpty else { continue }
      let before = memories.map(Layout.untouched)
      let results = try check.run(inputs)
      #expect(results.count == check.results.count, "\(name)")
      for (result, wanted) in zip(results, check.results) {
        let error = difference(result, wanted, tolerance: 3e-6, ofEach: exact.contains(op))
        #expect(error == nil, "\(name): \(error ?? "")")
      }
      #expect(memories.map(Layout.untouched) == before, "\(name) wrote beside its operand")

      guard let seed = check.seed, let gradients = check.gradients, let result = results.first, result.requiresGrad else { continue }
      try result.backward(seed.tensor())
      for (i, wanted) in gradients.enumerated() where inputs[i].requiresGrad {
        guard let wanted else { continue }
        let error = difference(inputs[i].grad ?? Tensor.zeros(wanted.shape), wanted, tolerance: 1e-5)
        #expect(error == nil, "\(name), gradient \(i + 1): \(error ?? "")")
      }
    }
  }

  /// The derivative along a random direction at a random point near the case's, from values in Double sums.
  @Test(arguments: operators.keys.sorted()) func agreesWithFiniteDifferences(_ op: String) throws {
    var stream = RandomStream(seed: 3, purpose: op)
    for (number, check) in try fixture.get().cases.enumerated() where check.op == op && check.smooth == true {
      guard let seed = try check.seed?.tensor(), let gradients = check.gradients else { continue }
      let point = try check.inputs.enumerated().map { i, numbers in
        let given = try numbers.tensor()
        return gradients[i] == nil ? given : try (given + 0.02 * Tensor.randn(given.shape, using: &stream)).trackGradient()
      }
      let directions = try point.map { try Tensor.randn($0.shape, using: &stream) }
      guard let result = try check.run(point).first, result.requiresGrad else { continue }
      try result.backward(seed)
      func slope(_ x: Tensor, _ along: Tensor) -> Double { zip(x.values, along.values).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
      let expected = zip(point, directions).reduce(0.0) { total, pair in total + (pair.0.grad.map { slope($0, pair.1) } ?? 0) }

      let step: Float = 4e-3
      func loss(_ h: Float) throws -> Double {
        let moved = try zip(point, directions).enumerated().map { i, pair in
          gradients[i] == nil ? pair.0 : try pair.0.detach() + h * pair.1
        }
        return slope(try check.run(moved)[0], seed)
      }
      let measured = (try loss(step) - loss(-step)) / Double(2 * step)
      #expect(abs(measured - expected) < 4e-3 * max(1, abs(expected)), "case \(number), \(op)\(check.numbers.map(\.value)) of \(check.inputs.map(\.shape))")
    }
  }
}
