import NeuralNets
import Tensors

extension DiffusionPolicy {
  /// How a denoiser is trained: AdamW, a learning rate that rises and falls, an average of the weights.
  public struct Training: Codable, Equatable, Sendable {
    /// Which of the averaged weights are left.
    public enum Keep: String, Codable, CaseIterable, Sendable {
      /// Those of the last epoch.
      case last
      /// Those of the epoch with the lowest validation loss.
      case best
    }

    /// Passes over the chunks.
    public var epochs = 200
    /// Chunks per gradient step; nil: 256, or all where there are fewer.
    public var batchSize: Int?
    public var learningRate: Float = 1e-3
    /// Where the schedule ends.
    public var finalLearningRate: Float = 1e-4
    public var learningRateSchedule = Schedule.Kind.cosine
    /// Epochs in which the learning rate rises.
    public var warmupEpochs = 1
    /// Gradient steps in which it rises, instead of epochs.
    public var warmupSteps: Int?
    /// What AdamW's two averages keep of themselves.
    public var betas: [Float] = [0.9, 0.999]
    public var weightDecay: Float = 1e-6
    /// The largest norm of all gradients together; nil: no clipping.
    public var maxGradNorm: Float?
    /// What the average of the weights keeps of itself; with `emaPower` the most.
    public var emaDecay: Float = 0.995
    /// The exponent of a decay that grows with the steps (`EMA.Config`); nil: `emaDecay` throughout.
    public var emaPower: Float?
    public var emaInvGamma: Float = 1
    public var emaMinDecay: Float = 0
    /// Epochs in which the average is a copy; nil: as long as the learning rate rises.
    public var emaWarmupEpochs: Int?
    /// Gradient steps from one update of the average to the next.
    public var emaEvery = 1
    /// The share of the episodes that is held out, whole.
    public var validation = 0.0
    /// nil: best where episodes are held out, else last.
    public var keep: Keep?
    /// Epochs without a lower validation loss after which training ends.
    public var patience: Int?
    public var seed = 1

    public init() {}

    /// Throws for numbers that make no training.
    func check() throws {
      guard (1...1_000_000_000).contains(epochs) else { throw UsageError("fit wants epochs from 1 to 1000000000, got \(epochs)") }
      if let batchSize, batchSize < 1 { throw UsageError("fit wants batch_size >= 1, got \(batchSize)") }
      guard warmupEpochs >= 0 else { throw UsageError("fit wants warmup_epochs >= 0, got \(warmupEpochs)") }
      if let warmupSteps, warmupSteps < 0 { throw UsageError("fit wants warmup_steps >= 0, got \(warmupSteps)") }
      guard betas.count == 2 else { throw UsageError("betas wants two numbers, got \(betas.count)") }
      if let emaWarmupEpochs, emaWarmupEpochs < 0 { throw UsageError("fit wants ema_warmup_epochs >= 0, got \(emaWarmupEpochs)") }
      guard validation >= 0, validation < 1 else { throw UsageError("validation is a share of the episodes from 0 to below 1, got \(validation)") }
      guard validation > 0 || keep != .best else { throw UsageError("keep = 'best' wants validation > 0: the best is what episodes held out say") }
      if let patience {
        guard validation > 0 else { throw UsageError("patience wants validation > 0: it waits for episodes held out") }
        guard patience >= 1 else { throw UsageError("fit wants patience >= 1, got \(patience)") }
      }
    }

    /// The average's options, for a warm-up of the learning rate of `warmUp` steps.
    func average(warmUp: Int, stepsAnEpoch: Int) -> EMA.Config {
      var config = EMA.Config()
      (config.decay, config.power, config.every) = (emaDecay, emaPower, emaEvery)
      (config.invGamma, config.minDecay) = (emaInvGamma, emaMinDecay)
      config.warmUp = emaWarmupEpochs.map { min($0, epochs) * stepsAnEpoch } ?? warmUp
      return config
    }

    var adam: Adam.Config {
      var config = Adam.Config.adamW
      (config.learningRate, config.weightDecay, config.maxGradNorm) = (learningRate, weightDecay, maxGradNorm)
      (config.beta1, config.beta2) = (betas[0], betas[1])
      return config
    }
  }

  /// One epoch's end.
  public struct Epoch: Codable, Equatable, Sendable {
    public let number: Int
    public let of: Int
    /// Mean squared error of what the network is trained to say.
    public let loss: Float
    /// The same on the episodes held out, by the averaged weights, at the same noises and times every time.
    public let validationLoss: Float?
    /// The epoch with the lowest one.
    public let bestEpoch: Int?
    public let learningRate: Float
    public let gradientSteps: Int
    /// No epoch comes after this one.
    public let isLast: Bool
  }
}
