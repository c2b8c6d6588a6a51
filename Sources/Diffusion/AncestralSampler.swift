import Tensors

/// Ho et al. 2020: the posterior's mean and noise in each step, at the process's own times or at fewer of them.
public struct AncestralSampler: Codable, Equatable, Sendable {
  /// nil: all of the process's.
  public var steps: Int?
  public var spacing = TimeSpacing.Name.leading
  /// The times themselves, falling, instead of steps and spacing.
  public var times: [Int]?
  /// The denoised sample is clipped to ±clip in every step; nil: not at all.
  public var clip: Double? = 1
  public var finalClip: Double?
  /// The least standard deviation of a step's noise but the last one's, which has none; DPPO's is 1e-3.
  public var minStd = 0.0
  /// The noise of each step is clipped to ±noise_clip standard deviations; DPPO's is 10.
  public var noiseClip: Double?
  /// For a decoding with given initial noise the inner noise is one and the same, drawn from `seed`; false: such a decoding is refused.
  public var frozen = true
  public var seed = 0

  public init() {}

  /// Equations 6 and 7, from each time in the list to the next.
  func plan(for process: DDPM) throws -> SamplingPlan {
    try checkClips("ddpm", clip, finalClip)
    guard minStd >= 0, minStd.isFinite else { throw UsageError("a ddpm sampler wants min_std >= 0, got \(minStd)") }
    if let noiseClip, !(noiseClip > 0) { throw UsageError("a ddpm sampler wants a positive noise_clip, got \(noiseClip)") }
    let times = try TimeSpacing.times("ddpm", steps ?? process.steps, spacing, times, of: process)
    let alphaBars = process.alphaBars
    let moves = times.indices.map { i in
      let last = i + 1 == times.count
      let alpha = alphaBars[times[i]], previous = last ? 1 : alphaBars[times[i + 1]]
      let kept = alpha / previous
      let variance = (1 - previous) / (1 - alpha) * (1 - kept)
      return SamplingPlan.Move(
        process.level(times[i], alpha), clip: clip, keep: kept.squareRoot() * (1 - previous) / (1 - alpha),
        add: [previous.squareRoot() * (1 - kept) / (1 - alpha)], spread: last ? 0 : max(minStd, variance.squareRoot()))
    }
    return SamplingPlan(moves: moves, noiseClip: noiseClip, finalClip: finalClip)
  }
}
