import Tensors

/// The scores of one method's runs, task by task: what Agarwal et al. 2021 ("Deep Reinforcement Learning at the Edge of the Statistical
/// Precipice") sum up. Tasks may have different numbers of runs.
public struct ScoreTable: Equatable, Sendable {
  /// `tasks[m]` holds the runs of task m.
  public let tasks: [[Double]]

  public init(_ tasks: [[Double]]) throws {
    guard !tasks.isEmpty, tasks.allSatisfy({ !$0.isEmpty }) else { throw UsageError("scores want at least one task and one run of each, got runs \(tasks.map(\.count))") }
    guard tasks.joined().allSatisfy(\.isFinite) else { throw UsageError("scores want finite numbers, got \(tasks.joined().first { !$0.isFinite } ?? .nan) among them") }
    self.tasks = tasks
  }

  /// Tables made by resampling have been checked already.
  package init(resampled tasks: [[Double]]) { self.tasks = tasks }

  public var runCount: Int { tasks.reduce(0) { $0 + $1.count } }
  private var taskMeans: [Double] { tasks.map { $0.reduce(0, +) / Double($0.count) } }

  /// The mean of the tasks' means.
  public var mean: Double { taskMeans.average }

  /// The median of the tasks' means.
  public var median: Double {
    let means = taskMeans.sorted()
    return means.count % 2 == 1 ? means[means.count / 2] : (means[means.count / 2 - 1] + means[means.count / 2]) / 2
  }

  /// The mean of all runs together without the lowest and the highest quarter, ⌊n/4⌋ of each.
  public var interquartileMean: Double {
    let all = tasks.joined().sorted()
    let cut = all.count / 4
    return Array(all[cut..<(all.count - cut)]).average
  }

  /// By how much the runs stay below `target` on average, what is above it counting as reached.
  public func optimalityGap(target: Double = 1) -> Double { target - tasks.map { $0.map { min($0, target) }.average }.average }

  /// The probability that a run of this method beats one of `other` on the same task, ties counting half (Mann and Whitney 1947's U over
  /// the number of pairs); the mean over tasks. Throws where the two have different numbers of tasks.
  public func probabilityOfImprovement(over other: ScoreTable) throws -> Double {
    guard tasks.count == other.tasks.count else { throw UsageError("two methods are compared on the same tasks, got \(tasks.count) and \(other.tasks.count)") }
    return zip(tasks, other.tasks).map(ScoreTable.winning).average
  }

  /// The share of runs above each of `thresholds`: the run-score distribution, every task with the same weight.
  public func profile(_ thresholds: [Double]) -> [Double] {
    thresholds.map { threshold in tasks.map { runs in Double(runs.count { $0 > threshold }) / Double(runs.count) }.average }
  }

  private static func winning(_ ours: [Double], _ theirs: [Double]) -> Double {
    let sorted = theirs.sorted()
    let points = ours.reduce(0.0) { sum, score in sum + 0.5 * Double(sorted.count(below: score) + sorted.count(upTo: score)) }
    return points / Double(ours.count * theirs.count)
  }
}

extension [Double] {
  var average: Double { reduce(0, +) / Double(count) }
  /// Of a sorted list: how many are smaller than `value`.
  fileprivate func count(below value: Double) -> Int { partition { $0 < value } }
  /// Of a sorted list: how many are not larger than `value`.
  fileprivate func count(upTo value: Double) -> Int { partition { $0 <= value } }

  private func partition(_ isBefore: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
