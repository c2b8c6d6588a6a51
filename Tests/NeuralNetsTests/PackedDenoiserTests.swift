import Files
import Tensors
import Testing

@testable import NeuralNets

/// Packed networks beside the plain ones. Serialised: one of them changes the number of threads.
@Suite(.serialized) struct PackedDenoiserTests {
  struct Shape: CustomStringConvertible, Sendable {
    var description: String
    /// Largest difference of one evaluation.
    var tolerance: Float = 1e-5
    var make: @Sendable () throws -> any Denoiser
  }

  private static func unet(
    _ name: String, horizon: Int, action: Int = 3, tolerance: Float = 1e-5, _ change: @escaping @Sendable (inout UNet1d.Config) -> Void
  ) -> Shape {
    Shape(description: name, tolerance: tolerance) {
      var config = UNet1d.Config(observationSize: 5, actionSize: action, horizon: horizon)
      (config.downDims, config.diffusionStepEmbedDim) = ([16, 32], 8)
      change(&config)
      var stream = RandomStream(seed: 4, purpose: "init")
      return try perturbed(UNet1d(config, using: &stream))
    }
  }

  private static func transformer(_ name: String, horizon: Int, _ change: @escaping @Sendable (inout TransformerDenoiser.Config) -> Void) -> Shape {
    Shape(description: name) {
      var config = TransformerDenoiser.Config(observationSize: 5, actionSize: 3, horizon: horizon)
      (config.nLayer, config.nEmb, config.nHead) = (2, 32, 4)
      change(&config)
      var stream = RandomStream(seed: 4, purpose: "init")
      return try perturbed(TransformerDenoiser(config, dropout: RandomSource(stream), using: &stream))
    }
  }

  /// Away from what a network begins with: no parameter is 0 or 1.
  private static func perturbed(_ net: any Denoiser) throws -> any Denoiser {
    var stream = RandomStream(seed: 9, purpose: "perturbation")
    for (_, parameter) in net.namedParameters {
      try parameter.assign(Tensor.withoutGrad { try parameter + 0.1 * Tensor.randn(parameter.shape, using: &stream) })
    }
    return net
  }

  static let shapes: [Shape] = [
    unet("two levels", horizon: 4) { _ in },
    unet("DPPO's levels, short", horizon: 4) { $0.downDims = [16, 24, 32] },
    unet("long, three levels, two observations", horizon: 16) { ($0.downDims, $0.observationSteps) = ([8, 16, 24], 2) },
    unet("one level", horizon: 3, action: 1) { $0.downDims = [16] },
    unet("kernel 3, no scale", horizon: 8) { ($0.kernelSize, $0.condPredictScale) = (3, false) },
    unet("kernel 1, one group", horizon: 6) { ($0.kernelSize, $0.nGroups) = (1, 1) },
    unet("kernel 9 over two places", horizon: 2, action: 2) { ($0.kernelSize, $0.nGroups) = (9, 4) },
    // Its deeper norms are each of two numbers, whose variance may be so small that it magnifies rounding.
    unet("odd channels, as many on the way up", horizon: 4, tolerance: 1e-4) { ($0.downDims, $0.nGroups) = ([14, 7], 7) },
    unet("more inputs than are multiplied at a time", horizon: 4) { $0.downDims = [128, 128] },
    transformer("causal", horizon: 4) { $0.observationSteps = 3 },
    transformer("seeing all", horizon: 16) { ($0.causalAttn, $0.observationSteps) = (false, 2) },
    transformer("one token", horizon: 1) { $0.nHead = 1 },
    transformer("odd sizes", horizon: 7) { ($0.nEmb, $0.nHead, $0.nLayer) = (18, 3, 3) },
  ]

  private func packed(_ net: any Denoiser, times: [Float]) throws -> any PackedNetwork {
    if let net = net as? UNet1d { return try #require(try net.packed(times: times)) }
    return try #require(try (net as? TransformerDenoiser)?.packed(times: times))
  }

  private func inputs(_ rows: Int, _ net: any Denoiser, seed: Int = 1) throws -> (x: Tensor, observation: Tensor) {
    var stream = RandomStream(seed: seed, purpose: "inputs")
    return (try Tensor.randn([rows, net.chunkSize], using: &stream), try Tensor.randn([rows, net.conditionSize], using: &stream))
  }

  @Test(arguments: shapes) func everyNumberOfRowsAgreesWithThePlainNetwork(shape: Shape) throws {
    let net = try shape.make()
    let times: [Float] = [19, 4.5, 0]
    let network = try packed(net, times: times)
    #expect(try network(Tensor.zeros([0, net.chunkSize]), observation: Tensor.zeros([0, net.conditionSize]), time: 0).shape == [0, net.chunkSize])
    for rows in [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 23, 48, 61, 100] {
      let (x, observation) = try inputs(rows, net)
      for (index, time) in times.enumerated() {
        let wanted = try Tensor.withoutGrad { try net(x, time, observation) }
        let apart = distance(try network(x, observation: observation, time: index), wanted)
        #expect(apart < shape.tolerance, "\(shape), \(rows) rows, time \(time): \(apart)")
      }
    }
  }

  @Test func packedDenoisersAgreeWithPyTorch() throws {
    for one in try Fixture.read("torch_denoisers").layers {
      let net = try makeDenoiser(one.name, one.config)
      try net.load(stateDict: one.parameters.mapValues { try $0.tensor() })
      let times = try #require(one.config["times"]?.array).compactMap { $0.number.map { Float($0) } }
      let (x, observation, wanted) = (try one.x.tensor(), try #require(one.condition).tensor(), try one.y.tensor())
      let network = try packed(net, times: times)
      for row in times.indices {
        let got = try network(x, observation: observation, time: row)
        #expect(distance(try got.select(0, row), try wanted.select(0, row)) < 1e-5, "\(one.name) \(one.config)")
      }
    }
  }

  @Test(arguments: [0, 2, 9, 10]) func threadsDoNotChangeAResult(index: Int) throws {
    let before = Threads.count
    defer { try? Threads.use(before) }
    let net = try Self.shapes[index].make()
    let network = try packed(net, times: [12, 3])
    let (x, observation) = try inputs(133, net)
    try Threads.use(1)
    let single = try network(x, observation: observation, time: 1).values
    for threads in [2, 3, 7] {
      try Threads.use(threads)
      #expect(try network(x, observation: observation, time: 1).values == single, "\(Self.shapes[index]), \(threads) threads")
    }
  }

  /// Padding rows hold what an earlier call left; what was not finite there reaches nobody.
  @Test(arguments: [0, 9]) func rowsDoNotHearOfEachOther(index: Int) throws {
    let net = try Self.shapes[index].make()
    let network = try packed(net, times: [12])
    let (x, observation) = try inputs(5, net)
    let wanted = try network(x, observation: observation, time: 0).values
    let broken = try network(Tensor.full(.nan, [6, net.chunkSize]), observation: Tensor.full(.nan, [6, net.conditionSize]), time: 0)
    #expect(broken.values.allSatisfy { $0.isNaN })
    #expect(try network(x, observation: observation, time: 0).values == wanted)
  }

  @Test func blocksCoverTheRowsOnce() {
    for rows in 0...300 {
      for blocks in [PackedUNet1d.blocks(of: rows), PackedTransformer.blocks(of: rows)] {
        #expect(blocks.flatMap { Array($0.rows) } == Array(0..<rows))
        #expect(blocks.allSatisfy { $0.rows.count <= $0.capacity })
      }
    }
  }

  @Test func whatHasNoPackedForm() throws {
    let unet = try #require(try Self.shapes[0].make() as? UNet1d)
    #expect(try unet.packed(times: []) == nil)
    #expect(try unet.packed(times: [Float](repeating: 1, count: 1 << 20)) == nil)
    let transformer = try #require(try Self.shapes[9].make() as? TransformerDenoiser)
    #expect(try transformer.packed(times: [Float](repeating: 1, count: 1 << 20)) == nil)
    let network = try packed(unet, times: [1])
    #expect(complaint { _ = try network(Tensor.zeros([2, 12]), observation: Tensor.zeros([2, 5]), time: 1) } == "wanted a time in 0..<1, got 1")
    #expect(
      complaint { _ = try network(Tensor.zeros([2, 11]), observation: Tensor.zeros([2, 5]), time: 0) }
        == "this network wants x of shape [n, 12], got [2, 11]")
    #expect(
      complaint { _ = try network(Tensor.zeros([2, 12]), observation: Tensor.zeros([2, 4]), time: 0) }
        == "wanted an observation of shape [2, 5], got [2, 4]")
  }
}
