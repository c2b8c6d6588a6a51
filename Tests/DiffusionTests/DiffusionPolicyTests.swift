import NeuralNets
import Testing
import Tensors

@testable import Diffusion

struct DiffusionPolicyTests {
  /// Steps of one: the observation is the side, the action is 0.6 on that side plus a little noise, scaled to [-3, 3].
  private func chunks(_ count: Int, side: (inout RandomStream) -> Float) throws -> ActionChunks {
    var stream = RandomStream(seed: 5, purpose: "data")
    var (observations, actions): ([Float], [Float]) = ([], [])
    for _ in 0..<count {
      let s = side(&stream)
      observations.append(0.1 * Float(stream.normal()))
      actions.append(3 * s * 0.6 + 0.1 * Float(stream.normal()))
    }
    return try ActionChunks(
      observations: Tensor(observations, shape: [count, 1]), actions: Tensor(actions, shape: [count, 1]), starts: Array(0..<count), horizon: 1)
  }

  private func policy() throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 1)
    (network.hidden, network.activation) = ([64, 64, 64], .relu)
    var stream = RandomStream(seed: 2, purpose: "init")
    return try DiffusionPolicy(.init(network: network), using: &stream)
  }

  @Test func learnsBothModesOfTheDataAndTheNoiseChooses() throws {
    let policy = try policy()
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize) = (60, 128)
    var sampler = DDIM()
    sampler.steps = 20
    try policy.setSampler(.ddim(sampler))
    var losses: [Float] = []
    try policy.fit(chunks(2000) { $0.uniform() < 0.5 ? -1 : 1 }, options) { losses.append($0.loss) }
    #expect(losses.count == 60)
    #expect(losses[59] < 0.6 * losses[0])

    var stream = RandomStream(seed: 9)
    let noise = try Tensor.randn([1000, 1], using: &stream)
    let observation = Tensor.zeros([1000, 1])
    let actions = try policy.decode(observation, noise: noise).values
    let right = Double(actions.filter { $0 > 0 }.count) / 1000
    #expect(abs(right - 0.5) < 0.08)
    let close = actions.filter { abs(abs($0) - 1.8) < 0.5 }.count
    #expect(close > 930)  // a Gaussian of the same mean and variance would have about half of them there
    let sides = zip(noise.values, actions).filter { ($0 > 0) == ($1 > 0) }.count
    #expect(sides < 100 || sides > 900)  // in one dimension the map is monotone
  }

  @Test func aNetworkWithoutPackedFormDecodesAlike() throws {
    var network = DiffusionMLP.Config(observationSize: 3, actionSize: 2, horizon: 4)
    (network.hidden, network.activation, network.kind) = ([32, 32], .tanh, .mlp)
    var stream = RandomStream(seed: 2)
    let policy = try DiffusionPolicy(.init(network: network), using: &stream)
    let observation = try Tensor.randn([5, 3], using: &stream), noise = try Tensor.randn([5, 8], using: &stream)
    let chunk = try policy.decode(normalized: observation, noise: noise)
    #expect(chunk.shape == [5, 8])
    #expect(!chunk.requiresGrad)
    #expect(chunk.values.allSatisfy { abs($0) <= 1 })
    #expect(throws: UsageError.self) { try policy.setPrecision(.bfloat16) }
    #expect(policy.precision == .float32)
  }

  @Test func aReportThatThrowsEndsTrainingWithAUsablePolicy() throws {
    struct Stop: Error {}
    let policy = try policy()
    let data = try chunks(400) { _ in 1 }
    #expect(throws: Stop.self) { try policy.fit(data) { if $0.number == 2 { throw Stop() } } }
    #expect(try policy.decode(.zeros([1, 1]), noise: .zeros([1, 1])).shape == [1, 1, 1])
  }

  @Test func mistakesAreNamed() throws {
    let policy = try policy()
    #expect(throws: UsageError("this policy has no normalisation yet: fit it to data, or load one")) {
      try policy.decode(.zeros([1, 1]), noise: .zeros([1, 1]))
    }
    #expect(throws: UsageError("this policy wants noise of shape [2, 1], got [2, 3]")) {
      try policy.decode(normalized: .zeros([2, 1]), noise: .zeros([2, 3]))
    }
    #expect(throws: UsageError("this policy wants observations of shape [n, 1], got [2, 4]")) {
      try policy.decode(normalized: .zeros([2, 4]), noise: .zeros([2, 1]))
    }
    #expect(throws: UsageError.self) { try Normalizer(minimum: Tensor([0, .nan]), maximum: Tensor([1, 1])) }
    #expect(throws: UsageError.self) { try ActionChunks(observations: .zeros([4, 1]), actions: .zeros([4, 1]), starts: [], horizon: 4) }
  }

  @Test func normalisationIsMinMax() throws {
    let normalizer = try Normalizer(fitting: Tensor([0, 10, 2, 30, 1, 20], shape: [3, 2]))
    let scaled = try normalizer.normalize(Tensor([0, 10, 2, 30, 1, 20], shape: [3, 2])).values
    for (x, y) in zip(scaled, [-1, -1, 1, 1, 0, 0] as [Float]) { #expect(abs(x - y) < 1e-5) }
    let back = try normalizer.denormalize(Tensor([-1, 1], shape: [1, 2])).values
    #expect(back == [0, 30])
  }
}

struct PolicyFileTests {
  @Test func aSavedPolicyDecodesTheSame() throws {
    let folder = "/tmp/dsrl-lua-policy-\(UInt64.random(in: 0...UInt64.max))"
    var network = DiffusionMLP.Config(observationSize: 3, actionSize: 2, horizon: 4)
    network.hidden = [32, 32, 32]
    var stream = RandomStream(seed: 2)
    let policy = try DiffusionPolicy(.init(network: network), using: &stream)
    #expect(throws: UsageError.self) { try policy.save(to: folder) }
    try policy.setNormalization(
      observation: Normalizer(minimum: Tensor([-1, 0, 2]), maximum: Tensor([1, 5, 2])), action: Normalizer(minimum: Tensor([-2, -1]), maximum: Tensor([2, 0])))
    var sampler = DDIM()
    (sampler.steps, sampler.clip) = (4, nil)
    try policy.setSampler(.ddim(sampler))
    try policy.save(to: folder)

    let read = try DiffusionPolicy.load(from: folder)
    #expect(read.sampler == .ddim(sampler))
    let observation = try Tensor.randn([5, 3], using: &stream), noise = try Tensor.randn([5, 8], using: &stream)
    #expect(try read.decode(observation, noise: noise).values == policy.decode(observation, noise: noise).values)
    #expect(throws: UsageError.self) { try DiffusionPolicy.load(from: folder + "-elsewhere") }
  }
}
