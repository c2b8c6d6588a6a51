import Testing
@testable import Tensors

struct PackedLinearTests {
  private func layer(_ outputs: Int, _ inputs: Int) -> (PackedResidualMLP.Layer, RandomStream) {
    var stream = RandomStream(seed: 3, purpose: "layer")
    let weight = random([outputs, inputs], &stream) { Float($0.normal()) * 0.1 }
    return (PackedResidualMLP.Layer(weight: weight, bias: random([outputs], &stream) { Float($0.normal()) }), stream)
  }

  /// Every activation, with and without a sum, on sizes that are no multiple of a vector; 1e-5 of the result's own size.
  @Test(arguments: PackedActivation.allCases, [1, 5, 64, 130]) func float32AgreesWithDoublePrecision(activation: PackedActivation, rows: Int) throws {
    var (layer, stream) = layer(37, 29)
    let x = random([rows, 29], &stream) { Float($0.normal()) }
    let residual = random([rows, 37], &stream) { Float($0.normal()) }
    let packed = try PackedLinear(weight: layer.weight, bias: layer.bias, activation: activation)
    let plain = try packed(x)
    let summed = try packed(x, adding: residual)
    for index in 0..<rows {
      let expected = Naive.linear(row(x, index), layer).map { Naive.activate(activation, $0) }
      for (got, wanted) in zip(row(plain, index), expected) { #expect(abs(got - wanted) < 1e-5 * (1 + abs(wanted))) }
      let sums = zip(expected, row(residual, index)).map { $0 + $1 }
      for (got, wanted) in zip(row(summed, index), sums) { #expect(abs(got - wanted) < 1e-5 * (1 + abs(wanted))) }
    }
  }

  /// With operands that bfloat16 holds exactly, only the order of float32 sums is left to differ.
  @Test(arguments: [1, 7, 64, 100]) func bfloat16SumsInFloat32(rows: Int) throws {
    var (layer, stream) = layer(48, 512)
    let rounded = PackedResidualMLP.Layer(weight: try Tensor(layer.weight.values.map(roundedToBfloat16), shape: [48, 512]), bias: layer.bias)
    let x = random([rows, 512], &stream) { roundedToBfloat16(Float($0.normal())) }
    let result = try PackedLinear(weight: rounded.weight, bias: rounded.bias, precision: .bfloat16)(x)
    for index in 0..<rows {
      for (got, wanted) in zip(row(result, index), Naive.linear(row(x, index), rounded)) { #expect(abs(got - wanted) < 2e-5 * (1 + abs(wanted))) }
    }
  }

  /// Each product's operands are off by at most 2^-9 of their size, so a sum is off by about 2^-8 of the sum of sizes.
  @Test func bfloat16RoundsItsOperands() throws {
    var (layer, stream) = layer(48, 512)
    let x = random([33, 512], &stream) { Float($0.normal()) }
    let result = try PackedLinear(weight: layer.weight, bias: layer.bias, precision: .bfloat16)(x)
    let sizes = PackedResidualMLP.Layer(weight: layer.weight.abs(), bias: .zeros([48]))
    for index in 0..<33 {
      let bounds = Naive.linear(row(x, index).map { abs($0) }, sizes).map { $0 * 0x1.02p-8 + 1e-4 }
      for ((got, wanted), bound) in zip(zip(row(result, index), Naive.linear(row(x, index), layer)), bounds) { #expect(abs(got - wanted) <= bound) }
    }
  }

  @Test func roundsToTheNearestEven() {
    let cases: [(Float, Float)] = [(1, 1), (1 + 0x1p-8, 1), (1 + 0x1.8p-7, 1 + 0x1p-6), (-1 - 0x1.01p-8, -1 - 0x1p-7), (0, 0)]
    for (x, rounded) in cases { #expect(roundedToBfloat16(x) == rounded) }
  }

  @Test func noRowsGiveNoRows() throws {
    #expect(try PackedLinear(weight: .ones([3, 2]), bias: nil)(.zeros([0, 2])).shape == [0, 3])
  }

  @Test func wrongShapesThrow() throws {
    let packed = try PackedLinear(weight: .ones([3, 2]), bias: nil)
    #expect(throws: UsageError("this layer wants [n, 2], got [4, 3]")) { try packed(.ones([4, 3])) }
    #expect(throws: UsageError("wanted [4, 3] to add, got [3]")) { try packed(.ones([4, 2]), adding: .ones([3])) }
    #expect(throws: UsageError("wanted a bias of shape [3], got [2]")) { try PackedLinear(weight: .ones([3, 2]), bias: .ones([2])) }
    #expect(throws: UsageError("a linear layer's weight has shape [outputs, inputs], got [3]")) { try PackedLinear(weight: .ones([3]), bias: nil) }
    #expect(throws: UsageError("a linear layer has inputs and outputs, got weight [3, 0]")) { try PackedLinear(weight: .ones([3, 0]), bias: nil) }
  }
}
