import NeuralNets
import Tensors

/// What every agent with critics has to choose; the defaults are Stable-Baselines3's for SAC.
public struct CriticOptions: Codable, Equatable, Sendable {
  public var hidden: [Int] = [256, 256]
  public var activation: Activation = .relu
  public var layerNorm = false
  /// What the operands of the networks' products are rounded to while they learn; weights, sums and optimisers are float32 always.
  public var networkPrecision = Precision.float32
  public var nCritics = 2
  /// How the heads become one value, in the target and for the actor.
  public var criticBackupCombine = HeadCombination.min
  /// ρ of mean - ρ std.
  public var criticStdWeight: Float = 0.5
  /// Heads drawn for each target of min_of_subset.
  public var criticSubset = 2

  public var learningRate: Float = 3e-4
  public var batchSize = 256
  public var bufferSize = 1_000_000
  public var tau: Float = 0.005
  /// For the whole chunk, unless `discountPerStep`.
  public var gamma: Float = 0.99
  /// γ for each executed step of a chunk.
  public var discountPerStep = false
  public var timeLimits = TimeLimits.bootstrap
  /// Multiplies the rewards in the critics' targets.
  public var rewardScale: Float = 1
  /// Vector steps between calls of the updates.
  public var trainFreq = 1
  /// Steps of the critics, and of actor and temperature with them, in one call of the updates; -1: as many as transitions came in.
  public var gradientSteps = 1
  public var seed = 0

  public init() {}

  /// The defaults of DSRL's code for Hopper.
  static var steering: CriticOptions {
    var options = CriticOptions()
    (options.hidden, options.activation, options.layerNorm) = ([128, 128, 128], .tanh, true)
    (options.trainFreq, options.gradientSteps) = (2, 20)
    return options
  }

  public var network: NetworkOptions { NetworkOptions(hidden: hidden, activation: activation, layerNorm: layerNorm) }

  func check() throws {
    guard rewardScale.isFinite else { throw UsageError("reward_scale wants a finite number, got \(rewardScale)") }
    guard criticStdWeight.isFinite, criticStdWeight >= 0 else {
      throw UsageError("critic_std_weight wants a number from 0 on, got \(criticStdWeight)")
    }
    guard criticBackupCombine != .minOfSubset || 1...max(nCritics, 1) ~= criticSubset else {
      throw UsageError("critic_subset wants from 1 to n_critics = \(nCritics), got \(criticSubset)")
    }
    guard 0...1 ~= tau else { throw UsageError("tau wants to be in [0, 1], got \(tau)") }
    try checkRate("learning_rate", learningRate)
    try checkAtLeast("batch_size", batchSize, 1)
    try checkAtLeast("train_freq", trainFreq, 1)
    try checkAtLeast("gradient_steps", gradientSteps, -1)
  }

  /// Calls of the critics' update after `transitions` new ones.
  func steps(after transitions: Int) -> Int { gradientSteps < 0 ? transitions : gradientSteps }
}

func checkAtLeast(_ name: String, _ value: Int, _ least: Int) throws {
  guard value >= least else { throw UsageError("\(name) wants at least \(least), got \(value)") }
}

/// Throws for a learning rate that no optimiser takes.
func checkRate(_ name: String, _ value: Float?) throws {
  guard let value else { return }
  guard value.isFinite, value >= 0 else { throw UsageError("\(name) wants to be zero or more, got \(value)") }
}
