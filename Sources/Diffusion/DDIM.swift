import Tensors

/// Which of a process's T times a sampler takes; the time before each is the next in the list itself.
public struct TimeSpacing {
  public enum Name: String, Codable, CaseIterable, Sendable {
    /// k · ⌊T / steps⌋: DPPO's. The first time is not T - 1.
    case leading
    /// T - 1 downwards in steps of T / steps, rounded: Lin et al. 2024.
    case trailing
    /// Equal parts of 0 ... T - 1, rounded.
    case linspace
  }

  /// The times in the order they are taken; throws unless 1 <= steps <= T, or for a list that does not fall strictly within 0 ... T - 1.
  static func times(_ sampler: String, _ steps: Int, _ spacing: Name, _ times: [Int]?, of process: DDPM) throws -> [Int] {
    try process.check()
    if let times {
      guard let first = times.first, first < process.steps, times[times.count - 1] >= 0, zip(times, times.dropFirst()).allSatisfy({ $0 > $1 }) else {
        throw UsageError("a \(sampler) sampler wants times that fall from at most \(process.steps - 1) to at least 0, none twice, got \(times)")
      }
      return times
    }
    guard (1...process.steps).contains(steps) else {
      throw UsageError("a \(sampler) sampler wants steps from 1 to the process's \(process.steps), got \(steps)")
    }
    let total = Double(process.steps)
    switch spacing {
    case .leading: return (0..<steps).reversed().map { $0 * (process.steps / steps) }
    case .trailing: return (0..<steps).map { Int((total - Double($0) * total / Double(steps)).rounded(.toNearestOrEven)) - 1 }
    case .linspace:
      return (0..<steps).reversed().map { steps == 1 ? 0 : Int((Double($0) * (total - 1) / Double(steps - 1)).rounded(.toNearestOrEven)) }
    }
  }
}

/// Song et al. 2021: in fewer steps than the network was trained with, and with η = 0 a deterministic map from initial noise to sample.
public struct DDIM: Codable, Equatable, Sendable {
  public var steps = 5
  public var spacing = TimeSpacing.Name.leading
  /// The times themselves, falling, instead of steps and spacing.
  public var times: [Int]?
  /// 0 is deterministic, 1 as noisy as DDPM.
  public var eta = 0.0
  /// The denoised sample is clipped to ±clip in every step; nil: not at all.
  public var clip: Double? = 1
  /// The result is clipped to ±final_clip; nil: not at all.
  public var finalClip: Double?

  public init() {}

  /// Equation 12, ε recomputed from the clipped sample; the last step returns the clipped sample itself.
  func plan(for process: DDPM) throws -> SamplingPlan {
    guard eta >= 0, eta <= 1 else { throw UsageError("a ddim sampler wants eta from 0 to 1, got \(eta)") }
    try checkClips("ddim", clip, finalClip)
    let times = try TimeSpacing.times("ddim", steps, spacing, times, of: process)
    let alphaBars = process.alphaBars
    let moves = times.indices.map { i in
      let alpha = alphaBars[times[i]], previous = i + 1 < times.count ? alphaBars[times[i + 1]] : 1
      let spread = eta * ((1 - previous) / (1 - alpha)).squareRoot() * (1 - alpha / previous).squareRoot()
      let rest = max(0, 1 - previous - spread * spread).squareRoot()
      let level = process.level(times[i], alpha)
      return SamplingPlan.Move(
        level, clip: clip, keep: rest / level.noise, add: [previous.squareRoot() - rest * level.signal / level.noise], spread: spread)
    }
    return SamplingPlan(moves: moves, finalClip: finalClip)
  }
}

/// Throws for bounds that are not positive.
func checkClips(_ sampler: String, _ clip: Double?, _ finalClip: Double?) throws {
  if let clip, !(clip > 0) { throw UsageError("a \(sampler) sampler wants a positive clip, got \(clip)") }
  if let finalClip, !(finalClip > 0) { throw UsageError("a \(sampler) sampler wants a positive final_clip, got \(finalClip)") }
}
