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
    guard confidence > 0, confidence < 1 else { throw UsageError("a confidence lies between 0 and 1, got \(confidence)") }
    let z = Normal.twoSided(confidence)
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
    return try Bootstrap(confidence: confidence, resamples: resamples).interval([values], using: &random) { $0[0].average }
  }

  /// `values` in rising order, not empty.
  static func quantile(sorted values: [Double], _ fraction: Double) -> Double {
    let place = fraction * Double(values.count - 1)
    let below = Int(place)
    let above = min(below + 1, values.count - 1)
    return values[below] + (place - Double(below)) * (values[above] - values[below])
  }

  private static func needSome(_ values: [Double]) throws {
    guard !values.isEmpty else { throw UsageError("a statistic wants at least one number, got none") }
    guard !values.contains(where: \.isNaN) else { throw UsageError("a statistic wants numbers, got a NaN among them") }
  }
}
