import Tensors

/// The flow's ordinary differential equation from noise to action in equal steps: deterministic.
public struct FlowSampler: Codable, Equatable, Sendable {
  /// Of order 1, 2, 2 and 4, with as many evaluations a step.
  public enum Method: String, Codable, CaseIterable, Sendable { case euler, midpoint, heun, rk4 }

  /// The times at which the network is asked, with euler only.
  public enum Spacing: String, Codable, CaseIterable, Sendable {
    /// 0, 1/steps ... 1 - 1/steps of the way: where the steps begin.
    case leading
    /// 0, 1/(steps - 1) ... 1 of the way, though the steps begin before: ReinFlow's.
    case linspace
  }

  public var method = Method.euler
  public var steps = 10
  public var spacing = Spacing.leading
  /// The action that the velocity points to is clipped to ±clip in every step, with euler only; nil: not at all.
  public var clip: Double?
  /// Every point on the way is clipped to ±point_clip, with euler only; nil: not at all.
  public var pointClip: Double?
  public var finalClip: Double? = 1

  public init() {}

  /// `reversed` runs from action to noise, without clipping, by the same method.
  func plan(for process: Flow, reversed: Bool = false) throws -> SamplingPlan {
    try process.check()
    try checkClips("flow", clip, finalClip)
    guard (1...100_000).contains(steps) else { throw UsageError("a flow sampler wants steps from 1 to 100000, got \(steps)") }
    try checkEuler()
    let length = 1 / Double(steps), way: Double = reversed ? -1 : 1
    var moves: [SamplingPlan.Move] = []
    /// An evaluation of the velocity `ahead` steps after the i-th.
    func velocity(_ i: Int, _ ahead: Double, _ add: [Double], ends: Bool) {
      let covered = (Double(i) + ahead) * length
      let progress = reversed ? 1 - covered : covered
      moves.append(.init(
        time: process.time(progress), skip: 0, out: process.sign, clip: nil, keep: 1, add: add.map { $0 * length * way }, ends: ends, signal: progress,
        noise: (1 - progress) * process.sourceScale.rms))
    }
    for i in 0..<steps {
      switch method {
      case .euler where reversed: velocity(i, 0, [1], ends: true)
      case .euler: moves.append(euler(i, process))
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

  /// One of Euler's steps: the value is the velocity, where `clip` is set the action that it points to.
  private func euler(_ i: Int, _ process: Flow) -> SamplingPlan.Move {
    let length = 1 / Double(steps), progress = Double(i) * length, left = 1 - progress
    let asked = spacing == .linspace && steps > 1 ? Double(i) / Double(steps - 1) : progress
    var move = SamplingPlan.Move(
      time: process.time(asked), skip: 0, out: process.sign, clip: nil, keep: 1, add: [length], signal: progress, noise: left * process.sourceScale.rms)
    if clip != nil {
      let ratio = i + 1 == steps ? 0 : (left - length) / left
      (move.skip, move.out, move.clip, move.keep, move.add) = (1, process.sign * left, clip, ratio, [1 - ratio])
    }
    move.bound = pointClip
    return move
  }

  /// Throws for options that only Euler's method has.
  private func checkEuler() throws {
    if let pointClip, !(pointClip > 0) { throw UsageError("a flow sampler wants a positive point_clip, got \(pointClip)") }
    guard method != .euler else { return }
    let name = clip != nil ? "clips the denoised sample" : pointClip != nil ? "clips the points" : spacing != .leading ? "has spacing '\(spacing.rawValue)'" : nil
    if let name { throw UsageError("a flow sampler \(name) with method 'euler' only, got '\(method.rawValue)'; final_clip is for all") }
  }
}
