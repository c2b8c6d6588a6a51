import LuaBridge
import Runs
import Tensors

// dsrl.stats: what a handful of results says, and how sure one may be of it.
extension Session {
  func installStatistics() {
    lua.module("dsrl.stats", doc: "What a handful of numbers says, and how sure one may be of it.") {
      $0.function("mean", "(values: number[] | Tensor) -> number", "The mean.") { (x: Numbers) in try Statistics.mean(x.values) }
      $0.function("std", "(values: number[] | Tensor) -> number", "The standard deviation of a sample (divides by n - 1); NaN for one number.") {
        (x: Numbers) in try Statistics.standardDeviation(x.values)
      }
      $0.function("median", "(values: number[] | Tensor) -> number", "The median.") { (x: Numbers) in try Statistics.median(x.values) }
      $0.function("quantile", "(values: number[] | Tensor, fraction: number) -> number", "Between the nearest values by a straight line, as NumPy's.") {
        (x: Numbers, fraction: Double) in try Statistics.quantile(x.values, fraction)
      }
      $0.function("iqm", "(values: number[] | Tensor) -> number", "The mean without the lowest and the highest quarter (Agarwal et al. 2021).") {
        (x: Numbers) in try Statistics.interquartileMean(x.values)
      }
      $0.function(
        "bootstrap", "(values: number[] | Tensor, options?: {confidence: number?, resamples: integer?, seed: integer?}) -> number[]",
        "{low, high}: the percentile bootstrap's interval for the mean. confidence (0.95), resamples (10000), seed (0)."
      ) { (x: Numbers, options: LuaTable?) throws -> [Double] in
        var options = options ?? LuaTable()
        let confidence: Double = try options.takeOptional("confidence") ?? 0.95
        let resamples: Int = try options.takeOptional("resamples") ?? 10000
        let seed: Int = try options.takeOptional("seed") ?? 0
        try options.finish()
        var random = RandomStream(seed: seed, purpose: "bootstrap")
        let interval = try Statistics.bootstrapInterval(x.values, confidence: confidence, resamples: resamples, using: &random)
        return [interval.lowerBound, interval.upperBound]
      }
      $0.function(
        "wilson", "(successes: integer, trials: integer, options?: {confidence: number?}) -> number[]", "{low, high}: Wilson's score interval for a rate of success. confidence (0.95)."
      ) { (successes: Int, trials: Int, options: LuaTable?) throws -> [Double] in
        var options = options ?? LuaTable()
        let confidence: Double = try options.takeOptional("confidence") ?? 0.95
        try options.finish()
        let interval = try Statistics.wilsonInterval(successes: successes, trials: trials, confidence: confidence)
        return [interval.lowerBound, interval.upperBound]
      }
    }
  }
}
