import NeuralNets
import Testing
import Tensors

@testable import Diffusion

/// Policies of the other processes learn, decode and are saved like those of ddpm.
struct ProcessTests {
  private static let processes: [Process] = {
    var v = DDPM(), sample = DDPM()
    (v.prediction, v.minSnr, sample.prediction) = (.v, 5, .sample)
    var reversed = Flow()
    (reversed.direction, reversed.timeLaw) = (.toNoise, .beta)
    var logit = Flow()
    logit.timeLaw = .logitNormal
    return [.ddpm(v), .ddpm(sample), .edm(EDM()), .flow(Flow()), .flow(reversed), .flow(logit)]
  }()

  @Test(arguments: processes.indices) func learnsTwoModes(_ index: Int) throws {
    let process = Self.processes[index]
    var network = DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 1)
    (network.hidden, network.activation) = ([64, 64, 64], .relu)
    var config = DiffusionPolicy.Config(network: network)
    config.process = process
    var stream = RandomStream(seed: 2, purpose: "init")
    let policy = try DiffusionPolicy(config, using: &stream)
    var actions: [Float] = []
    for _ in 0..<2000 { actions.append((stream.uniform() < 0.5 ? -1 : 1) * 1.8 + 0.1 * Float(stream.normal())) }
    let data = try ActionChunks(observations: .zeros([2000, 1]), actions: Tensor(actions, shape: [2000, 1]), starts: Array(0..<2000), horizon: 1)
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize) = (60, 128)
    if case .ddpm = process {
      var sampler = DDIM()
      sampler.steps = 20
      try policy.setSampler(.ddim(sampler))
    }
    try policy.fit(data, options)

    let noise = try Tensor.randn([1000, 1], using: &stream)
    let decoded = try policy.decode(.zeros([1000, 1]), noise: noise)
    let right = Double(decoded.values.filter { $0 > 0 }.count) / 1000
    #expect(abs(right - 0.5) < 0.12, "\(process)")
    #expect(decoded.values.filter { abs(abs($0) - 1.8) < 0.5 }.count > 850, "\(process)")
    #expect(try policy.decode(.zeros([1000, 1]), noise: noise).values == decoded.values)

    let start = noise, plan = policy.schedule
    let plain = try Tensor.withoutGrad {
      try plan.run(from: start) { x, i in try policy.epsilon(x, Float(plan.moves[i].time), policy.normalize(.zeros([1000, 1]))) }
    }
    let packed = try policy.decode(normalized: policy.normalize(.zeros([1000, 1])), noise: noise)
    for (x, y) in zip(plain.values, packed.values) { #expect(abs(x - y) < 2e-4) }

    let folder = "/tmp/dsrl-lua-process-\(UInt64.random(in: 0...UInt64.max))"
    try policy.save(to: folder)
    let read = try DiffusionPolicy.load(from: folder)
    #expect(read.config == policy.config)
    #expect(read.sampler == policy.sampler)
    #expect(try read.decode(.zeros([1000, 1]), noise: noise).values == decoded.values)
  }

  @Test func frozenInnerNoiseMakesDecodingAMap() throws {
    var stream = RandomStream(seed: 2)
    let policy = try DiffusionPolicy(.init(network: .init(observationSize: 1, actionSize: 2, horizon: 2)), sampler: .ddpm(AncestralSampler()), using: &stream)
    let observation = Tensor.zeros([3, 1]), noise = try Tensor.randn([3, 4], using: &stream)
    let first = try policy.decode(normalized: observation, noise: noise).values
    #expect(try policy.decode(normalized: observation, noise: noise).values == first)
    let fresh = try policy.decode(normalized: observation, noise: noise, using: &stream).values
    #expect(fresh != first)
    #expect(try policy.decode(normalized: observation, noise: noise, using: &stream).values != fresh)
    var refusing = AncestralSampler()
    refusing.frozen = false
    try policy.setSampler(.ddpm(refusing))
    #expect(throws: UsageError.self) { try policy.decode(normalized: observation, noise: noise) }
    #expect(throws: UsageError.self) { try policy.setSampler(.flow(FlowSampler())) }
  }
}
