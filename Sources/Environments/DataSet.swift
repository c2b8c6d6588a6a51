import Files
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
  /// What was seen after the last step of each episode, [episodes, observation]; nil where the data do not say so of all.
  public let finalObservations: Tensor?
  /// Whether a step reached the task's goal; nil where the data do not say.
  public let success: [Bool]?
  /// Further numbers of every step by name, [N, ...].
  public let infos: [String: Tensor]
  /// What a file says about its data.
  public let attributes: [String: JSON]

  /// A run of steps that follow each other.
  public struct Episode: Equatable, Sendable {
    public let range: Range<Int>
    /// Sum of the rewards.
    public let `return`: Double
    public let terminated: Bool
    /// Whether a step of it reached the task's goal; nil where the data do not say.
    public let success: Bool?
  }

  /// Throws where lengths differ, nothing is there, or a number is not finite. An episode ends at a terminal, a timeout or the last step.
  public init(
    observations: Tensor, actions: Tensor, rewards: Tensor, terminals: [Bool], timeouts: [Bool], finalObservations: Tensor? = nil,
    success: [Bool]? = nil, infos: [String: Tensor] = [:], attributes: [String: JSON] = [:]
  ) throws {
    guard observations.rank == 2, let count = observations.shape.first, count > 0 else {
      throw UsageError("observations want the shape [steps, size], got \(observations.shape)")
    }
    guard actions.rank == 2, actions.shape[0] == count else { throw UsageError("actions want the shape [\(count), size], got \(actions.shape)") }
    guard rewards.shape == [count] else { throw UsageError("rewards want the shape [\(count)], got \(rewards.shape)") }
    for (name, flags) in [("terminals", terminals), ("timeouts", timeouts), ("success", success ?? terminals)] where flags.count != count {
      throw UsageError("\(name) want the shape [\(count)], got [\(flags.count)]")
    }
    for (name, info) in infos where info.shape.first != count { throw UsageError("infos/\(name) wants \(count) rows, got shape \(info.shape)") }
    episodes = DataSet.episodes(rewards.values, terminals, timeouts, success)
    if let finalObservations, finalObservations.shape != [episodes.count, observations.shape[1]] {
      throw UsageError("final_observations want the shape [\(episodes.count), \(observations.shape[1])], got \(finalObservations.shape)")
    }
    for (name, tensor) in [("observations", observations), ("actions", actions), ("rewards", rewards), ("final_observations", finalObservations ?? rewards)] {
      try DataSet.check(name, tensor)
    }
    (self.observations, self.actions, self.rewards) = (observations, actions, rewards)
    (self.terminals, self.timeouts) = (terminals, timeouts)
    (self.finalObservations, self.success, self.infos, self.attributes) = (finalObservations, success, infos, attributes)
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

  /// Every number must be finite; reads them where they are, however many.
  private static func check(_ name: String, _ tensor: Tensor) throws {
    let bad = tensor.withPointer { values in (0..<tensor.count).first { !values[$0].isFinite }.map { ($0, values[$0]) } }
    guard let (place, value) = bad else { return }
    throw UsageError("\(name) hold \(value.isNaN ? "nan" : "\(value)") at step \(place / (tensor.count / tensor.shape[0]) + 1)")
  }

  private static func episodes(_ rewards: [Float], _ terminals: [Bool], _ timeouts: [Bool], _ success: [Bool]?) -> [Episode] {
    var episodes: [Episode] = []
    var start = 0
    for index in rewards.indices where terminals[index] || timeouts[index] || index == rewards.count - 1 {
      let sum = rewards[start...index].reduce(0) { $0 + Double($1) }
      episodes.append(Episode(range: start..<index + 1, return: sum, terminated: terminals[index], success: success?[start...index].contains(true)))
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

  /// Of the episodes.
  public var terminatedShare: Double { Double(episodes.count { $0.terminated }) / Double(episodes.count) }
  /// Of the episodes; nil where the data do not say.
  public var successShare: Double? { success.map { _ in Double(episodes.count { $0.success == true }) / Double(episodes.count) } }

  private static func columns(_ tensor: Tensor) -> [Summary] {
    let width = tensor.shape[1]
    return tensor.withPointer { values in
      (0..<width).map { column in Summary(stride(from: column, to: tensor.count, by: width).map { Double(values[$0]) }) }
    }
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
