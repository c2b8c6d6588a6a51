import Glibc
import NeuralNets
import Tensors

/// Behaviour data as a diffusion policy sees it: from each start, `horizon` consecutive actions.
public struct ActionChunks: Sendable {
  /// [N, observation] and [N, action], in the environment's units, episode after episode.
  public let observations: Tensor
  public let actions: Tensor
  /// Rows from which a whole chunk fits inside its episode.
  public let starts: [Int]

  /// Throws unless the rows agree and every chunk of `horizon` fits.
  public init(observations: Tensor, actions: Tensor, starts: [Int], horizon: Int) throws {
    guard observations.rank == 2, actions.rank == 2, observations.shape[0] == actions.shape[0] else {
      throw UsageError("training data wants observations [N, o] and actions [N, a], got shapes \(observations.shape) and \(actions.shape)")
    }
    guard !starts.isEmpty else { throw UsageError("the data has no episode of \(horizon) steps, so no chunk to train on") }
    guard starts.allSatisfy({ $0 >= 0 && $0 + horizon <= actions.shape[0] }) else { throw UsageError("a chunk of \(horizon) reaches past the data's end") }
    (self.observations, self.actions, self.starts) = (observations, actions, starts)
  }
}

extension DiffusionPolicy {
  /// DPPO's recipe (Ren et al. 2024) by default: AdamW, cosine learning rate after a warm-up, an average of the weights.
  public struct Training: Codable, Equatable, Sendable {
    /// Passes over the chunks.
    public var epochs = 200
    public var batchSize = 256
    public var learningRate: Float = 1e-3
    /// Where the cosine ends.
    public var finalLearningRate: Float = 1e-4
    /// Epochs in which the learning rate rises.
    public var warmupEpochs = 1
    public var weightDecay: Float = 1e-6
    public var emaDecay: Float = 0.995
    public var seed = 1

    public init() {}
  }

  /// One epoch's end.
  public struct Epoch: Sendable {
    public let number: Int
    public let of: Int
    /// Mean squared error of the predicted noise.
    public let loss: Float
    public let learningRate: Float
    public let gradientSteps: Int
  }

  /// Trains the network on the squared error of what the process has it say at random noise levels and leaves the averaged weights in it.
  /// `report` runs after each epoch; what it throws ends training with the averages so far.
  public func fit(_ chunks: ActionChunks, _ options: Training = Training(), report: (Epoch) throws -> Void = { _ in }) throws {
    try check(chunks, options)
    try setNormalization(observation: Normalizer(fitting: chunks.observations), action: Normalizer(fitting: chunks.actions))
    let observations = try normalize(chunks.observations)
    let actions = try trainedAction(chunks.actions)

    let stepsAnEpoch = max(1, chunks.starts.count / options.batchSize)
    let total = options.epochs * stepsAnEpoch
    let warmUp = min(options.warmupEpochs * stepsAnEpoch, total - 1)
    let rate = try Schedule(.cosine, learningRate: options.learningRate, minimum: options.finalLearningRate, warmUp: warmUp, steps: total)
    var adam = Adam.Config.adamW
    (adam.learningRate, adam.weightDecay) = (options.learningRate, options.weightDecay)
    let optimizer = try Adam(network.namedParameters, adam)
    var averaging = EMA.Config()
    (averaging.decay, averaging.warmUp) = (options.emaDecay, warmUp)
    let average = try EMA(network, averaging)
    try network.train(true)
    network.dropoutSource?.stream = RandomStream(seed: options.seed, purpose: "dropout")
    defer { weightsChanged() }

    var order = chunks.starts
    var stream = RandomStream(seed: options.seed, purpose: "denoiser")
    do {
      for epoch in 0..<options.epochs {
        order.shuffle(using: &stream)
        var sum = 0.0
        for batch in 0..<stepsAnEpoch {
          try Interrupt.check()
          let step = epoch * stepsAnEpoch + batch
          let rows = (0..<min(options.batchSize, order.count)).map { order[(batch * options.batchSize + $0) % order.count] }
          optimizer.learningRate = rate(step + 1)
          let loss = try denoisingLoss(observations, actions, rows, &stream)
          _ = try optimizer.descend(loss)
          try average.update(network)
          sum += try Double(loss.item())
        }
        let mean = Float(sum / Double(stepsAnEpoch))
        guard mean.isFinite else { throw UsageError("training diverged in epoch \(epoch + 1): the loss is \(mean); try a smaller learning_rate") }
        try report(Epoch(number: epoch + 1, of: options.epochs, loss: mean, learningRate: optimizer.learningRate, gradientSteps: (epoch + 1) * stepsAnEpoch))
      }
    } catch {
      try average.copy(to: network)
      try network.train(false)
      throw error
    }
    try average.copy(to: network)
    try network.train(false)
  }

  private func trainedAction(_ actions: Tensor) throws -> Tensor {
    guard let action = normalization?.action else { return actions }
    return try action.normalize(actions)
  }

  private func check(_ chunks: ActionChunks, _ options: Training) throws {
    guard chunks.observations.shape[1] == observationSize, chunks.actions.shape[1] == actionSize else {
      throw UsageError("this policy wants \(observationSize) observation and \(actionSize) action columns, the data has \(chunks.observations.shape[1]) and \(chunks.actions.shape[1])")
    }
    guard options.epochs > 0, options.batchSize > 0 else {
      throw UsageError("fit wants epochs >= 1 and batch_size >= 1, got \(options.epochs) and \(options.batchSize)")
    }
  }

  /// One batch's mean squared error of what the process has the network say.
  private func denoisingLoss(_ observations: Tensor, _ actions: Tensor, _ rows: [Int], _ stream: inout RandomStream) throws -> Tensor {
    let observation = try observations.indexSelect(0, rows)
    let chunk = try actions.indexSelect(0, rows.flatMap { $0..<$0 + horizon }).reshape([rows.count, latentSize])
    let lesson = try lesson(chunk, &stream)
    let error = try (network(lesson.input, lesson.time, observation) - lesson.target).squared()
    return try (lesson.weight.map { try $0 * error } ?? error).mean()
  }

  private func lesson(_ chunk: Tensor, _ stream: inout RandomStream) throws -> Lesson {
    switch config.process {
    case .ddpm(let process): try process.lesson(chunk, alphaBars, using: &stream)
    case .edm(let process): try process.lesson(chunk, using: &stream)
    case .flow(let process): try process.lesson(chunk, using: &stream)
    }
  }
}
