import Files
import Glibc
import Runs
import Tensors

/// What the finished cells of a suite measured.
public struct Results: Sendable {
  /// One finished run.
  public struct Run: Sendable {
    public let cell: Cell
    /// On the task's own scale, and on the normalised one.
    public let score, normalized: Double
    /// The evaluations: environment steps, wall time in seconds, the metric.
    public let steps, seconds, values: [Double]
    /// Of the whole run.
    public let wallTime: Double
    public let gradientSteps: Double?
    public let peakMemory: Double?
    public let manifest: Manifest
  }

  public let suite: Suite
  public let runs: [Run]
  /// Cells that have no result, with where they are.
  public let missing: [(cell: Cell, state: SuiteStore.State)]
  /// In the order of the suite's cells.
  public let methods, tasks: [String]

  /// Reads every finished cell; one whose run cannot be read, or lacks the metric, throws and is named.
  public init(_ store: SuiteStore) throws {
    suite = try store.suite
    let states = try store.states()
    let suite = suite
    runs = try states.filter { $0.state == .done }.map { try Run($0.cell, folder: store.folder(of: $0.cell), suite) }
    missing = states.filter { $0.state != .done }.map { ($0.cell, $0.state) }
    methods = states.map(\.cell.method).uniqued()
    tasks = states.map(\.cell.task).uniqued()
  }

  public func runs(_ method: String, _ task: String) -> [Run] { runs.filter { $0.cell.method == method && $0.cell.task == task } }

  /// The normalised scores of a method on those tasks where it has runs; nil where it has none.
  public func scores(_ method: String) throws -> ScoreTable? {
    let table = tasks.map { runs(method, $0).map(\.normalized) }.filter { !$0.isEmpty }
    return table.isEmpty ? nil : try ScoreTable(table)
  }

  /// Whether the method has runs of every task, so that it can be compared over all of them.
  public func isComplete(_ method: String) -> Bool { tasks.allSatisfy { !runs(method, $0).isEmpty } }
}

extension Results.Run {
  init(_ cell: Cell, folder: String, _ suite: Suite) throws {
    self.cell = cell
    manifest = try Manifest.read(folder)
    let records = access(folder + "/metrics.jsonl", R_OK) == 0 ? try Metrics.read(folder) : []
    let evaluations = records.filter { $0.values[suite.metric] != nil }
    guard let last = records.last, !evaluations.isEmpty else {
      let known = Set(records.flatMap(\.values.keys)).sorted()
      throw UsageError("'\(folder)' has no metric '\(suite.metric)' (it has: \(known.isEmpty ? "none" : known.joined(separator: ", ")))")
    }
    steps = evaluations.map { Double($0.step) }
    seconds = evaluations.map(\.seconds)
    values = evaluations.map { $0.values[suite.metric] ?? .nan }
    let tail = values.suffix(suite.lastEvaluations)
    score = tail.reduce(0, +) / Double(tail.count)
    guard score.isFinite else { throw UsageError("'\(folder)' ends with a '\(suite.metric)' of \(score)") }
    if let range = suite.normalization[cell.task] {
      normalized = (score - range.lowerBound) / (range.upperBound - range.lowerBound)
    } else {
      normalized = score
    }
    wallTime = last.seconds
    gradientSteps = records.last { $0.values["train/n_updates"] != nil }?.values["train/n_updates"]
    peakMemory = manifest.peakMemory.map(Double.init)
  }
}

extension Sequence where Element: Hashable {
  /// Each once, in the order of their first places.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
