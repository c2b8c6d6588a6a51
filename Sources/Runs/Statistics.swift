import Glibc
import Tensors

/// What a handful of numbers says, and how sure one may be of it.
public enum Statistics {
  public static func mean(_ values: [Double]) throws -> Double {
    try needSome(values)
    return values.reduce(0, +) / Double(values.count)
  }

  /// Of a sample: divides by n - 1. NaN for a single number.
  public static func standardDeviation(_ values: [Double]) throws -> Double {
    let mean = try mean(values)
    guard values.count > 1 else { return .nan }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  public static func median(_ values: [Double]) throws -> Double { try quantile(values, 0.5) }

  /// Between the two nearest values by a straight line (type 7 of Hyndman and Fan 1996, NumPy's default); `fraction` is 0 to 1.
  public static func quantile(_ values: [Double], _ fraction: Double) throws -> Double {
    try needSome(values)
    guard (0...1).contains(fraction) else { throw UsageError("a quantile's fraction is 0 to 1, got \(fraction)") }
    return quantile(sorted: values.sorted(), fraction)
  }

  /// The mean without the lowest and the highest quarter, each of ⌊n/4⌋ values (Agarwal et al. 2021, section 4.3).
  public static func interquartileMean(_ values: [Double]) throws -> Double {
    try needSome(values)
    let cut = values.count / 4
    return try mean(Array(values.sorted()[cut..<(values.count - cut)]))
  }

  /// Wilson's score interval for a rate (Wilson 1927): `successes` of `trials`.
  public static func wilsonInterval(successes: Int, trials: Int, confidence: Double = 0.95) throws -> ClosedRange<Double> {
    guard trials > 0, (0...trials).contains(successes) else { throw UsageError("a rate wants 0 to n successes of n > 0 trials, got \(successes) of \(trials)") }
    let z = try normalQuantile(confidence: confidence)
    let n = Double(trials)
    let rate = Double(successes) / n
    let centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    let spread = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, centre - spread)...min(1, centre + spread)
  }

  /// The percentile bootstrap's interval for the mean (Efron 1979): draws `values` again with replacement, `resamples` times.
  public static func bootstrapInterval(
    _ values: [Double], confidence: Double = 0.95, resamples: Int = 10000, using random: inout RandomStream
  ) throws -> ClosedRange<Double> {
    try needSome(values)
    guard confidence > 0, confidence < 1 else { throw UsageError("a confidence lies between 0 and 1, got \(confidence)") }
    guard resamples > 0 else { throw UsageError("a bootstrap wants at least one resample, got \(resamples)") }
    var means: [Double] = []
    for _ in 0..<resamples {
      var sum = 0.0
      for place in values.indices {
        if place % 65536 == 0 { try Interrupt.check() }
        sum += values[random.integer(below: values.count)]
      }
      means.append(sum / Double(values.count))
    }
    means.sort()
    return quantile(sorted: means, (1 - confidence) / 2)...quantile(sorted: means, (1 + confidence) / 2)
  }

  private static func quantile(sorted values: [Double], _ fraction: Double) -> Double {
    let place = fraction * Double(values.count - 1)
    let below = Int(place)
    let above = min(below + 1, values.count - 1)
    return values[below] + (place - Double(below)) * (values[above] - values[below])
  }

  /// z with P(|Z| < z) = confidence, by Newton's method, which comes from below without overshooting: the distribution is concave there.
  private static func normalQuantile(confidence: Double) throws -> Double {
    guard confidence > 0, confidence < 1 else { throw UsageError("a confidence lies between 0 and 1, got \(confidence)") }
    var z = 0.0
    for _ in 0..<100 {
      let step = (confidence - erf(z / 2.0.squareRoot())) / ((2 / Double.pi).squareRoot() * exp(-z * z / 2))
      z += step
      if abs(step) < 1e-14 * max(1, z) { break }
    }
    return z
  }

  private static func needSome(_ values: [Double]) throws {
    guard !values.isEmpty else { throw UsageError("a statistic wants at least one number, got none") }
    guard !values.contains(where: \.isNaN) else { throw UsageError("a statistic wants numbers, got a NaN among them") }
  }
}
