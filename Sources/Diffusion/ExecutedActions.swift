import Tensors

// Which observations go into a decision and which actions of the chunk are executed.
extension DiffusionPolicy {
  /// Throws unless the executed actions are in the chunk, and the chunk begins between the first observation and the present.
  func checkExecution() throws {
    let latest = min(observationSteps, horizon) - 1
    guard (0...latest).contains(actionOffset) else {
      throw UsageError("action_offset wants a number from 0 to \(latest), of actions since the first of \(observationSteps) observations, got \(actionOffset)")
    }
    let most = horizon - actionOffset
    guard (1...most).contains(actionSteps) else {
      throw UsageError("action_steps wants a number from 1 to \(most) (horizon \(horizon), action_offset \(actionOffset)), got \(actionSteps)")
    }
  }

  func checkObservation(_ observation: Tensor) throws {
    guard observation.rank == 2, observation.shape[1] == conditionSize else {
      let several = observationSteps == 1 ? "" : " (\(observationSteps) observations of \(observationSize))"
      throw UsageError("this policy wants observations of shape [n, \(conditionSize)]\(several), got \(observation.shape)")
    }
  }
}
