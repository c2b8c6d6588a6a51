import Glibc
import Tensors

/// Lu et al. 2022, DPM-Solver++(2M): a multistep method of second order in ln(signal/noise), one evaluation a step, deterministic.
public struct DPMSolver: Codable, Equatable, Sendable {
  public var steps = 10
  public var spacing = TimeSpacing.Name.trailing
  /// The times themselves, falling, instead of steps and spacing.
  public var times: [Int]?
  /// The denoised sample is clipped to ±clip in every step; nil: not at all.
  public var clip: Double? = 1
  public var finalClip: Double?

  public init() {}

  /// Algorithm 2; the first step and the last one, which ends without noise, are of first order.
  func plan(for process: DDPM) throws -> SamplingPlan {
    try checkClips("dpm_solver_pp", clip, finalClip)
    let times = try TimeSpacing.times("dpm_solver_pp", steps, spacing, times, of: process)
    let alphaBars = process.alphaBars
    let levels = times.map { process.level($0, alphaBars[$0]) }
    func logRatio(_ level: Level) -> Double { log(level.signal / level.noise) }
    let moves = levels.indices.map { i in
      let level = levels[i]
      guard i + 1 < levels.count else { return SamplingPlan.Move(level, clip: clip, keep: 0, add: [1]) }
      let next = levels[i + 1]
      let length = logRatio(next) - logRatio(level)
      let whole = -next.signal * expm1(-length)
      let keep = next.noise / level.noise
      guard i > 0 else { return SamplingPlan.Move(level, clip: clip, keep: keep, add: [whole]) }
      let half = length / (2 * (logRatio(level) - logRatio(levels[i - 1])))
      return SamplingPlan.Move(level, clip: clip, keep: keep, add: [whole * (1 + half), -whole * half])
    }
    return SamplingPlan(moves: moves, finalClip: finalClip)
  }
}
