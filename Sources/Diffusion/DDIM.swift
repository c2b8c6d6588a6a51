import Tensors

/// Song et al. 2021 with η = 0: a deterministic map from initial noise to sample, in fewer steps than the network was trained with.
public struct DDIM: Codable, Equatable, Sendable {
  public enum Spacing: String, Codable, CaseIterable, Sendable {
    /// t_k = k · (T / steps), rounded down: DPPO's. The first time is not T - 1.
    case leading
  }

  public var steps = 5
  public var spacing = Spacing.leading
  /// The denoised sample is clipped to ±clip in every step; nil: not at all.
  public var clip: Float? = 1

  public init() {}

  /// One move, from ᾱ at `time` to the ᾱ before it in the list; 1 at the end.
  public struct Step: Equatable, Sendable {
    public let time: Int
    public let alphaBar: Float
    public let previous: Float
  }

  /// The moves in the order they are taken; throws unless 1 <= steps <= T.
  public func plan(for process: DDPM) throws -> [Step] {
    try process.check()
    guard (1...process.steps).contains(steps) else {
      throw UsageError("a ddim sampler wants steps from 1 to the process's \(process.steps), got \(steps)")
    }
    if let clip, !(clip > 0) { throw UsageError("a ddim sampler wants a positive clip, got \(clip)") }
    let alphaBars = process.alphaBars
    let times = (0..<steps).reversed().map { $0 * (process.steps / steps) }
    return times.indices.map { i in
      let next = i + 1 < times.count ? alphaBars[times[i + 1]] : 1
      return Step(time: times[i], alphaBar: Float(alphaBars[times[i]]), previous: Float(next))
    }
  }

  /// Equation 12 with η = 0, ε recomputed from the clipped sample; the last step returns the clipped sample itself.
  public func sample(from noise: Tensor, along plan: [Step], _ epsilon: (_ x: Tensor, _ time: Int) throws -> Tensor) throws -> Tensor {
    var x = noise
    for step in plan {
      let (signal, rest) = (step.alphaBar.squareRoot(), (1 - step.alphaBar).squareRoot())
      let predicted = try epsilon(x, step.time)
      let raw = try (x - rest * predicted) / signal
      let clean = clip.map { raw.clamp(-$0, $0) } ?? raw
      let noise = try (x - signal * clean) / rest
      x = try step.previous.squareRoot() * clean + (1 - step.previous).squareRoot() * noise
    }
    return x
  }
}
