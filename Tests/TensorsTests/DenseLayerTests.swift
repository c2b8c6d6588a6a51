import Testing
@testable import Tensors

/// The fused layer against the operators that it stands for.
struct DenseLayerTests {
  private struct Case: Sendable, CustomTestStringConvertible {
    let rows, inputs, outputs: Int
    let activation: PackedActivation
    let hasNorm: Bool
    var testDescription: String { "\(rows)x\(inputs)->\(outputs) \(activation) norm \(hasNorm)" }
  }
  private static let cases: [Case] = [(1, 3, 5), (130, 7, 33), (0, 4, 6)].flatMap { rows, inputs, outputs in
    PackedActivation.allCases.flatMap { activation in
      [false, true].map { Case(rows: rows, inputs: inputs, outputs: outputs, activation: activation, hasNorm: $0) }
    }
  }

  private func activate(_ kind: PackedActivation, _ x: Tensor) -> Tensor {
    switch kind {
    case .none: x
    case .relu: x.relu()
    case .mish: x.mish()
    case .silu: x.silu()
    case .tanh: x.tanh()
    case .gelu: x.gelu()
    }
  }

  private func randn(_ shape: [Int], _ seed: Int) throws -> Tensor {
    var stream = RandomStream(seed: seed, purpose: "dense")
    return try Tensor.randn(shape, using: &stream)
  }

  @Test(arguments: cases) private func agreesWithTheOperators(_ c: Case) throws {
    let leaves = try [
      randn([c.rows, c.inputs], 1), randn([c.outputs, c.inputs], 2), randn([c.outputs], 3), randn([c.outputs], 4), randn([c.outputs], 5),
    ]
    let g = try randn([c.rows, c.outputs], 6)
    func run(_ fused: Bool) throws -> (Tensor, [Tensor]) {
      let t = try leaves.map { try Tensor($0.values, shape: $0.shape).trackGradient() }
      let y: Tensor
      if fused {
        let norm = c.hasNorm ? RowNormalisation(gain: t[3], shift: t[4], epsilon: 1e-5) : nil
        y = try t[0].dense(t[1], t[2], norm: norm, activation: c.activation)
      } else {
        let sums = try t[0].linear(t[1], t[2])
        y = activate(c.activation, c.hasNorm ? try sums.layerNorm(t[3], t[4]) : sums)
      }
      try (y * g).sum().backward()
      return (y, t.prefix(c.hasNorm ? 5 : 3).map { $0.grad ?? .zeros($0.shape) })
    }
    let (y, slopes) = try run(true)
    let (wanted, wantedSlopes) = try run(false)
    for (a, b) in zip([y] + slopes, [wanted] + wantedSlopes) {
      #expect(a.shape == b.shape)
      for (p, q) in zip(a.values, b.values) { #expect(abs(p - q) < 2e-5 * (1 + abs(q))) }
    }
  }

  /// Without gradients nothing is kept, and the numbers are the same.
  @Test(arguments: [false, true]) func recordingChangesNothing(hasNorm: Bool) throws {
    let (x, weight, bias) = (try randn([70, 9], 1), try randn([20, 9], 2), try randn([20], 3))
    let norm = hasNorm ? RowNormalisation(gain: try randn([20], 4), shift: try randn([20], 5), epsilon: 1e-5) : nil
    for activation in PackedActivation.allCases {
      let plain = try x.dense(weight, bias, norm: norm, activation: activation).values
      try weight.trackGradient()
      #expect(try x.dense(weight, bias, norm: norm, activation: activation).values == plain)
      try weight.trackGradient(false)
    }
  }

  /// Only the input's gradient is wanted, as where an actor climbs a critic.
  @Test func frozenParametersGetNothing() throws {
    let x = try randn([5, 4], 1).trackGradient()
    let (weight, bias) = (try randn([3, 4], 2), try randn([3], 3))
    let norm = RowNormalisation(gain: try randn([3], 4), shift: try randn([3], 5), epsilon: 1e-5)
    try x.dense(weight, bias, norm: norm, activation: .tanh).sum().backward()
    #expect(x.grad != nil && weight.grad == nil && bias.grad == nil && norm.gain.grad == nil)
  }

  @Test func moreDimensionsAreRows() throws {
    let (x, weight, bias) = (try randn([2, 3, 4], 1), try randn([5, 4], 2), try randn([5], 3))
    let flat = try x.reshape([6, 4]).dense(weight, bias, norm: nil, activation: .mish)
    let deep = try x.dense(weight, bias, norm: nil, activation: .mish)
    #expect(deep.shape == [2, 3, 5] && deep.values == flat.values)
  }

  @Test func wrongShapesThrow() throws {
    let (x, weight, bias) = (Tensor.ones([2, 3]), Tensor.ones([5, 4]), Tensor.ones([5]))
    #expect(throws: UsageError("linear wants an input of 4 columns for a weight of shape [5, 4], got shape [2, 3]")) {
      try x.dense(weight, bias, norm: nil, activation: .relu)
    }
    #expect(throws: UsageError("layerNorm wants gain and bias of shape [5], got [4] and [5]")) {
      try Tensor.ones([2, 4]).dense(weight, bias, norm: RowNormalisation(gain: .ones([4]), shift: .ones([5]), epsilon: 1e-5), activation: .relu)
    }
  }
}
