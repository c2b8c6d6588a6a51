import Files
import Tensors

/// An option that may change while an agent learns.
public struct AdjustableOption<Options> {
  /// As a user writes it: "batch_size".
  public let name: String
  let copy: (_ source: Options, _ target: inout Options) -> Void

  init<T>(_ name: String, _ place: WritableKeyPath<Options, T>) {
    self.name = name
    copy = { source, target in target[keyPath: place] = source[keyPath: place] }
  }
}

/// Some of whose options may change while it learns.
public protocol Adjustable: Agent {
  associatedtype Adjusted: Codable & Equatable
  static var adjustable: [AdjustableOption<Adjusted>] { get }
  /// As they are now.
  var adjusted: Adjusted { get }
  /// Takes over what may change of `options`, from the next gradient step on. Throws for values out of their range, and amid a call's gradient steps.
  func adjust(_ options: Adjusted) throws
}

extension Adjustable {
  /// `made` with what may change of `options`.
  func merged(_ options: Adjusted, into made: Adjusted) -> Adjusted {
    var result = made
    for option in Self.adjustable { option.copy(options, &result) }
    return result
  }

  /// What a checkpoint keeps of options that are no longer as they were made.
  func adjustment(from made: Adjusted) throws -> String? { adjusted == made ? nil : try JSON.encode(adjusted) }

  /// Takes that back, where there is one, into an agent made with `made`.
  func adjust(_ saved: String?, from made: Adjusted) throws {
    try adjust(saved.map { try JSON.decode(Adjusted.self, from: Array($0.utf8), source: "the agent's checkpoint") } ?? made)
  }
}

extension CriticOptions {
  static var adjustable: [AdjustableOption<CriticOptions>] {
    [
      .init("batch_size", \.batchSize), .init("critic_backup_combine", \.criticBackupCombine), .init("critic_std_weight", \.criticStdWeight),
      .init("critic_subset", \.criticSubset), .init("gradient_steps", \.gradientSteps), .init("learning_rate", \.learningRate),
      .init("reward_scale", \.rewardScale), .init("tau", \.tau), .init("train_freq", \.trainFreq),
    ]
  }
}

extension LearningOptions {
  static var adjustable: [AdjustableOption<LearningOptions>] {
    CriticOptions.adjustable.map { $0.inside(\.critic) } + [
      .init("actor_learning_rate", \.actorLearningRate), .init("best_of_n", \.bestOfN), .init("critic_learning_rate", \.criticLearningRate),
      .init("critic_warmup", \.criticWarmup), .init("ent_coef", \.entCoef), .init("ent_coef_learning_rate", \.entCoefLearningRate),
      .init("ent_coef_min", \.entCoefMin), .init("entropy_in_backup", \.entropyInBackup), .init("target_best_of_n", \.targetBestOfN),
      .init("target_entropy", \.targetEntropy), .init("target_entropy_unit", \.targetEntropyUnit),
    ]
  }
}

extension AdjustableOption {
  /// The same where the options lie inside of others.
  func inside<Outer>(_ place: WritableKeyPath<Outer, Options>) -> AdjustableOption<Outer> {
    AdjustableOption<Outer>(name) { source, target in copy(source[keyPath: place], &target[keyPath: place]) }
  }

  private init(_ name: String, _ copy: @escaping (Options, inout Options) -> Void) { (self.name, self.copy) = (name, copy) }
}

// MARK: The agents

extension SAC: Adjustable {
  public static var adjustable: [AdjustableOption<LearningOptions>] { LearningOptions.adjustable }
  public var adjusted: LearningOptions { options }

  public func adjust(_ new: LearningOptions) throws {
    guard round.updates == 0 else { throw amidUpdates }
    try core.adjust(merged(new, into: made))
  }
}

extension DSRLNA: Adjustable {
  public static var adjustable: [AdjustableOption<Options>] {
    LearningOptions.adjustable.map { $0.inside(\.learning) } + [
      .init("distillation_noise", \.distillationNoise), .init("distillation_noises", \.distillationNoises),
      .init("distillation_target", \.distillationTarget), .init("noise_critic_grad_steps", \.noiseCriticGradSteps),
      .init("noise_critic_learning_rate", \.noiseCriticLearningRate), .init("update_order", \.updateOrder),
    ]
  }
  public var adjusted: Options { options }

  public func adjust(_ new: Options) throws {
    guard round.updates == 0 else { throw amidUpdates }
    let merged = merged(new, into: made)
    try merged.check(hasOfflineData: hasOfflineData)
    try core.adjust(merged.learning)
    options = merged
    noiseCriticOptimizer.learningRate = merged.noiseCriticLearningRate ?? merged.learningRate
  }
}

extension BestOfN: Adjustable {
  public static var adjustable: [AdjustableOption<Options>] {
    CriticOptions.adjustable.map { $0.inside(\.critic) } + [.init("candidates", \.candidates)]
  }
  public var adjusted: Options { options }

  public func adjust(_ new: Options) throws {
    guard round.updates == 0 else { throw amidUpdates }
    let merged = merged(new, into: made)
    try merged.check()
    options = merged
    optimizer.learningRate = merged.critic.learningRate
  }
}
