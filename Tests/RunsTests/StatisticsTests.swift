import Tensors
import Testing

@testable import Runs

/// References: NumPy 2.4.6 and SciPy 1.17.1.
@Suite struct StatisticsTests {
  let values = [3.5, -1, 2, 8, 0.25, 4, 4, 19, 7, -6, 1.5]

  @Test func agreesWithNumPyAndSciPy() throws {
    #expect(abs(try Statistics.mean(values) - 3.840909090909091) < 1e-14)
    #expect(abs(try Statistics.standardDeviation(values) - 6.318893027335491) < 1e-14)
    #expect(try Statistics.median(values) == 3.5)
    #expect(abs(try Statistics.interquartileMean(values) - 3.1785714285714284) < 1e-14)  // scipy.stats.trim_mean(x, 0.25)
    #expect(try Statistics.quantile(values, 0.1) == -1)
    #expect(abs(try Statistics.quantile(values, 0.95) - 13.5) < 1e-13)
    #expect(try Statistics.standardDeviation([2]).isNaN && Statistics.median([2]) == 2 && Statistics.interquartileMean([2]) == 2)
  }

  /// scipy.stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
  @Test(arguments: [
    (0, 10, 0.95, 0.0, 0.27753279986288926), (7, 10, 0.95, 0.39677814746114526, 0.892208732593699),
    (50, 50, 0.99, 0.8828479082823721, 1.0), (19, 20, 0.8, 0.8467799153536959, 0.9849218034466161),
  ])
  func wilson(successes: Int, trials: Int, confidence: Double, low: Double, high: Double) throws {
    let interval = try Statistics.wilsonInterval(successes: successes, trials: trials, confidence: confidence)
    #expect(abs(interval.lowerBound - low) < 1e-12 && abs(interval.upperBound - high) < 1e-12)
  }

  /// The resampled mean is nearly normal: its interval is the mean and 1.96 of its own standard deviations.
  @Test func bootstrapOfManyValues() throws {
    var random = RandomStream(seed: 3)
    let many = (0..<400).map { _ in random.normal() * 2 + 5 }
    let interval = try Statistics.bootstrapInterval(many, using: &random)
    let mean = try Statistics.mean(many)
    let spread = try Statistics.standardDeviation(many) / 20 * 1.959964
    #expect(abs(interval.lowerBound - (mean - spread)) < 0.02 && abs(interval.upperBound - (mean + spread)) < 0.02)
  }

  @Test func bootstrapIsSeededAndKnowsConstants() throws {
    var (a, b) = (RandomStream(seed: 4), RandomStream(seed: 4))
    #expect(try Statistics.bootstrapInterval(values, using: &a) == Statistics.bootstrapInterval(values, using: &b))
    #expect(try Statistics.bootstrapInterval([2, 2, 2], using: &a) == 2...2)
  }

  @Test func saysWhatIsWrong() {
    var random = RandomStream(seed: 1)
    #expect(message { _ = try Statistics.mean([]) }.contains("at least one number"))
    #expect(message { _ = try Statistics.median([1, .nan]) }.contains("NaN"))
    #expect(message { _ = try Statistics.wilsonInterval(successes: 3, trials: 2) }.contains("got 3 of 2"))
    #expect(message { _ = try Statistics.bootstrapInterval([1], confidence: 1, using: &random) }.contains("got 1.0"))
  }
}
