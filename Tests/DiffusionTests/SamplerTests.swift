import Files
import Glibc
import NeuralNets
import Testing
import Tensors

@testable import Diffusion

/// Samplers against closed forms: data ~ N(mean, deviation²), or a mixture of two, for which the denoiser and the flow map are known.
struct SamplerOrderTests {
  private static let (mean, deviation) = (0.3, 0.5)
  private let noise = Tensor([-1.5, -0.4, 0.6, 1.8])

  /// E[x_0 | x] at x = signal x_0 + noise ε.
  private func denoised(_ x: Double, _ move: SamplingPlan.Move) -> Double {
    let (m, v, a, s) = (Self.mean, Self.deviation * Self.deviation, move.signal, move.noise)
    return m + v * a / (a * a * v + s * s) * (x - a * m)
  }

  /// What a perfect network says where the value is the denoised sample.
  private func network(_ plan: SamplingPlan) -> (Tensor, Int) throws -> Tensor {
    { x, i in
      let move = plan.moves[i]
      return Tensor(x.values.map { scaled in
        let z = Double(scaled) / move.inputScale
        return Float((self.denoised(z, move) - move.skip * z) / move.out)
      })
    }
  }

  /// Two modes of unequal weight: nothing cancels by symmetry.
  private static let modes: [(weight: Double, mean: Double, deviation: Double)] = [(0.3, -0.8, 0.3), (0.7, 0.5, 0.4)]

  /// The velocity E[a - w | x] along straight paths to the two modes.
  private func velocity(_ plan: SamplingPlan) -> (Tensor, Int) throws -> Tensor {
    { x, i in
      let t = plan.moves[i].signal
      return Tensor(x.values.map { x in
        var (whole, sum) = (0.0, 0.0)
        for mode in Self.modes {
          let spread = (1 - t) * (1 - t) + t * t * mode.deviation * mode.deviation, rest = Double(x) - t * mode.mean
          let share = mode.weight * exp(-rest * rest / (2 * spread)) / spread.squareRoot()
          whole += share
          sum += share * (mode.mean + (t * mode.deviation * mode.deviation - (1 - t)) / spread * rest)
        }
        return Float(plan.moves[i].out * sum / whole)
      })
    }
  }

  /// In one dimension the flow keeps the order, so it takes each quantile of the noise to the same quantile of the data.
  private func quantile(_ w: Double) -> Double {
    func below(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
    var (low, high) = (-5.0, 5.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      let share = Self.modes.reduce(0) { $0 + $1.weight * below((middle - $1.mean) / $1.deviation) }
      if share < below(w) { low = middle } else { high = middle }
    }
    return low
  }

  private func worst(_ sample: Tensor, _ exact: (Double) -> Double) -> Double {
    zip(sample.values, noise.values).map { abs(Double($0) - exact(Double($1))) }.max() ?? .infinity
  }

  @Test(arguments: [(FlowSampler.Method.euler, 2.0, 20), (.midpoint, 4, 10), (.heun, 4, 20), (.rk4, 16, 8)])
  func flowConverges(_ method: FlowSampler.Method, _ order: Double, _ steps: Int) throws {
    for direction in Flow.Direction.allCases {
      var process = Flow(), sampler = FlowSampler()
      (process.direction, sampler.method, sampler.finalClip) = (direction, method, nil)
      func error(_ steps: Int) throws -> Double {
        sampler.steps = steps
        let plan = try sampler.plan(for: process)
        return try worst(plan.run(from: noise, velocity(plan)), quantile)
      }
      let ratio = try error(steps) / error(2 * steps)
      #expect(ratio > 0.75 * order && ratio < 1.4 * order, "\(method) \(direction): \(ratio)")
    }
  }

  @Test(arguments: [(EDMSampler.Method.euler, 2.0), (.heun, 4)]) func edmConverges(_ method: EDMSampler.Method, _ order: Double) throws {
    var sampler = EDMSampler()
    (sampler.method, sampler.sigmaMax, sampler.finalClip) = (method, 10, nil)
    let shrink = Self.deviation / (Self.deviation * Self.deviation + 100).squareRoot()
    func error(_ steps: Int) throws -> Double {
      sampler.steps = steps
      let plan = try sampler.plan(for: EDM())
      return try worst(plan.run(from: noise, network(plan))) { Self.mean + shrink * (10 * $0 - Self.mean) }
    }
    let ratio = try error(20) / error(40)
    #expect(ratio > 0.8 * order && ratio < 1.3 * order, "\(method): \(ratio)")
  }

  @Test func ddimAndDPMSolverConverge() throws {
    var process = DDPM()
    (process.steps, process.schedule) = (1001, .linear)
    func error(_ plan: SamplingPlan) throws -> Double {
      guard let first = plan.moves.first, let last = plan.moves.last else { return .infinity }
      func spread(_ move: SamplingPlan.Move) -> Double {
        (move.signal * move.signal * Self.deviation * Self.deviation + move.noise * move.noise).squareRoot()
      }
      return try worst(plan.run(from: noise, network(plan))) { w in
        self.denoised(last.signal * Self.mean + spread(last) / spread(first) * (w - first.signal * Self.mean), last)
      }
    }
    func ratio(_ plan: ([Int]) throws -> SamplingPlan) throws -> Double {
      func times(_ gap: Int) -> [Int] { Array(stride(from: 1000, through: 0, by: -gap)) }
      return try error(plan(times(20))) / error(plan(times(10)))
    }
    let first = try ratio { times in
      var sampler = DDIM()
      (sampler.times, sampler.clip) = (times, nil)
      return try sampler.plan(for: process)
    }
    #expect(first > 1.6 && first < 2.6, "ddim: \(first)")
    let second = try ratio { times in
      var sampler = DPMSolver()
      (sampler.times, sampler.clip) = (times, nil)
      return try sampler.plan(for: process)
    }
    #expect(second > 3 && second < 5.5, "dpm_solver_pp: \(second)")
  }

  /// With its noise the ancestral sampler gives the data's mean and deviation.
  @Test func ancestralSamplesHaveTheDatasMoments() throws {
    var process = DDPM(), sampler = AncestralSampler()
    (process.steps, sampler.clip) = (200, nil)
    var stream = RandomStream(seed: 3)
    let plan = try sampler.plan(for: process)
    #expect(!plan.isDeterministic)
    let start = try Tensor.randn([20000], using: &stream)
    let sample = try plan.run(from: start, inner: { try Tensor.randn([20000], using: &stream) }, network(plan)).values.map(Double.init)
    let mean = sample.reduce(0, +) / 20000
    let deviation = (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000).squareRoot()
    #expect(abs(mean - Self.mean) < 0.015)
    #expect(abs(deviation - Self.deviation) < 0.02)
  }

  /// Churn puts back noise and takes it out again: the moments stay.
  @Test func churnKeepsTheMoments() throws {
    var sampler = EDMSampler()
    (sampler.steps, sampler.sigmaMax, sampler.sChurn, sampler.finalClip) = (60, 20, 20, nil)
    let plan = try sampler.plan(for: EDM())
    #expect(!plan.isDeterministic)
    var stream = RandomStream(seed: 3)
    let start = try Tensor.randn([20000], using: &stream)
    let sample = try plan.run(from: start, inner: { try Tensor.randn([20000], using: &stream) }, network(plan)).values.map(Double.init)
    let mean = sample.reduce(0, +) / 20000
    let deviation = (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000).squareRoot()
    #expect(abs(mean - Self.mean) < 0.015)
    #expect(abs(deviation - Self.deviation) < 0.02)
  }

  @Test func clippedEulerEndsAtTheClippedAction() throws {
    var sampler = FlowSampler()
    (sampler.steps, sampler.clip, sampler.finalClip) = (4, 0.2, nil)
    let plan = try sampler.plan(for: Flow())
    let sample = try plan.run(from: noise) { x, i in Tensor(x.values.map { Float(3 - Double($0)) / Float(1 - plan.moves[i].signal) }) }
    #expect(sample.values.allSatisfy { abs($0 - 0.2) < 1e-6 })
  }
}

/// Against stored vectors of diffusers (scripts/fixtures/diffusers_schedules.py).
struct DiffusersTests {
  private struct Chain: Codable {
    var sampler, schedule, prediction, spacing: String
    var steps: Int
    var clip: Bool
    var eta: Double
    var times: [Int]
    var result: [Double]
  }
  private struct Fixture: Codable {
    var version: String
    var inner: Double
    var start: [Double]
    var schedules: [String: [Double]]
    var chains: [Chain]
  }

  private func fixture() throws -> Fixture {
    let here = #filePath.split(separator: "/").dropLast(1).joined(separator: "/")
    let bytes = try readBytes("/\(here)/Fixtures/diffusers.json")
    return try JSON.decode(Fixture.self, from: bytes, source: "diffusers.json")
  }

  private func process(_ schedule: String, _ prediction: String) throws -> DDPM {
    var process = DDPM()
    process.steps = 100
    process.schedule = try #require(DDPM.Schedule(rawValue: schedule))
    process.prediction = try #require(DDPM.Prediction(rawValue: prediction))
    if schedule == "scaled_linear" { (process.betaStart, process.betaEnd) = (1e-3, 0.05) }
    return process
  }

  @Test func schedulesAgree() throws {
    for (name, expected) in try fixture().schedules {
      let ours = try process(name, "epsilon").alphaBars
      #expect(ours.count == expected.count)
      for (x, y) in zip(ours, expected) { #expect(abs(x - y) < 2e-6 * max(1, abs(y)), "\(name)") }
    }
  }

  @Test func chainsAgree() throws {
    let fixture = try fixture()
    #expect(fixture.chains.count == 38)
    for chain in fixture.chains {
      let process = try process(chain.schedule, chain.prediction)
      let spacing = try #require(TimeSpacing.Name(rawValue: chain.spacing))
      let plan: SamplingPlan
      if chain.sampler == "ddim" {
        var sampler = DDIM()
        (sampler.steps, sampler.spacing, sampler.eta, sampler.clip) = (chain.steps, spacing, chain.eta, chain.clip ? 1 : nil)
        plan = try sampler.plan(for: process)
      } else {
        var sampler = AncestralSampler()
        (sampler.steps, sampler.spacing, sampler.clip) = (chain.steps, spacing, chain.clip ? 1 : nil)
        plan = try sampler.plan(for: process)
      }
      #expect(plan.moves.map(\.time) == chain.times.map(Double.init))
      let start = Tensor(fixture.start.map(Float.init))
      let inner = Tensor([Float](repeating: Float(fixture.inner), count: 8))
      let ours = try plan.run(from: start, inner: { inner }) { x, i in
        Tensor(x.values.map { 0.8 * tanhf($0 + Float(plan.moves[i].time) / 100) })
      }
      for (x, y) in zip(ours.values, chain.result) {
        #expect(abs(Double(x) - y) < 2e-4 * max(1, abs(y)), "\(chain.sampler) \(chain.schedule) \(chain.prediction) \(chain.spacing) eta \(chain.eta)")
      }
    }
  }
}

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
