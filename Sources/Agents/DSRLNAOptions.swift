import NeuralNets
import Tensors

extension DSRLNA {
  /// The names of the DSRL code; the defaults are its Hopper's, with the corrected semantics.
  public struct Options: Codable, Equatable, Sendable {
    /// b: the actor's noises lie in [-b, b].
    public var actionMagnitude: Float = 1.5
    /// Joint steps of critics, actor and temperature in one call of the updates (the published utd); -1: as many as transitions came in.
    public var gradientSteps = 20
    /// Distillation steps in one call of the updates.
    public var noiseCriticGradSteps = 10
    /// Vector steps between calls of the updates.
    public var trainFreq = 2
    /// Vector steps with noises from the standard normal restricted to the box, before the first update.
    public var initRolloutSteps = 2001

    public var hidden: [Int] = [128, 128, 128]
    public var activation: Activation = .tanh
    public var layerNorm = true
    /// What the operands of the networks' products are rounded to while they learn; weights, sums and optimisers are float32 always.
    public var networkPrecision = Precision.float32
    public var nCritics = 2
    /// How the heads become one value, in the target and for the actor.
    public var criticBackupCombine = HeadCombination.min

    public var learningRate: Float = 3e-4
    /// nil, here and below: `learningRate`.
    public var actorLearningRate: Float?
    public var criticLearningRate: Float?
    public var noiseCriticLearningRate: Float?
    public var entCoefLearningRate: Float?
    public var batchSize = 256
    public var bufferSize = 1_000_000
    public var tau: Float = 0.005
    /// For the whole chunk, unless `discountPerStep`.
    public var gamma: Float = 0.99
    /// γ for each executed step of a chunk.
    public var discountPerStep = false
    /// Multiplies the rewards in the critics' targets.
    public var rewardScale: Float = 1

    public var entCoef = EntCoef.auto
    /// In the actor's [-1, 1] units; nil: minus the latent's size.
    public var targetEntropy: Float? = 0
    /// Whether the target counts the entropy of the next noise.
    public var entropyInBackup = true

    public var distillationNoise = DistillationNoise.gaussian
    public var updateOrder = UpdateOrder.actorBeforeDistillation
    /// Joint steps that leave actor and temperature alone.
    public var criticWarmup = 0
    public var actorInit = ActorInit.default
    public var seed = 0

    public init() {}

    var network: NetworkOptions { NetworkOptions(hidden: hidden, activation: activation, layerNorm: layerNorm) }

    func check() throws {
      guard actionMagnitude > 0, actionMagnitude.isFinite else {
        throw UsageError("action_magnitude wants a positive number, got \(actionMagnitude)")
      }
      guard rewardScale.isFinite else { throw UsageError("reward_scale wants a finite number, got \(rewardScale)") }
      try checkAtLeast("batch_size", batchSize, 1)
      try checkAtLeast("train_freq", trainFreq, 1)
      try checkAtLeast("gradient_steps", gradientSteps, -1)
      try checkAtLeast("noise_critic_grad_steps", noiseCriticGradSteps, 0)
      try checkAtLeast("init_rollout_steps", initRolloutSteps, 0)
      try checkAtLeast("critic_warmup", criticWarmup, 0)
    }
  }

  /// When the actor moves, within one call of the updates.
  public enum UpdateOrder: String, Codable, CaseIterable, Sendable {
    /// With the critics, along the noise critics of the call before: the published code's order.
    case actorBeforeDistillation = "actor_before_distillation"
    /// Critics, then distillation, then the actor: the paper's order.
    case actorAfterDistillation = "actor_after_distillation"
  }

  /// Where the actor starts.
  public enum ActorInit: String, Codable, CaseIterable, Sendable {
    /// The layers' own initialisation: about tanh(N(0, 1)), for every observation a little different.
    case `default`
    /// Mean 0, and as wide as the standard normal restricted to the box, whatever the observation: nearly the base policy.
    case gaussian
  }
}
