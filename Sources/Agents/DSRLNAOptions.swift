import NeuralNets
import Tensors

extension DSRLNA {
  /// The names of the DSRL code; the defaults are its Hopper's, with the corrected semantics.
  @dynamicMemberLookup
  public struct Options: Codable, Equatable, Sendable {
    public var steering = SteeringOptions()
    public var learning = LearningOptions.steering
    /// Distillation steps in one call of the updates.
    public var noiseCriticGradSteps = 10
    /// nil: `learningRate`.
    public var noiseCriticLearningRate: Float?
    public var distillationNoise = DistillationNoise.gaussian
    /// Noises for each of the batch's observations.
    public var distillationNoises = 1
    public var distillationTarget = DistillationTarget.headToHead
    public var updateOrder = UpdateOrder.actorBeforeDistillation
    /// The offline data's share of each batch; nil: they lie in the replay among the rest.
    public var offlineMixRatio: Float?

    public init() {}
    public subscript<T>(dynamicMember path: WritableKeyPath<SteeringOptions, T>) -> T {
      get { steering[keyPath: path] }
      set { steering[keyPath: path] = newValue }
    }
    public subscript<T>(dynamicMember path: WritableKeyPath<LearningOptions, T>) -> T {
      get { learning[keyPath: path] }
      set { learning[keyPath: path] = newValue }
    }

    func check(hasOfflineData: Bool) throws {
      try learning.check()
      try checkRate("noise_critic_learning_rate", noiseCriticLearningRate)
      try checkAtLeast("noise_critic_grad_steps", noiseCriticGradSteps, 0)
      try checkAtLeast("distillation_noises", distillationNoises, 1)
      guard let offlineMixRatio else { return }
      guard hasOfflineData else { throw UsageError("offline_mix_ratio wants offline_data; got none") }
      guard 0...1 ~= offlineMixRatio else { throw UsageError("offline_mix_ratio wants a number from 0 to 1, got \(offlineMixRatio)") }
    }
  }

  /// When the actor moves, within one call of the updates.
  public enum UpdateOrder: String, Codable, CaseIterable, Sendable {
    /// With the critics, along the noise critics of the call before: the published code's order.
    case actorBeforeDistillation = "actor_before_distillation"
    /// Critics, then distillation, then the actor: the paper's order.
    case actorAfterDistillation = "actor_after_distillation"
  }

  /// What the heads of Q^W learn of those of Q^A.
  public enum DistillationTarget: String, Codable, CaseIterable, Sendable {
    /// Head i learns head i.
    case headToHead = "head_to_head"
    /// All learn the least.
    case min
    /// All learn the mean.
    case mean

    /// Values of Q^A, [heads, n], to [heads, n] or [n].
    func callAsFunction(_ values: Tensor) throws -> Tensor {
      switch self {
      case .headToHead: values
      case .min: try values.min(0)
      case .mean: try values.mean(0)
      }
    }
  }
}
