import NeuralNets
import Tensors

/// A training of a policy's denoiser that can stop between any two gradient steps and go on later to the same numbers. Every step draws from a stream
/// of its own number, so that the number is all the randomness there is to keep.
public final class DenoiserFitting {
  let identity: FittingIdentity
  /// SHA-256 of what is trained, on what and how, and of the weights that it begins with: the same for the same training in another process.
  public let fingerprint: String
  private weak var policy: DiffusionPolicy?
  private let network: any Denoiser
  private let loss: DenoiserLoss
  private let split: TrajectorySplit
  private let batchSize: Int
  private let schedule: Schedule
  let optimizer: Adam
  let average: EMA
  /// The weights that are trained, while the network holds those that act.
  private var trained: [NamedTensor]
  /// The averages of the best epoch.
  private(set) var best: [NamedTensor]
  private(set) var progress = Progress()
  private var isRunning = false
  /// The network holds the weights that are trained.
  private var isTraining = false

  /// What is to be kept beside the arrays.
  struct Progress: Codable {
    /// Gradient steps done.
    var steps = 0
    /// Losses of the epoch's steps so far.
    var sum = 0.0
    var bestLoss: Float?
    var bestEpoch: Int?
    var last: DiffusionPolicy.Epoch?
  }

  /// Gradient steps in an epoch; a rest that fills no batch is left out, another one each epoch.
  public let stepsAnEpoch: Int
  private var options: DiffusionPolicy.Training { identity.options }

  init(_ policy: DiffusionPolicy, _ loss: DenoiserLoss, _ split: TrajectorySplit, _ identity: FittingIdentity) throws {
    (self.policy, network, self.loss, self.split, self.identity) = (policy, policy.network, loss, split, identity)
    let options = identity.options, count = split.training.count
    if let batch = options.batchSize, batch > count { throw UsageError("batch_size \(batch) is more than the \(count) chunks that there are to train on") }
    batchSize = options.batchSize ?? min(DiffusionPolicy.Training.usualBatchSize, count)
    stepsAnEpoch = count / batchSize
    let total = options.epochs * stepsAnEpoch
    let warmUp = min(options.warmupSteps ?? min(options.warmupEpochs, options.epochs) * stepsAnEpoch, total - 1)
    schedule = try Schedule(options.learningRateSchedule, learningRate: options.learningRate, minimum: options.finalLearningRate, warmUp: warmUp, steps: total)
    optimizer = try Adam(policy.network.namedParameters, options.adam)
    average = try EMA(policy.network, options.average(warmUp: warmUp, stepsAnEpoch: stepsAnEpoch))
    trained = copies(policy.network.namedParameters)
    fingerprint = try identity.fingerprint(of: trained)
    best = split.heldOut.isEmpty ? [] : copies(policy.network.namedParameters)
  }

  public var epochs: Int { options.epochs }
  /// Epochs that are done.
  public var epoch: Int { progress.steps / stepsAnEpoch }
  /// Gradient steps that are done.
  public var steps: Int { progress.steps }
  /// The last epoch that ended.
  public var lastEpoch: DiffusionPolicy.Epoch? { progress.last }
  public var isFinished: Bool { progress.last?.isLast ?? false }
  /// The weights that are trained, as they are now.
  var weights: [NamedTensor] { isTraining ? network.namedParameters : trained }

  /// Goes on to the end. `report` runs after each epoch, with the averages in the network; false ends this run, as what it throws does. `pause` runs
  /// between gradient steps. However it ends, the averages so far are in the network, or the best of them.
  public func run(pause: () throws -> Void = {}, report: (DiffusionPolicy.Epoch) throws -> Bool) throws {
    guard !isRunning else { throw UsageError("this policy is being fitted already") }
    isRunning = true
    policy?.unfinished = self
    defer {
      isRunning = false
      if isFinished { policy?.unfinished = nil }
      policy?.weightsChanged()
    }
    do {
      try train()
      while !isFinished {
        try Interrupt.check()
        try pause()
        let judged = progress.last?.number ?? 0
        if epoch == judged { try Interrupt.whole { try step() } }
        if epoch > judged, try !withAverages({ try report(endEpoch()) }) { break }
      }
    } catch {
      try act()
      throw error
    }
    try act()
  }

  private func step() throws {
    let (epoch, batch) = progress.steps.quotientAndRemainder(dividingBy: stepsAnEpoch)
    if batch == 0 {
      order = nil
      progress.sum = 0
    }
    let rows = Array(shuffled(epoch)[batch * batchSize..<(batch + 1) * batchSize])
    var stream = RandomStream(seed: options.seed, purpose: "denoiser", index: progress.steps)
    network.dropoutSource?.stream = RandomStream(seed: options.seed, purpose: "dropout", index: progress.steps)
    optimizer.learningRate = schedule(progress.steps + 1)
    let loss = try loss(rows, &stream)
    try optimizer.descend(loss)
    try average.update(network)
    progress.sum += try Double(loss.item())
    progress.steps += 1
  }

  private var order: [Int]?
  private func shuffled(_ epoch: Int) -> [Int] {
    if let order { return order }
    var stream = RandomStream(seed: options.seed, purpose: "order", index: epoch)
    let fresh = split.training.shuffled(using: &stream)
    order = fresh
    return fresh
  }

  /// Judges the epoch that has just ended, by the averages in the network.
  private func endEpoch() throws -> DiffusionPolicy.Epoch {
    let number = epoch, mean = Float(progress.sum / Double(stepsAnEpoch))
    let judged = try split.heldOut.isEmpty ? nil : loss.validation(split.heldOut, batch: batchSize, seed: options.seed)
    for loss in [mean, judged ?? 0] where !loss.isFinite {
      throw UsageError("training diverged in epoch \(number): the loss is \(loss); try a smaller learning_rate")
    }
    if let judged, judged < progress.bestLoss ?? .infinity {
      (progress.bestLoss, progress.bestEpoch) = (judged, number)
      best = copies(average.average)
    }
    let isTired = options.patience.map { number - (progress.bestEpoch ?? 0) >= $0 } ?? false
    let result = DiffusionPolicy.Epoch(
      number: number, of: options.epochs, loss: mean, validationLoss: judged, bestEpoch: progress.bestEpoch, learningRate: optimizer.learningRate,
      gradientSteps: progress.steps, isLast: isTired || number == options.epochs)
    progress.last = result
    return result
  }

  public func run() throws { try run { _ in true } }

  /// Puts the averages so far into the network without going on.
  public func rest() throws {
    policy?.unfinished = isFinished ? nil : self
    try act()
  }

  /// The network learns on.
  private func train() throws {
    try network.load(stateDict: dictionary(trained))
    try network.train(true)
    isTraining = true
  }

  /// The network acts, with the averages or the best of them.
  private func act() throws {
    if isTraining { trained = copies(network.namedParameters) }
    isTraining = false
    try network.train(false)
    let keepsBest = options.keep.map { $0 == .best } ?? !split.heldOut.isEmpty
    try network.load(stateDict: dictionary(keepsBest && progress.bestEpoch != nil ? best : average.average))
    policy?.weightsChanged()
  }

  private func withAverages<R>(_ body: () throws -> R) throws -> R {
    trained = copies(network.namedParameters)
    isTraining = false
    try network.train(false)
    try average.copy(to: network)
    policy?.weightsChanged()
    let result = try body()
    try train()
    return result
  }

  /// Takes over where a checkpoint left off.
  func restore(_ progress: Progress, trained: [String: Tensor], best: [String: Tensor], optimizer: [String: Tensor], average: [String: Tensor]) throws {
    if progress.last?.isLast != true {
      try self.optimizer.load(state: optimizer)
      self.trained = try network.namedParameters.map { try named($0, in: trained) }
    }
    try self.average.load(state: average)
    self.best = try self.best.map { try named($0, in: best) }
    (self.progress, order) = (progress, nil)
  }

  private func named(_ wanted: NamedTensor, in state: [String: Tensor]) throws -> NamedTensor {
    guard let found = state[wanted.name], found.shape == wanted.tensor.shape else { throw UsageError("the checkpoint of the training lacks \(wanted.name)") }
    return (name: wanted.name, tensor: found)
  }
}

private func copies(_ tensors: [NamedTensor]) -> [NamedTensor] { tensors.map { (name: $0.name, tensor: $0.tensor.copied()) } }
private func dictionary(_ tensors: [NamedTensor]) -> [String: Tensor] { Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first } }
