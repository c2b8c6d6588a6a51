import NeuralNets
import Testing
import Tensors

@testable import Diffusion

/// The law that a flow's noise is of.
struct SourceTests {
  private func policy(_ flow: Flow, _ sampler: FlowSampler, _ kind: DiffusionMLP.Kind = .residualMLP) throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 1, actionSize: 2, horizon: 1)
    (network.kind, network.hidden) = (kind, kind == .mlp ? [16] : [16, 16, 16])
    var config = DiffusionPolicy.Config(network: network)
    config.process = .flow(flow)
    var stream = RandomStream(seed: 1)
    return try DiffusionPolicy(config, sampler: .flow(sampler), using: &stream)
  }

  /// Noise w under a source is decoded as the point mean + scale · w is without one, packed or not.
  @Test(arguments: [DiffusionMLP.Kind.residualMLP, .mlp], [FlowSampler.Method.euler, .heun]) func shiftsTheStart(_ kind: DiffusionMLP.Kind, _ method: FlowSampler.Method) throws {
    var sampler = FlowSampler()
    (sampler.method, sampler.steps, sampler.finalClip) = (method, 4, nil)
    var flow = Flow()
    (flow.sourceMean, flow.sourceScale) = (.each([0.5, -1]), .each([2, 0.25]))
    var stream = RandomStream(seed: 2)
    let noise = try Tensor.randn([6, 2], using: &stream), observation = try Tensor.randn([6, 1], using: &stream)
    let start = try noise * Tensor([2, 0.25]) + Tensor([0.5, -1])
    let with = try policy(flow, sampler, kind), without = try policy(Flow(), sampler, kind)
    let ours = try with.decode(normalized: observation, noise: noise).values
    for (x, y) in zip(ours, try without.decode(normalized: observation, noise: start).values) { #expect(abs(x - y) < 1e-5) }
    for (x, y) in zip(try with.schedule.noise(startingAt: start).values, noise.values) { #expect(abs(x - y) < 1e-6) }
    let root = ((4 + 0.0625) / 2.0).squareRoot()
    #expect(abs(with.schedule.moves[0].noise - root) < 1e-12)
  }

  @Test func lessonsStartAtTheSource() throws {
    var flow = Flow()
    (flow.sourceMean, flow.sourceScale) = (.each([3, -2]), .each([0.5, 1e-6]))
    var stream = RandomStream(seed: 2)
    let clean = Tensor.zeros([4000, 2])
    let target = try flow.lesson(clean, using: &stream).target  // 0 - start
    let mean = try target.mean(0).values
    #expect(abs(mean[0] + 3) < 0.05)
    #expect(abs(mean[1] - 2) < 1e-4)
    let spread = try target.select(1, 0).values.reduce(0) { $0 + ($1 + 3) * ($1 + 3) } / 4000
    #expect(abs(spread - 0.25) < 0.02)
  }

  /// Coupled pairs are shorter, and every noise is still used once.
  @Test func couplingShortens() throws {
    var stream = RandomStream(seed: 5)
    let clean = try Tensor.randn([64, 2], using: &stream)
    var flow = Flow()
    func length(_ coupling: Flow.Coupling) throws -> (Float, [Float]) {
      flow.coupling = coupling
      var stream = RandomStream(seed: 6)
      let target = try flow.lesson(clean, using: &stream).target
      return (try target.squared().mean().item(), try (clean - target).select(1, 0).values.sorted())
    }
    let (free, noises) = try length(.independent), (short, same) = try length(.ot)
    #expect(short < 0.4 * free)
    for (x, y) in zip(noises, same) { #expect(abs(x - y) < 1e-5) }
  }

  @Test func sourcesAreChecked() throws {
    var flow = Flow()
    flow.sourceMean = .each([1, 2, 3])
    #expect(throws: UsageError("source_mean wants a number, or one for each of the 2 of the noise, got 3")) { try policy(flow, FlowSampler()) }
    flow = Flow()
    flow.sourceScale = .each([1, 0])
    #expect(throws: UsageError("a flow process wants a finite source_mean and a positive source_scale, got 0.0 and [1.0, 0.0]")) { try flow.check() }
  }
}
