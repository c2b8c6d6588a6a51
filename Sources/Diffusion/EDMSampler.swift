import Glibc
import Tensors

/// Karras et al. 2022, algorithm 2: x_0 = σ_max w, then Euler's or Heun's steps along falling σ. Without churn a deterministic map.
public struct EDMSampler: Codable, Equatable, Sendable {
  public enum Method: String, Codable, CaseIterable, Sendable { case heun, euler }

  public var method = Method.heun
  /// Levels of noise; heun evaluates the network 2 · steps - 1 times.
  public var steps = 18
  public var sigmaMin = 0.002
  public var sigmaMax = 80.0
  public var rho = 7.0
  /// How much noise is put back, in all; 0 for steering.
  public var sChurn = 0.0
  /// Noise is put back where s_tmin <= σ <= s_tmax.
  public var sTmin = 0.0
  public var sTmax = 1e9
  public var sNoise = 1.0
  /// The denoised sample is clipped to ±clip in every step; nil: not at all.
  public var clip: Double?
  public var finalClip: Double? = 1
  /// For a decoding with given initial noise the churn's noise is one and the same, drawn from `seed`; false: such a decoding is refused.
  public var frozen = true
  public var seed = 0

  public init() {}

  /// Equation 5: σ_0 ... σ_{N-1}, and 0.
  public var sigmas: [Double] {
    let (most, least) = (pow(sigmaMax, 1 / rho), pow(sigmaMin, 1 / rho))
    return (0..<steps).map { pow(most + (steps == 1 ? 0 : Double($0) / Double(steps - 1)) * (least - most), rho) } + [0]
  }

  func plan(for process: EDM) throws -> SamplingPlan {
    try process.check()
    try checkClips("edm", clip, finalClip)
    guard (1...100_000).contains(steps) else { throw UsageError("an edm sampler wants steps from 1 to 100000, got \(steps)") }
    guard sigmaMin > 0, sigmaMin <= sigmaMax, sigmaMax.isFinite, rho > 0, rho.isFinite else {
      throw UsageError("an edm sampler wants 0 < sigma_min <= sigma_max and a positive rho, got \(sigmaMin), \(sigmaMax) and \(rho)")
    }
    guard sChurn >= 0, sChurn.isFinite, sNoise >= 0, sNoise.isFinite else {
      throw UsageError("an edm sampler wants s_churn >= 0 and s_noise >= 0, got \(sChurn) and \(sNoise)")
    }
    let sigmas = sigmas
    func raised(_ i: Int) -> Double {
      guard i < steps, sChurn > 0, (sTmin...max(sTmin, sTmax)).contains(sigmas[i]) else { return sigmas[i] }
      return sigmas[i] * (1 + min(sChurn / Double(steps), 2.0.squareRoot() - 1))
    }
    /// Of the noise that is put in after the point at σ_i is reached.
    func spread(_ i: Int) -> Double { sNoise * max(0, raised(i) * raised(i) - sigmas[i] * sigmas[i]).squareRoot() }

    var moves: [SamplingPlan.Move] = []
    for i in 0..<steps {
      let (sigma, next) = (raised(i), sigmas[i + 1])
      let ratio = next / sigma, half = (next - sigma) / 2
      let single = method == .euler || next == 0
      moves.append(.init(process.level(sigma), clip: clip, keep: ratio, add: [1 - ratio], spread: single ? spread(i + 1) : 0, ends: single))
      guard !single else { continue }
      moves.append(.init(
        process.level(next), clip: clip, keep: ratio, add: [-half / next, -half / sigma + half * (1 - ratio) / next], spread: spread(i + 1)))
    }
    return SamplingPlan(moves: moves, scale: .all(sigmas[0]), spread: spread(0), finalClip: finalClip)
  }
}
