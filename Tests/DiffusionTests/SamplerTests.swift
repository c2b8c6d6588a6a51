import Glibc
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

  /// Samples of a plan that draws noise inside have the data's mean and deviation.
  private func expectMoments(_ plan: SamplingPlan) throws {
    #expect(!plan.isDeterministic)
    var stream = RandomStream(seed: 3)
    let start = try Tensor.randn([20000], using: &stream)
    let sample = try plan.run(from: start, inner: { try Tensor.randn([20000], using: &stream) }, network(plan)).values.map(Double.init)
    let mean = sample.reduce(0, +) / 20000
    let deviation = (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000).squareRoot()
    #expect(abs(mean - Self.mean) < 0.015)
    #expect(abs(deviation - Self.deviation) < 0.02)
  }

  @Test func ancestralSamplesHaveTheDatasMoments() throws {
    var process = DDPM(), sampler = AncestralSampler()
    (process.steps, sampler.clip) = (200, nil)
    try expectMoments(sampler.plan(for: process))
  }

  /// Churn puts back noise and takes it out again.
  @Test func churnKeepsTheMoments() throws {
    var sampler = EDMSampler()
    (sampler.steps, sampler.sigmaMax, sampler.sChurn, sampler.finalClip) = (60, 20, 20, nil)
    try expectMoments(sampler.plan(for: EDM()))
  }

  @Test func clippedEulerEndsAtTheClippedAction() throws {
    var sampler = FlowSampler()
    (sampler.steps, sampler.clip, sampler.finalClip) = (4, 0.2, nil)
    let plan = try sampler.plan(for: Flow())
    let sample = try plan.run(from: noise) { x, i in Tensor(x.values.map { Float(3 - Double($0)) / Float(1 - plan.moves[i].signal) }) }
    #expect(sample.values.allSatisfy { abs($0 - 0.2) < 1e-6 })
  }
}
