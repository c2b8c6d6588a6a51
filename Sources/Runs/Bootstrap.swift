import Tensors

/// How sure one may be of a number that was computed from runs: the runs of each task (stratum) are drawn again with replacement, many
/// times, and the number is computed again (Efron 1979; stratified as in Agarwal et al. 2021, section 4.1).
public struct Bootstrap: Sendable {
  public enum Method: String, CaseIterable, Sendable {
    case percentile
    /// Bias-corrected and accelerated (Efron 1987), the acceleration of several samples by their jackknives.
    case bca
  }

  public var method: Method
  public var confidence: Double
  public var resamples: Int

  public init(method: Method = .percentile, confidence: Double = 0.95, resamples: Int = 10000) throws {
    guard confidence > 0, confidence < 1 else { throw UsageError("a confidence lies between 0 and 1, got \(confidence)") }
    guard resamples > 0 else { throw UsageError("a bootstrap wants at least one resample, got \(resamples)") }
    (self.method, self.confidence, self.resamples) = (method, confidence, resamples)
  }

  /// An interval for each number that `statistic` computes from `strata`; it must give equally many every time.
  public func intervals(
    _ strata: [[Double]], using random: inout RandomStream, _ statistic: ([[Double]]) throws -> [Double]
  ) throws -> [ClosedRange<Double>] {
    guard !strata.isEmpty, strata.allSatisfy({ !$0.isEmpty }) else { throw UsageError("a bootstrap wants at least one number in every stratum, got \(strata.map(\.count))") }
    let observed = try statistic(strata)
    guard observed.allSatisfy(\.isFinite), strata.joined().allSatisfy(\.isFinite) else { throw UsageError("a bootstrap wants finite numbers") }
    var drawn = Array(repeating: [Double](), count: observed.count)
    var sample = strata
    for round in 0..<resamples {
      if round % 64 == 0 { try Interrupt.check() }
      for (stratum, values) in strata.enumerated() {
        for place in values.indices { sample[stratum][place] = values[random.integer(below: values.count)] }
      }
      for (number, value) in try statistic(sample).enumerated() { drawn[number].append(value) }
    }
    let accelerations = method == .bca ? try accelerations(strata, count: observed.count, statistic) : []
    return observed.indices.map { number in
      let sorted = drawn[number].sorted()
      var (low, high) = ((1 - confidence) / 2, (1 + confidence) / 2)
      if method == .bca { (low, high) = corrected(low, high, sorted, observed[number], accelerations[number]) }
      return Statistics.quantile(sorted: sorted, low)...Statistics.quantile(sorted: sorted, high)
    }
  }

  /// For one number.
  public func interval(_ strata: [[Double]], using random: inout RandomStream, _ statistic: ([[Double]]) throws -> Double) throws -> ClosedRange<Double> {
    try intervals(strata, using: &random) { [try statistic($0)] }[0]
  }

  /// The quantiles to take instead of `low` and `high`. A resample that equals the observed number counts half below it; where none or all
  /// lie below, half a resample does, so that the correction stays finite.
  private func corrected(_ low: Double, _ high: Double, _ sorted: [Double], _ observed: Double, _ acceleration: Double) -> (Double, Double) {
    let below = sorted.count { $0 < observed }
    let equal = sorted.count { $0 == observed }
    let share = (Double(below) + 0.5 * Double(equal)) / Double(sorted.count)
    let edge = 0.5 / Double(sorted.count)
    let bias = Normal.quantile(min(max(share, edge), 1 - edge))
    func moved(_ probability: Double) -> Double {
      let z = bias + Normal.quantile(probability)
      return Normal.cumulative(bias + z / (1 - acceleration * z))
    }
    return (moved(low), moved(high))
  }

  /// Of each number: a = Σⱼ Σᵢ Uᵢⱼ³/nⱼ³ / (6 (Σⱼ Σᵢ Uᵢⱼ²/nⱼ²)^{3/2}) with Uᵢⱼ = (nⱼ − 1)(mean of the jackknife of stratum j − its i-th value)
  /// (Davison and Hinkley 1997, section 5.3.2). A stratum of one run has no jackknife and adds nothing.
  private func accelerations(_ strata: [[Double]], count: Int, _ statistic: ([[Double]]) throws -> [Double]) throws -> [Double] {
    var cubes = Array(repeating: 0.0, count: count)
    var squares = cubes
    for (stratum, values) in strata.enumerated() where values.count > 1 {
      try Interrupt.check()
      let left = try values.indices.map { place in
        var sample = strata
        sample[stratum].remove(at: place)
        return try statistic(sample)
      }
      let n = Double(values.count)
      for number in 0..<count {
        let mean = left.map { $0[number] }.average
        for each in left {
          let u = (n - 1) * (mean - each[number]) / n
          squares[number] += u * u
          cubes[number] += u * u * u
        }
      }
    }
    return zip(cubes, squares).map { $1 > 0 ? $0 / (6 * $1 * $1.squareRoot()) : 0 }
  }
}
