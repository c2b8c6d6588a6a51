import NeuralNets
import Tensors

extension DiffusionPolicy {
  /// Trains the network on what the process has it say at random noise levels and leaves the averaged weights in it. `report` runs after each epoch;
  /// what it throws ends training with the averages so far, and the same call again goes on from there.
  public func fit(_ chunks: ActionChunks, _ options: Training = Training(), report: (Epoch) throws -> Void = { _ in }) throws {
    try fitting(chunks, options).run { epoch in
      try report(epoch)
      return true
    }
  }

  /// A training to run: the one that was left unfinished if it was of the same data and options, else a new one, from the weights as they are.
  public func fitting(_ chunks: ActionChunks, _ options: Training = Training()) throws -> DenoiserFitting {
    try options.check()
    try check(chunks, options)
    let identity = try FittingIdentity(self, chunks, options)
    if let unfinished, unfinished.identity == identity, !unfinished.isFinished { return unfinished }
    let (observation, action) = (try Normalizer(fitting: chunks.observations), try Normalizer(fitting: chunks.actions))
    let loss = try DenoiserLoss(self, chunks, observation: observation, action: action)
    let fitting = try DenoiserFitting(self, loss, TrajectorySplit(chunks, share: options.validation, seed: options.seed), identity)
    try setNormalization(observation: observation, action: action)
    return fitting
  }

  private func check(_ chunks: ActionChunks, _ options: Training) throws {
    guard chunks.observations.shape[1] == observationSize, chunks.actions.shape[1] == actionSize else {
      throw UsageError("this policy wants \(observationSize) observation and \(actionSize) action columns, the data has \(chunks.observations.shape[1]) and \(chunks.actions.shape[1])")
    }
    guard (chunks.observationSteps, chunks.horizon, chunks.actionOffset) == (observationSteps, horizon, actionOffset) else {
      throw UsageError(
        "this policy wants windows of observation_steps \(observationSteps), horizon \(horizon), action_offset \(actionOffset), got \(chunks.observationSteps), \(chunks.horizon), \(chunks.actionOffset)")
    }
    guard case .flow(let flow) = config.process, flow.coupling != .independent else { return }
    let batch = options.batchSize ?? min(Training.usualBatchSize, chunks.starts.count)
    guard batch <= Assignment.longest else {
      throw UsageError("coupling '\(flow.coupling.rawValue)' pairs batches of at most \(Assignment.longest) exactly, got batch_size \(batch)")
    }
    let spread = zip(try chunks.observations.detach().min(0).values, try chunks.observations.detach().max(0).values)
    guard flow.coupling == .otAcrossObservations || spread.allSatisfy({ $0 == $1 }) else {
      throw UsageError(
        "coupling 'ot' exchanges noises between the chunks of a batch, so where observations vary, as here, the noise would depend on the observation: the flow is biased and a given noise means less for steering; wanted 'independent', or 'ot_across_observations' to do it all the same")
    }
  }
}

extension DiffusionPolicy.Training {
  static let usualBatchSize = 256
}
