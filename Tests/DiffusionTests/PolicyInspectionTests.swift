import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// Inversion, Jacobians and traces of whole policies.
struct PolicyInspectionTests {
  private static let processes: [(Process, Sampler)] = {
    var leading = DDIM(), solver = DPMSolver(), edm = EDMSampler(), euler = FlowSampler(), heun = FlowSampler()
    (leading.steps, leading.clip) = (10, nil)
    solver.clip = nil
    (edm.steps, edm.sigmaMax, edm.finalClip) = (8, 10, nil)
    (euler.finalClip, heun.finalClip, heun.method) = (nil, nil, .heun)
    return [(.ddpm(DDPM()), .ddim(leading)), (.ddpm(DDPM()), .dpmSolver(solver)), (.edm(EDM()), .edm(edm)), (.flow(Flow()), .flow(euler)), (.flow(Flow()), .flow(heun))]
  }()

  /// Two modes of pairs of actions, one on either side, each a little wide, with units of their own.
  private func trained(_ process: Process, _ sampler: Sampler) throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 2)
    (network.hidden, network.activation) = ([64, 64, 64], .relu)
    var config = DiffusionPolicy.Config(network: network)
    config.process = process
    var stream = RandomStream(seed: 2, purpose: "init")
    let policy = try DiffusionPolicy(config, sampler: sampler, using: &stream)
    var actions: [Float] = []
    for _ in 0..<1000 {
      let side: Float = stream.uniform() < 0.5 ? -1 : 1
      actions += (0..<2).map { _ in side * 1.8 + 0.4 * Float(stream.normal()) }
    }
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize) = (40, 128)
    try policy.fit(
      ActionChunks(observations: .zeros([2000, 1]), actions: Tensor(actions, shape: [2000, 1]), starts: Array(stride(from: 0, to: 2000, by: 2)), horizon: 2), options)
    return policy
  }

  @Test(arguments: processes.indices) func trainedPoliciesAreInverted(_ index: Int) throws {
    let (process, sampler) = Self.processes[index]
    let policy = try trained(process, sampler)
    var stream = RandomStream(seed: 5)
    let observation = Tensor.zeros([20, 1]), noise = try Tensor.randn([20, 2], using: &stream)
    let action = try policy.decode(observation, noise: noise)
    func invert(_ method: Inversion.Method) throws -> Inverted {
      var options = Inversion()
      options.method = method
      return try policy.invert(observation, chunk: action, options)
    }
    let exact = try invert(.fixedPoint)
    #expect(exact.error.values.max() ?? 1 < 1e-3, "\(sampler.kind): \(exact.error.values)")
    #expect(exact.clipped.values.allSatisfy { $0 == 0 })
    let searched = try invert(.leastSquares)
    #expect(searched.error.values.max() ?? 1 < 1e-3, "\(sampler.kind): \(searched.error.values)")
    let rough = try invert(.ode)
    // Few steps of a coarse ddpm process are far from its differential equation.
    if case .ddpm = process {} else { #expect(rough.error.values.sorted()[10] < 0.15, "\(sampler.kind): \(rough.error.values)") }
    // What is said is what decoding gives, in [-1, 1].
    let again = try (policy.normalize(chunk: policy.decode(observation, noise: rough.noise)) - policy.normalize(chunk: action)).rowRMS()
    #expect(worst(again, rough.error) < 1e-4 * max(1, rough.error.values.max() ?? 1))
  }

  @Test func onlyDecodingIsEnough() throws {
    let policy = try trained(.flow(Flow()), .flow(FlowSampler()))
    let blind = try CustomPolicy(observationSize: 1, actionSize: 1, horizon: 2, latentSize: 2, low: [-4], high: [4]) { try policy.decode($0, noise: $1) }
    var stream = RandomStream(seed: 6)
    let observation = Tensor.zeros([10, 1]), noise = try Tensor.randn([10, 2], using: &stream)
    let action = try blind.decode(observation, noise: noise)
    #expect(worst(action, try policy.decode(observation, noise: noise)) < 1e-5)
    let found = try blind.invert(observation, chunk: action)
    #expect(found.error.values.count { $0 < 1e-3 } >= 9, "\(found.error.values)")
    let trace = try blind.trace(observation, noise: noise)
    #expect(trace.steps.isEmpty && trace.sampler == nil)
    var options = Inversion()
    options.method = .ode
    #expect(throws: UsageError("of this policy only decoding is known, so its noise is found by method 'least_squares' alone, got 'ode'")) {
      try blind.invert(observation, chunk: action, options)
    }
    // Far outside of what the policy makes, the error says by how much.
    let far = try blind.invert(.zeros([1, 1]), chunk: Tensor([40, 40], shape: [1, 2]))
    #expect(far.error.values[0] > 5)
  }

  /// tanh of a linear map: d action / d noise is known.
  @Test func jacobianOfAKnownMap() throws {
    let weight = try Tensor([0.5, -0.2, 0.1, 0.3, 0.8, -0.4], shape: [2, 3])
    let policy = try CustomPolicy(observationSize: 1, actionSize: 2, horizon: 1, latentSize: 3, low: [-3, 0], high: [3, 4]) { observation, noise in
      try (noise.matmul(weight.transposed()) + observation).tanh() * Tensor([3, 2]) + Tensor([0, 2])
    }
    let noise = try Tensor([0.3, -1, 0.5, 1.2, 0.1, -0.6], shape: [2, 3]), observation = try Tensor([0.2, -0.1], shape: [2, 1])
    let found = try policy.jacobian(observation, noise: noise)
    let inside = try (noise.matmul(weight.transposed()) + observation).tanh()
    let slopes = try (1 - inside.squared()) * Tensor([3, 2])
    let exact = try slopes.reshape([2, 2, 1]) * weight
    #expect(found.shape == [2, 2, 3])
    #expect(worst(found, exact) < 3e-4)
    #expect(throws: UsageError.self) { try policy.jacobian(observation, noise: noise, step: 0) }
  }

  /// Of a network's decoding, by walking the gradient back through every step.
  @Test func jacobianIsTheGradient() throws {
    var network = DiffusionMLP.Config(observationSize: 2, actionSize: 2, horizon: 2)
    (network.hidden, network.activation) = ([32, 32, 32], .mish)
    var stream = RandomStream(seed: 3)
    var sampler = DDIM()
    (sampler.steps, sampler.clip) = (5, nil)
    let policy = try DiffusionPolicy(.init(network: network), sampler: .ddim(sampler), using: &stream)
    let observation = try Tensor.randn([3, 2], using: &stream), noise = try Tensor.randn([3, 4], using: &stream)
    let found = try policy.jacobian(normalized: observation, noise: noise)
    let plan = policy.schedule
    for k in 0..<4 {
      let start = try noise.clone().trackGradient()
      let result = try plan.run(from: start) { x, i in try policy.epsilon(x, Float(plan.moves[i].time), observation) }
      try result.select(1, k).sum().backward()
      let exact = try #require(start.grad)
      #expect(worst(try found.select(1, k), exact) < 2e-3 * max(1, exact.values.map(abs).max() ?? 1))
    }
  }

  @Test(arguments: processes.indices) func tracesEndWhereDecodingDoes(_ index: Int) throws {
    let (process, sampler) = Self.processes[index]
    var stream = RandomStream(seed: 3)
    var config = DiffusionPolicy.Config(network: .init(observationSize: 2, actionSize: 2, horizon: 2))
    config.process = process
    let policy = try DiffusionPolicy(config, sampler: sampler, using: &stream)
    let observation = try Tensor.randn([3, 2], using: &stream), noise = try Tensor.randn([3, 4], using: &stream)
    let trace = try policy.trace(normalized: observation, noise: noise, by: sampler)
    let size = max(1, trace.result.values.map(abs).max() ?? 1)
    #expect(worst(trace.result, try policy.decode(normalized: observation, noise: noise)) < 1e-4 * size)
    #expect(trace.steps.count == policy.schedule.moves.count)
    #expect(worst(trace.steps[0].point, try policy.schedule.start(noise)) < 1e-5)
    let last = try #require(trace.steps.last { $0.begins })
    // The last step of a first-order sampler ends at what its network sees.
    if case .flow(let flow) = sampler, flow.method == .heun { return }
    #expect(worst(last.denoised, trace.result) < 1e-4 * size)
  }
}
