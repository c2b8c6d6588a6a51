import NeuralNets
import Tensors

extension SAC {
  /// Stable-Baselines3's names and defaults.
  public struct Options: Codable, Equatable, Sendable {
    public var learningRate: Float = 3e-4
    public var bufferSize = 1_000_000
    /// Environment steps with uniformly random actions before the first gradient step.
    public var learningStarts = 100
    public var batchSize = 256
    public var tau: Float = 0.005
    public var gamma: Float = 0.99
    /// γ for each executed step of a chunk, not for the chunk.
    public var discountPerStep = false
    /// Vector steps between calls of the updates.
    public var trainFreq = 1
    /// -1: as many as transitions came in.
    public var gradientSteps = 1
    public var entCoef = EntCoef.auto
    /// In [-1, 1] units; nil: minus the action's size.
    public var targetEntropy: Float?
    public var nCritics = 2
    public var hidden: [Int] = [256, 256]
    public var activation: Activation = .relu
    public var layerNorm = false
    public var seed = 0

    public init() {}

    var network: NetworkOptions { NetworkOptions(hidden: hidden, activation: activation, layerNorm: layerNorm) }

    func check() throws {
      try checkAtLeast("batch_size", batchSize, 1)
      try checkAtLeast("train_freq", trainFreq, 1)
      try checkAtLeast("gradient_steps", gradientSteps, -1)
      try checkAtLeast("learning_starts", learningStarts, 0)
    }
  }
}

func checkAtLeast(_ name: String, _ value: Int, _ least: Int) throws {
  guard value >= least else { throw UsageError("\(name) wants at least \(least), got \(value)") }
}
