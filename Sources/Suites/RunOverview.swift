import FoundationEssentials
import Files
import Glibc
import Runs
import Tensors

/// A run as one sees it from outside.
public struct RunOverview: Sendable {
  public enum State: String, Sendable { case running, finished, failed, interrupted, stopped
    /// Its manifest says that it runs, but no process is in its folder.
    case dead
  }

  public let path: String
  public let manifest: Manifest
  public let state: State
  public let progress: RunProgress?
  /// Of the run's evaluations, or of its episodes' returns before there is one; with the metric's name.
  public let metric: String?
  public let steps: [Int]
  public let values: [Double]

  /// What a glance at a run looks at, the first that it has.
  static let glance = ["eval/success_rate", "eval/mean_reward", "rollout/ep_rew_mean", "eval/loss", "train/loss"]

  public init(_ path: String) throws {
    self.path = path
    manifest = try Manifest.read(path)
    if manifest.status == .running {
      state = try RunFolder.isHeld(path) ? .running : .dead
    } else {
      state = State(rawValue: manifest.status.rawValue) ?? .failed
    }
    progress = try RunProgress.read(path)
    let records = access(path + "/metrics.jsonl", R_OK) == 0 ? try Metrics.read(path) : []
    metric = RunOverview.glance.first { name in records.contains { $0.values[name]?.isFinite == true } }
    let shown = metric.map { name in records.compactMap { record in record.values[name].map { (record.step, $0) } }.filter { $0.1.isFinite } } ?? []
    (steps, values) = (shown.map(\.0), shown.map(\.1))
  }

  /// Every run folder below `folder`, itself included, at most five levels down, in order of their names.
  public static func folders(below folder: String, depth: Int = 5) throws -> [String] {
    guard access(folder, R_OK) == 0 else { throw UsageError("cannot read the folder '\(folder)': \(String(cString: strerror(errno)))") }
    if access(folder + "/manifest.json", R_OK) == 0 { return [folder] }
    guard depth > 0 else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().flatMap { name -> [String] in
      var status = stat()
      let path = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
      guard !name.hasPrefix("."), lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(path, R_OK) == 0 else { return [] }
      return try folders(below: path, depth: depth - 1)
    }
  }
}
