import Glibc
import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// From actions back to noise, against the exact denoiser of normal data, whose map is linear and known.
struct InversionTests {
  private let data = GaussianData()

  private static let chains: [(name: String, process: Process, sampler: Sampler)] = {
    var process = DDPM()
    process.steps = 20
    var leading = DDIM(), trailing = DDIM(), noisy = DDIM(), solver = DPMSolver(), ancestral = AncestralSampler()
    (leading.clip, trailing.clip, noisy.clip, solver.clip, ancestral.clip) = (nil, nil, nil, nil, nil)
    (trailing.spacing, trailing.steps) = (.trailing, 10)
    noisy.eta = 0.5
    var chains: [(String, Process, Sampler)] = [
      ("ddim leading", .ddpm(process), .ddim(leading)), ("ddim trailing", .ddpm(process), .ddim(trailing)), ("ddim eta", .ddpm(process), .ddim(noisy)),
      ("dpm_solver_pp", .ddpm(process), .dpmSolver(solver)), ("ddpm", .ddpm(process), .ddpm(ancestral)),
    ]
    for method in EDMSampler.Method.allCases {
      var sampler = EDMSampler()
      (sampler.method, sampler.steps, sampler.sigmaMax, sampler.finalClip) = (method, 10, 20, nil)
      if method == .euler { sampler.sChurn = 5 }
      chains.append(("edm \(method)", .edm(EDM()), .edm(sampler)))
    }
    for method in FlowSampler.Method.allCases {
      var sampler = FlowSampler(), flow = Flow()
      (sampler.method, sampler.steps, sampler.finalClip) = (method, 5, nil)
      flow.sourceMean = 0.2
      chains.append(("flow \(method)", .flow(flow), .flow(sampler)))
    }
    return chains
  }()

  /// Step by step the noise itself comes back, of any sampler, with the noise inside it frozen.
  @Test(arguments: chains.indices) func fixedPointFindsTheNoise(_ index: Int) throws {
    let (name, process, sampler) = Self.chains[index]
    let plan = try sampler.plan(for: process)
    var stream = RandomStream(seed: 4)
    let noise = try Tensor.randn([5, 3], using: &stream)
    let frozen = try sampler.frozenNoise(of: plan, latentSize: 3)
    func decode(_ noise: Tensor) throws -> Tensor {
      var drawn = 0
      return try plan.run(
        from: noise,
        inner: {
          defer { drawn += 1 }
          return frozen[drawn]
        }, data.network(plan))
    }
    let action = try decode(noise)
    let found = try plan.solvedBack(from: action, frozen: frozen, iterations: 60, tolerance: 1e-6, data.network(plan))
    #expect(worst(try decode(found), action) < 1e-5, "\(name)")
    #expect(worst(found, noise) < 2e-3, "\(name)")
  }

  /// The differential equation ends at the noise that the exact flow map came from, at the order of its method or better: some errors cancel here.
  @Test(arguments: [(FlowSampler.Method.euler, 2.0, 20), (.midpoint, 4, 10), (.heun, 4, 10), (.rk4, 16, 5)])
  func reversedFlowConverges(_ method: FlowSampler.Method, _ order: Double, _ steps: Int) throws {
    for direction in Flow.Direction.allCases {
      var process = Flow(), sampler = FlowSampler()
      (process.direction, sampler.method, sampler.finalClip) = (direction, method, nil)
      let noise = Tensor([-1.5, -0.4, 0.6, 1.8])
      let action = Float(data.deviation) * noise + Float(data.mean)
      func error(_ steps: Int) throws -> Double {
        sampler.steps = steps
        let back = try Sampler.flow(sampler).reversedPlan(for: .flow(process), steps: nil)
        return Double(worst(try back.run(from: action, data.network(back)), noise))
      }
      let ratio = try error(steps) / error(2 * steps)
      #expect(ratio > 0.7 * order, "\(method) \(direction): \(ratio)")
    }
  }

  @Test(arguments: [(EDMSampler.Method.euler, 2.0), (.heun, 4)]) func reversedEDMConverges(_ method: EDMSampler.Method, _ order: Double) throws {
    var sampler = EDMSampler()
    (sampler.method, sampler.sigmaMax, sampler.sigmaMin, sampler.finalClip) = (method, 10, 0.002, nil)
    let noise = Tensor([-1.5, -0.4, 0.6, 1.8])
    let shrink = data.deviation / (data.deviation * data.deviation + 100).squareRoot()
    let action = Float(shrink) * (10 * noise - Float(data.mean)) + Float(data.mean)
    func error(_ steps: Int) throws -> Double {
      let back = try Sampler.edm(sampler).reversedPlan(for: .edm(EDM()), steps: steps)
      return Double(worst(try back.run(from: action, data.network(back)) / 10, noise))
    }
    let ratio = try error(20) / error(40)
    #expect(ratio > 0.7 * order && ratio < 1.5 * order, "\(method): \(ratio)")
  }

  /// DDIM's inversion, over more and more of a fine process's times.
  @Test func reversedDDIMConverges() throws {
    var process = DDPM(), sampler = DDIM()
    (process.steps, process.schedule, sampler.times, sampler.clip) = (1001, .linear, [1000, 500, 0], nil)
    let bars = process.alphaBars, (first, last) = (bars[1000], bars[0])
    let variance = data.deviation * data.deviation
    func spread(_ bar: Double) -> Double { (bar * variance + 1 - bar).squareRoot() }
    let noise = Tensor([-1.5, -0.4, 0.6, 1.8])
    // The exact flow to the lowest level, and the sample seen there.
    let action = Tensor(noise.values.map { w in
      let low = last.squareRoot() * data.mean + spread(last) / spread(first) * (Double(w) - first.squareRoot() * data.mean)
      return Float(data.mean + variance * last.squareRoot() / (last * variance + 1 - last) * (low - last.squareRoot() * data.mean))
    })
    func error(_ steps: Int) throws -> Double {
      let back = try Sampler.ddim(sampler).reversedPlan(for: .ddpm(process), steps: steps)
      return Double(worst(try back.run(from: action, data.network(back)), noise))
    }
    let ratio = try error(51) / error(101)
    #expect(ratio > 1.6 && ratio < 2.6, "\(ratio)")
    #expect(throws: UsageError.self) { try Sampler.ddim(sampler).reversedPlan(for: .ddpm(process), steps: 1002) }
  }

  /// A clipped sampler reaches its bound from many noises and nothing past it: one of them is found, and what lies past is said.
  @Test func clippingIsReported() throws {
    var process = DDPM(), sampler = DDIM()
    process.steps = 20
    (sampler.clip, sampler.finalClip) = (0.6, nil)
    let plan = try sampler.plan(for: process)
    #expect(plan.resultBound == 0.6)
    let target = try Tensor([0.2, 0.6, 0.9, -0.1], shape: [2, 2])
    let found = try plan.solvedBack(from: target, frozen: [], iterations: 60, tolerance: 1e-6, data.network(plan))
    #expect(worst(try plan.run(from: found, data.network(plan)), target.clamp(-0.6, 0.6)) < 1e-5)
  }
}
