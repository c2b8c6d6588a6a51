import Tensors

/// Behaviour data as a diffusion policy sees it: at each start, the last observations and `horizon` actions in succession. Windows are rows of the
/// data, not copies of them.
public struct ActionChunks: Sendable {
  /// [N, observation] and [N, action], in the environment's units, episode after episode.
  public let observations: Tensor
  public let actions: Tensor
  /// The rows that are a window's present: its last observation's.
  public let starts: [Int]
  /// Rows that follow each other, in order; all rows are in one.
  public let episodes: [Range<Int>]
  /// Actions of a window.
  public let horizon: Int
  /// Observations of a window.
  public let observationSteps: Int
  /// Actions of a window that lie before its present.
  public let actionOffset: Int

  /// `episodes` nil: the data are one. Throws unless the rows agree, and where a chunk reaches more than `padAfter` actions past its episode's end.
  public init(
    observations: Tensor, actions: Tensor, starts: [Int], horizon: Int, observationSteps: Int = 1, actionOffset: Int = 0, padAfter: Int = 0,
    episodes: [Range<Int>]? = nil
  ) throws {
    guard observations.rank == 2, actions.rank == 2, observations.shape[0] == actions.shape[0] else {
      throw UsageError("training data wants observations [N, o] and actions [N, a], got shapes \(observations.shape) and \(actions.shape)")
    }
    guard !starts.isEmpty else { throw UsageError("the data has no episode of \(horizon) steps, so no chunk to train on") }
    let episodes = episodes ?? [0..<actions.shape[0]]
    guard zip(episodes, episodes.dropFirst()).allSatisfy({ $0.upperBound == $1.lowerBound }), episodes.allSatisfy({ !$0.isEmpty }),
      episodes.first?.lowerBound == 0, episodes.last?.upperBound == actions.shape[0]
    else { throw UsageError("training data wants episodes that follow each other from the first row to the last, \(actions.shape[0])") }
    guard horizon >= 1, observationSteps >= 1, actionOffset >= 0, actionOffset < horizon, padAfter >= 0 else {
      throw UsageError(
        "windows want positive observation_steps and horizon, an action_offset below the horizon and a pad_after that is not negative, got \(observationSteps), \(horizon), \(actionOffset), \(padAfter)")
    }
    (self.observations, self.actions, self.starts, self.episodes) = (observations, actions, starts, episodes)
    (self.horizon, self.observationSteps, self.actionOffset) = (horizon, observationSteps, actionOffset)
    for start in starts {
      guard start >= 0, start < actions.shape[0], start - actionOffset + horizon <= episode(of: start).upperBound + padAfter else {
        throw UsageError("a chunk of \(horizon) reaches past its episode's end")
      }
    }
  }

  /// The rows of the observations of the windows at `starts`, oldest first, window after window; before an episode's start its first row.
  public func observationRows(_ starts: [Int]) -> [Int] {
    guard observationSteps > 1 else { return starts }
    return starts.flatMap { start in
      let first = episode(of: start).lowerBound
      return (start - observationSteps + 1...start).map { max($0, first) }
    }
  }

  /// The rows of the actions of the windows at `starts`, window after window; before an episode's start its first row, after its end its last.
  public func actionRows(_ starts: [Int]) -> [Int] {
    starts.flatMap { start in
      let episode = episode(of: start)
      return (start - actionOffset..<start - actionOffset + horizon).map { min(max($0, episode.lowerBound), episode.upperBound - 1) }
    }
  }

  /// By bisection.
  private func episode(of row: Int) -> Range<Int> {
    var (low, high) = (0, episodes.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if episodes[middle].lowerBound <= row { low = middle } else { high = middle - 1 }
    }
    return episodes[low]
  }
}
