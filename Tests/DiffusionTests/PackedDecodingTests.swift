import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// What a policy decodes with its packed U-Net or transformer, beside the plain network in the same plan.
@Suite struct PackedDecodingTests {
  private static let networks: [DenoiserConfig] = {
    var unet = UNet1d.Config(observationSize: 3, actionSize: 2, horizon: 4)
    // Groups of many numbers: the norm of a few that are nearly equal magnifies the rounding of 32 bits.
    (unet.downDims, unet.diffusionStepEmbedDim, unet.observationSteps, unet.nGroups) = ([8, 16], 8, 2, 2)
    var transformer = TransformerDenoiser.Config(observationSize: 3, actionSize: 2, horizon: 4)
    (transformer.nLayer, transformer.nEmb, transformer.observationSteps) = (2, 16, 2)
    return [.unet(unet), .transformer(transformer)]
  }()

  private static let samplers: [(process: Process, sampler: Sampler)] = {
    var ancestral = AncestralSampler()
    (ancestral.frozen, ancestral.seed) = (true, 3)
    var ddim = DDIM()
    ddim.clip = 0.7
    var midpoint = FlowSampler()
    midpoint.method = .midpoint
    return [
      (.ddpm(DDPM()), .ddim(ddim)), (.ddpm(DDPM()), .ddpm(ancestral)), (.ddpm(DDPM()), .dpmSolver(DPMSolver())), (.edm(EDM()), .edm(EDMSampler())),
      (.flow(Flow()), .flow(FlowSampler())), (.flow(Flow()), .flow(midpoint)),
    ]
  }()

  private func policy(_ network: DenoiserConfig, _ process: Process, _ sampler: Sampler) throws -> DiffusionPolicy {
    var config = DiffusionPolicy.Config(network: network)
    config.process = process
    var stream = RandomStream(seed: 2, purpose: "init")
    return try DiffusionPolicy(config, sampler: sampler, using: &stream)
  }

  private func plain(_ policy: DiffusionPolicy, _ observation: Tensor, _ noise: Tensor) throws -> Tensor {
    let plan = policy.schedule
    var inner = try policy.sampler.frozenNoise(of: plan, latentSize: policy.latentSize)[...]
    return try Tensor.withoutGrad {
      try plan.run(from: noise, inner: { inner.removeFirst() }) { x, move in try policy.epsilon(x, Float(plan.moves[move].time), observation) }
    }
  }

  @Test(arguments: networks.indices, samplers.indices) func decodingAgreesWithThePlainNetwork(network: Int, sampler: Int) throws {
    let (process, chosen) = Self.samplers[sampler]
    let policy = try policy(Self.networks[network], process, chosen)
    var stream = RandomStream(seed: 7, purpose: "noise")
    for rows in [1, 5, 31] {
      let (observation, noise) = (try Tensor.randn([rows, 6], using: &stream), try Tensor.randn([rows, 8], using: &stream))
      let (got, wanted) = (try policy.decode(normalized: observation, noise: noise), try plain(policy, observation, noise))
      let worst = zip(got.values, wanted.values).map { abs($0 - $1) }.max() ?? .infinity
      // Of up to 35 evaluations, each within 1e-5.
      #expect(worst < 1e-4, "\(policy.config.network.kind) \(chosen.kind), \(rows) rows")
    }
  }

  /// Weights that have been trained are packed anew, and bfloat16 has no such form.
  @Test(arguments: networks.indices) func newWeightsAreSeen(network: Int) throws {
    var sampler = DDIM()
    sampler.clip = nil
    let policy = try policy(Self.networks[network], .ddpm(DDPM()), .ddim(sampler))
    let (observation, noise) = (Tensor.ones([3, 6]), Tensor.ones([3, 8]))
    let before = try policy.decode(normalized: observation, noise: noise)
    for (_, parameter) in policy.network.namedParameters { try parameter.assign(Tensor.withoutGrad { try parameter * 1.5 + 0.1 }) }
    policy.weightsChanged()
    let after = try policy.decode(normalized: observation, noise: noise)
    #expect(before.values != after.values)
    let wanted = try plain(policy, observation, noise)
    for (x, y) in zip(after.values, wanted.values) { #expect(abs(x - y) < 1e-4 * max(1, abs(y))) }
    #expect(throws: UsageError.self) { try policy.setPrecision(.bfloat16) }
    #expect(try policy.decode(normalized: observation, noise: noise).values == after.values)
  }
}
