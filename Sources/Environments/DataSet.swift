import Tensors

/// Behaviour data: what was seen, done and earned, step after step, episode after episode (D4RL's layout).
public struct DataSet {
  /// [N, observation], before the action.
  public let observations: Tensor
  /// [N, action].
  public let actions: Tensor
  /// [N].
  public let rewards: Tensor
  /// Where the task itself ended the episode.
  public let terminals: [Bool]
  /// Where the episode was cut off: a time limit, or the end of collecting.
  public let timeouts: [Bool]
  public let episodes: [Episode]

  /// A run of steps that follow each other.
  public struct Episode: Equatable, Sendable {
    public let range: Range<Int>
    /// Sum of the rewards.
    public let `return`: Double
    public let terminated: Bool
  }

  /// Throws where lengths differ, nothing is there, or a number is not finite. An episode ends at a terminal, a timeout or the last step.
  public init(observations: Tensor, actions: Tensor, rewards: Tensor, terminals: [Bool], timeouts: [Bool]) throws {
    guard observations.rank == 2, let count = observations.shape.first, count > 0 else {
      throw UsageError("observations want the shape [steps, size], got \(observations.shape)")
    }
    guard actions.rank == 2, actions.shape[0] == count else { throw UsageError("actions want the shape [\(count), size], got \(actions.shape)") }
    guard rewards.shape == [count] else { throw UsageError("rewards want the shape [\(count)], got \(rewards.shape)") }
    guard terminals.count == count else { throw UsageError("terminals want the shape [\(count)], got [\(terminals.count)]") }
    guard timeouts.count == count else { throw UsageError("timeouts want the shape [\(count)], got [\(timeouts.count)]") }
    for (name, tensor) in [("observations", observations), ("actions", actions), ("rewards", rewards)] {
      if let bad = tensor.values.firstIndex(where: { !$0.isFinite }) {
        let value = tensor.values[bad]
        throw UsageError("\(name) hold \(value.isNaN ? "nan" : "\(value)") at step \(bad / (tensor.count / count) + 1)")
      }
    }
    (self.observations, self.actions, self.rewards) = (observations, actions, rewards)
    (self.terminals, self.timeouts) = (terminals, timeouts)
    episodes = DataSet.episodes(rewards.values, terminals, timeouts)
  }

  /// Steps in all.
  public var count: Int { terminals.count }

  /// The steps at which chunks of `horizon` actions end no more than `padAfter` actions after their episode; `actionOffset` of the actions lie
  /// before the step, and may lie before the episode too.
  public func windows(horizon: Int, actionOffset: Int = 0, padAfter: Int = 0) throws -> [Int] {
    guard horizon >= 1 else { throw UsageError("horizon wants a positive number, got \(horizon)") }
    guard (0..<horizon).contains(actionOffset) else { throw UsageError("action_offset wants a number from 0 to \(horizon - 1), got \(actionOffset)") }
    guard (0..<horizon).contains(padAfter) else { throw UsageError("pad_after wants a number from 0 to \(horizon - 1), got \(padAfter)") }
    let ahead = horizon - actionOffset - padAfter
    let starts = episodes.flatMap { $0.range.count >= ahead ? Array($0.range.lowerBound...$0.range.upperBound - max(ahead, 1)) : [] }
    guard !starts.isEmpty else {
      let longest = episodes.map(\.range.count).max() ?? 0
      let text = ahead == horizon ? "the horizon \(horizon)" : "the \(ahead) steps that are left of the horizon \(horizon)"
      throw UsageError("no episode is as long as \(text); the longest has \(longest) steps")
    }
    return starts
  }

  private static func episodes(_ rewards: [Float], _ terminals: [Bool], _ timeouts: [Bool]) -> [Episode] {
    var episodes: [Episode] = []
    var start = 0
    for index in rewards.indices where terminals[index] || timeouts[index] || index == rewards.count - 1 {
      let sum = rewards[start...index].reduce(0) { $0 + Double($1) }
      episodes.append(Episode(range: start..<index + 1, return: sum, terminated: terminals[index]))
      start = index + 1
    }
    return episodes
  }
}

/// What a column of numbers looks like.
public struct Summary: Codable, Equatable, Sendable {
  public let (minimum, maximum, mean): (Double, Double, Double)
  /// Of the numbers at hand, not of what they were drawn from.
  public let standardDeviation: Double

  init(_ values: [Double]) {
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0, +) / count
    (minimum, maximum, self.mean) = (values.min() ?? 0, values.max() ?? 0, mean)
    standardDeviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
  }
}

extension DataSet {
  /// Of each element of the observations.
  public var observationStatistics: [Summary] { DataSet.columns(observations) }
  /// Of each element of the actions.
  public var actionStatistics: [Summary] { DataSet.columns(actions) }
  public var returnStatistics: Summary { Summary(episodes.map(\.return)) }
  public var lengthStatistics: Summary { Summary(episodes.map { Double($0.range.count) }) }

  private static func columns(_ tensor: Tensor) -> [Summary] {
    let (values, width) = (tensor.values, tensor.shape[1])
    return (0..<width).map { column in Summary(stride(from: column, to: values.count, by: width).map { Double(values[$0]) }) }
  }
}

extension DataSet: CustomStringConvertible {
  /// `DataSet(20000 steps, 41 episodes, observation 11, action 3, return 1203.4 ± 80.1)`
  public var description: String {
    let returns = returnStatistics
    func short(_ value: Double) -> String { String((value * 100).rounded() / 100) }
    return "DataSet(\(count) steps, \(episodes.count) episodes, observation \(observations.shape[1]), action \(actions.shape[1]), "
      + "return \(short(returns.mean)) ± \(short(returns.standardDeviation)))"
  }
}
