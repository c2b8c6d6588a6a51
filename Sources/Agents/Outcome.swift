import Environments
import Tensors

/// What came of a decision in every environment; the names are a VectorStep's.
public struct Outcome {
  /// Where the next decision starts, [n, observation].
  public let observation: Tensor
  /// The last observation of the chunk itself, before any reset, [n, observation].
  public let finalObservation: Tensor
  /// The sum over the executed steps, [n].
  public let reward: Tensor
  public let terminated: [Bool]
  public let truncated: [Bool]
  public let stepsTaken: [Int]

  public init(observation: Tensor, finalObservation: Tensor, reward: Tensor, terminated: [Bool], truncated: [Bool], stepsTaken: [Int]) {
    (self.observation, self.finalObservation, self.reward) = (observation, finalObservation, reward)
    (self.terminated, self.truncated, self.stepsTaken) = (terminated, truncated, stepsTaken)
  }

  init(_ step: VectorStep) {
    self.init(
      observation: step.observation, finalObservation: step.finalObservation, reward: step.reward, terminated: step.terminated,
      truncated: step.truncated, stepsTaken: step.stepsTaken)
  }

  /// Throws unless it is of `count` environments that took 1 to `chunk` steps.
  func check(count: Int, chunk: Int) throws {
    guard reward.shape == [count], terminated.count == count, truncated.count == count, stepsTaken.count == count else {
      throw UsageError(
        "observe wants what came of \(count) decisions, got rewards of shape \(reward.shape), \(terminated.count) terminated, \(truncated.count) truncated and \(stepsTaken.count) steps_taken")
    }
    guard stepsTaken.allSatisfy({ 1...chunk ~= $0 }) else { throw UsageError("observe wants steps_taken from 1 to the chunk of \(chunk), got \(stepsTaken)") }
  }
}
