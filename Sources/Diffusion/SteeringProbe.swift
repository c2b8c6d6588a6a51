import Glibc
import Tensors

/// The noises of a steerability report, and what is read off their actions. Rows go observation by observation, `samples` each.
struct SteeringProbe {
  let policy: any BasePolicy
  /// Normalised, [n, observation].
  let observation: Tensor
  let samples: Int
  /// [n · samples, latent].
  let noise: Tensor
  let fresh: Tensor
  /// Chunks of `noise` in [-1, 1].
  let actions: [Float]
  private let repeated: Tensor

  init(_ policy: any BasePolicy, _ observation: Tensor, samples: Int, seed: Int) throws {
    (self.policy, self.observation, self.samples) = (policy, observation, samples)
    var stream = RandomStream(seed: seed, purpose: "steerability")
    let rows = observation.shape[0] * samples
    try Tensor.check([rows, max(policy.latentSize, policy.chunkSize)])
    noise = try Tensor.randn([rows, policy.latentSize], using: &stream)
    fresh = try Tensor.randn([rows, policy.latentSize], using: &stream)
    repeated = try observation.repeatingRows(samples)
    actions = try SteeringProbe.decode(policy, repeated, noise)
  }

  private var chunk: Int { policy.chunkSize }
  private var count: Int { observation.shape[0] }

  func decode(_ noise: Tensor) throws -> [Float] {
    try SteeringProbe.decode(policy, repeated, noise)
  }

  private static func decode(_ policy: any BasePolicy, _ observation: Tensor, _ noise: Tensor) throws -> [Float] {
    let chunks = try policy.decodeInParts(normalized: observation, noise: noise)
    guard chunks.isFinite().all() else { throw UsageError("this policy's actions are not all finite numbers, so nothing is to be said of its noise") }
    return chunks.values
  }

  /// `fresh` made as long as norm · √latent.
  func shell(_ norm: Double) throws -> Tensor {
    let length = try fresh.squared().mean(-1).sqrt().reshape([count * samples, 1])
    return try Float(norm) * (fresh / Tensor.maximum(length, .scalar(1e-12)))
  }

  /// Means at each observation and over its noises, [n][chunk].
  private func means(_ actions: [Float]) -> [[Double]] {
    (0..<count).map { i in
      var sums = [Double](repeating: 0, count: chunk)
      for row in i * samples..<(i + 1) * samples { for k in 0..<chunk { sums[k] += Double(actions[row * chunk + k]) } }
      return sums.map { $0 / Double(samples) }
    }
  }

  /// The variance of each number of a chunk under the noise, the mean over observations.
  func variances(_ actions: [Float]) -> [Double] {
    var sums = [Double](repeating: 0, count: chunk)
    for (i, mean) in means(actions).enumerated() {
      for row in i * samples..<(i + 1) * samples {
        for k in 0..<chunk {
          let rest = Double(actions[row * chunk + k]) - mean[k]
          sums[k] += rest * rest
        }
      }
    }
    return sums.map { $0 / Double(count * (samples - 1)) }
  }

  func spread(_ actions: [Float]) -> Double { (variances(actions).reduce(0, +) / Double(chunk)).squareRoot() }

  /// within / (within + between): the law of total variance, the noise's part of the means' variance taken off.
  func share(_ within: Double, _ actions: [Float]) -> Double? {
    let means = means(actions)
    var between = 0.0
    for k in 0..<chunk {
      let mean = means.reduce(0) { $0 + $1[k] } / Double(count)
      between += means.reduce(0) { $0 + ($1[k] - mean) * ($1[k] - mean) } / Double(count - 1)
    }
    between = max(0, between / Double(chunk) - within / Double(samples))
    return within + between > 0 ? within / (within + between) : 0
  }

  func saturation(_ actions: [Float]) -> Double { Double(actions.count { abs($0) >= 0.999 }) / Double(actions.count) }

  /// The actions where the noise of one action is that of every step; nil where the latent is no chunk of several actions.
  func tied() throws -> [Float]? {
    guard policy.horizon > 1, policy.latentSize == chunk else { return nil }
    return try decode(noise.narrow(1, 0, policy.actionSize).tile([1, policy.horizon]))
  }

  /// The mean, over at most 256 rows of each observation, of the distance to the nearest of the same observation's `actions`.
  func distance(_ others: [Float]) throws -> Double {
    var sum = 0.0
    let asked = min(samples, 256)
    for i in 0..<count {
      for row in i * samples..<i * samples + asked {
        try Interrupt.check()
        sum += nearest(others, row, among: i * samples..<(i + 1) * samples)
      }
    }
    return sum / Double(count * asked)
  }

  /// From row `row` of `others` to the nearest of those rows of `actions`: root of the mean square over the chunk.
  private func nearest(_ others: [Float], _ row: Int, among rows: Range<Int>) -> Double {
    let width = chunk
    var best = Float.infinity
    others.withUnsafeBufferPointer { others in
      actions.withUnsafeBufferPointer { actions in
        for candidate in rows {
          var sum: Float = 0
          for k in 0..<width {
            let rest = others[row * width + k] - actions[candidate * width + k]
            sum += rest * rest
          }
          best = min(best, sum)
        }
      }
    }
    return (Double(best) / Double(chunk)).squareRoot()
  }

  /// Distances of `expert`, [n, chunk], from the nearest of the first 1, 2, 4, ... samples: the mean over observations.
  func coverage(_ expert: Tensor) throws -> [(samples: Int, distance: Double)] {
    guard expert.shape[0] == count else { throw UsageError("as many actions as observations wanted, \(count), got \(expert.shape[0])") }
    let values = expert.values
    var sizes = Array(sequence(first: 1) { 2 * $0 <= samples ? 2 * $0 : nil })
    if sizes.last != samples { sizes.append(samples) }
    return sizes.map { size in
      let sum = (0..<count).reduce(0.0) { $0 + nearest(values, $1, among: $1 * samples..<$1 * samples + size) }
      return (size, sum / Double(count))
    }
  }

  /// Mean singular values of the Jacobian, falling, and mean effective rank, at up to four of the noises of each observation.
  func spectrum() throws -> (values: [Double], rank: Double) {
    let each = min(4, samples, max(1, 32768 / (2 * policy.latentSize * count)))
    let rows = (0..<count).flatMap { i in (0..<each).map { i * samples + $0 } }
    let values = try LinearAlgebra.svdvals(policy.jacobian(normalized: repeated.indexSelect(0, rows), noise: noise.indexSelect(0, rows)))
    let width = values.shape[1], numbers = values.values.map(Double.init)
    let means = (0..<width).map { k in rows.indices.reduce(0) { $0 + numbers[$1 * width + k] } / Double(rows.count) }
    let ranks = rows.indices.map { SteeringProbe.effectiveRank(Array(numbers[$0 * width..<($0 + 1) * width])) }
    return (means, ranks.reduce(0, +) / Double(rows.count))
  }

  /// 0 where there is nothing but what differences of rounded numbers leave.
  static func effectiveRank(_ values: [Double]) -> Double {
    let sum = values.reduce(0, +)
    guard sum > 1e-4 else { return 0 }
    return exp(values.reduce(0) { $1 > 0 ? $0 - $1 / sum * log($1 / sum) : $0 })
  }

  /// Half and twice the sampler's steps beside its own, as far as its process has them.
  func stepCounts() throws -> [Steerability.StepCount] {
    guard let policy = policy as? DiffusionPolicy, policy.schedule.isDeterministic else { return [] }
    return try policy.sampler.otherStepCounts(of: policy.config.process).map { steps, sampler in
      try Interrupt.check()
      let trace = try policy.trace(normalized: repeated, noise: noise, by: sampler)
      let found = trace.result.values
      let change = zip(found, actions).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(found.count)
      return .init(steps: steps, startSignal: trace.steps.first?.signal ?? 0, spread: spread(found), change: change.squareRoot())
    }
  }
}

extension Sampler {
  /// The same sampler with half, as many and twice the steps, times evenly spaced as it spaces them.
  func otherStepCounts(of process: Process) -> [(steps: Int, sampler: Sampler)] {
    func counts(_ own: Int, most: Int) -> [Int] { Set([max(1, own / 2), own, 2 * own].map { min($0, most) }).sorted() }
    switch (self, process) {
    case (.ddim(var sampler), .ddpm(let process)):
      return counts(sampler.times?.count ?? sampler.steps, most: process.steps).map { count in
        (sampler.steps, sampler.times) = (count, nil)
        return (count, .ddim(sampler))
      }
    case (.dpmSolver(var sampler), .ddpm(let process)):
      return counts(sampler.times?.count ?? sampler.steps, most: process.steps).map { count in
        (sampler.steps, sampler.times) = (count, nil)
        return (count, .dpmSolver(sampler))
      }
    case (.edm(var sampler), _):
      return counts(sampler.steps, most: 100_000).map { count in
        sampler.steps = count
        return (count, .edm(sampler))
      }
    case (.flow(var sampler), _):
      return counts(sampler.steps, most: 100_000).map { count in
        sampler.steps = count
        return (count, .flow(sampler))
      }
    default: return []
    }
  }
}
