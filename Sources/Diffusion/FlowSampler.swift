import Tensors

/// The flow's ordinary differential equation from noise to action in equal steps: deterministic.
public struct FlowSampler: Codable, Equatable, Sendable {
  /// Of order 1, 2, 2 and 4, with as many evaluations a step.
  public enum Method: String, Codable, CaseIterable, Sendable { case euler, midpoint, heun, rk4 }

  public var method = Method.euler
  public var steps = 10
  /// The action that the velocity points to is clipped to ±clip in every step, with euler only; nil: not at all.
  public var clip: Double?
  public var finalClip: Double? = 1

  public init() {}

  /// `reversed` runs from action to noise, without clipping, by the same method.
  func plan(for process: Flow, reversed: Bool = false) throws -> SamplingPlan {
    try process.check()
    try checkClips("flow", clip, finalClip)
    guard (1...100_000).contains(steps) else { throw UsageError("a flow sampler wants steps from 1 to 100000, got \(steps)") }
    guard clip == nil || method == .euler else { throw UsageError("a flow sampler clips the denoised sample with method 'euler' only, got '\(method.rawValue)'; final_clip is for all") }
    let length = 1 / Double(steps), way: Double = reversed ? -1 : 1
    var moves: [SamplingPlan.Move] = []
    /// An evaluation of the velocity `ahead` steps after the i-th.
    func velocity(_ i: Int, _ ahead: Double, _ add: [Double], ends: Bool) {
      let covered = (Double(i) + ahead) * length
      let progress = reversed ? 1 - covered : covered
      moves.append(.init(
        time: process.time(progress), skip: 0, out: process.sign, clip: nil, keep: 1, add: add.map { $0 * length * way }, ends: ends, signal: progress,
        noise: (1 - progress) * process.sourceScale))
    }
    for i in 0..<steps {
      switch method {
      case .euler where clip != nil && !reversed:
        let progress = Double(i) * length
        let left = 1 - progress
        let ratio = i + 1 == steps ? 0 : (left - length) / left
        moves.append(.init(
          time: process.time(progress), skip: 1, out: process.sign * left, clip: clip, keep: ratio, add: [1 - ratio], signal: progress,
          noise: left * process.sourceScale))
      case .euler: velocity(i, 0, [1], ends: true)
      case .midpoint:
        velocity(i, 0, [0.5], ends: false)
        velocity(i, 0.5, [1], ends: true)
      case .heun:
        velocity(i, 0, [1], ends: false)
        velocity(i, 1, [0.5, 0.5], ends: true)
      case .rk4:
        velocity(i, 0, [0.5], ends: false)
        velocity(i, 0.5, [0.5], ends: false)
        velocity(i, 0.5, [1], ends: false)
        velocity(i, 1, [1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0], ends: true)
      }
    }
    guard !reversed else { return SamplingPlan(moves: moves) }
    return SamplingPlan(moves: moves, scale: process.sourceScale, mean: process.sourceMean, finalClip: finalClip)
  }
}
