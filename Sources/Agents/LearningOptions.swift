import Tensors

/// What every agent with an actor has to choose; the defaults are Stable-Baselines3's for SAC.
@dynamicMemberLookup
public struct LearningOptions: Codable, Equatable, Sendable {
  public var critic = CriticOptions()
  /// nil, here and below: `learningRate`.
  public var actorLearningRate: Float?
  public var criticLearningRate: Float?
  public var entCoefLearningRate: Float?

  public var entCoef = EntCoef.auto
  /// The least of a learned coefficient.
  public var entCoefMin: Float = 0
  /// nil: minus the number of the actor's outputs.
  public var targetEntropy: Float?
  public var targetEntropyUnit = EntropyUnit.total
  /// Whether the target counts the entropy of the next action.
  public var entropyInBackup = true
  /// Joint steps that leave actor and temperature alone.
  public var criticWarmup = 0
  /// Draws of the actor among which the critics choose where it acts with noise.
  public var bestOfN = 1
  /// Draws among which the target critics choose the next action.
  public var targetBestOfN = 1

  public init() {}
  public subscript<T>(dynamicMember path: WritableKeyPath<CriticOptions, T>) -> T {
    get { critic[keyPath: path] }
    set { critic[keyPath: path] = newValue }
  }
  public var network: NetworkOptions { critic.network }

  /// The defaults of DSRL's code for Hopper.
  static var steering: LearningOptions {
    var options = LearningOptions()
    (options.critic, options.targetEntropy) = (.steering, 0)
    return options
  }

  func check() throws {
    try critic.check()
    guard entCoefMin.isFinite, entCoefMin >= 0 else { throw UsageError("ent_coef_min wants a number from 0 on, got \(entCoefMin)") }
    guard entCoef.learned || entCoefMin == 0 else { throw UsageError("ent_coef_min is for a learned ent_coef; got ent_coef = \(entCoef)") }
    try checkRate("actor_learning_rate", actorLearningRate)
    try checkRate("critic_learning_rate", criticLearningRate)
    try checkRate("ent_coef_learning_rate", entCoefLearningRate)
    try checkAtLeast("critic_warmup", criticWarmup, 0)
    try checkAtLeast("best_of_n", bestOfN, 1)
    try checkAtLeast("target_best_of_n", targetBestOfN, 1)
  }

  /// In nats, of all `size` outputs of the actor together.
  func totalTargetEntropy(_ size: Int) -> Float {
    guard let targetEntropy else { return -Float(size) }
    return targetEntropyUnit == .total ? targetEntropy : targetEntropy * Float(size)
  }
}

/// What a target entropy counts.
public enum EntropyUnit: String, Codable, CaseIterable, Sendable {
  /// All of the actor's outputs together.
  case total
  /// Each of them.
  case perDimension = "per_dimension"
}
