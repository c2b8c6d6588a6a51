import Glibc
import Tensors

/// The learning rate as a function of the step; a value that holds no state.
public struct Schedule: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// `learningRate` throughout.
    case constant
    /// A straight line down to `minimum` at `steps`, then flat.
    case linear
    /// Half a cosine down to `minimum` at `steps`, then flat (Loshchilov and Hutter 2017).
    case cosine
    /// The cosine again and again, warm-up included; DPPO's CosineAnnealingWarmupRestarts.
    case cosineRestarts = "cosine_restarts"
  }

  public var kind: Kind = .constant
  public var learningRate: Float
  /// Where the descent ends; with restarts, where the warm-up begins too.
  public var minimum: Float = 0
  /// The first steps, of which the rate rises in a straight line: from `minimum` with restarts, else from 0.
  public var warmUp = 0
  /// The length of all, warm-up included; with restarts that of the first cycle. Not read by `constant`.
  public var steps = 1
  /// With restarts: each cycle's descent is this many times as long as the last one's.
  public var cycleGrowth: Float = 1
  /// With restarts: each cycle's highest rate is this many times the last one's.
  public var cycleDecay: Float = 1

  /// Throws for rates that are negative and for a warm-up that leaves no step.
  public init(
    _ kind: Kind = .constant, learningRate: Float, minimum: Float = 0, warmUp: Int = 0, steps: Int = 1, cycleGrowth: Float = 1,
    cycleDecay: Float = 1
  ) throws {
    try checkPositive("learning_rate", learningRate, zeroToo: true)
    try checkPositive("the lowest learning rate", minimum, zeroToo: true)
    try checkPositive("cycle_decay", cycleDecay)
    guard warmUp >= 0 else { throw UsageError("warm_up wants to be zero or more, got \(warmUp)") }
    guard kind == .constant || steps > warmUp else {
      throw UsageError("a \(kind.rawValue) schedule wants more steps than its warm-up of \(warmUp), got \(steps)")
    }
    guard max(steps, warmUp) <= Schedule.longest else { throw UsageError("a schedule wants at most \(Schedule.longest) steps, got \(max(steps, warmUp))") }
    guard cycleGrowth >= 1, cycleGrowth.isFinite else { throw UsageError("cycle_growth wants to be at least 1, got \(cycleGrowth)") }
    (self.kind, self.learningRate, self.minimum, self.warmUp, self.steps) = (kind, learningRate, minimum, warmUp, steps)
    (self.cycleGrowth, self.cycleDecay) = (cycleGrowth, cycleDecay)
  }

  /// The last step that a schedule knows.
  public static let longest = 1 << 40

  /// The rate for step 0, 1, … `longest`.
  public func callAsFunction(_ step: Int) -> Float {
    guard kind != .cosineRestarts else { return restarting(step) }
    if step < warmUp { return learningRate * Float(step) / Float(warmUp) }
    let progress = min(1, Double(step - warmUp) / Double(steps - warmUp))
    return switch kind {
    case .constant, .cosineRestarts: learningRate
    case .linear: Float(Double(learningRate) + progress * Double(minimum - learningRate))
    case .cosine: halfCosine(learningRate, progress)
    }
  }

  private func restarting(_ step: Int) -> Float {
    var (position, length, peak) = (step, steps, learningRate)
    while position >= length {
      position -= length
      peak *= cycleDecay
      let next = Int(min(Float(length - warmUp) * cycleGrowth, Float(Schedule.longest))) + warmUp
      if next == length {
        peak *= powf(cycleDecay, Float(position / length))
        position %= length
      }
      length = next
    }
    if position < warmUp { return minimum + (peak - minimum) * Float(position) / Float(warmUp) }
    return halfCosine(peak, Double(position - warmUp) / Double(length - warmUp))
  }

  private func halfCosine(_ peak: Float, _ progress: Double) -> Float {
    Float(Double(minimum) + Double(peak - minimum) * (1 + cos(.pi * progress)) / 2)
  }
}
