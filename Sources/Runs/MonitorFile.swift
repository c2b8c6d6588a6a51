import Files
import FoundationEssentials
import Glibc
import Tensors

/// The episodes of a training in Stable-Baselines3's monitor layout: a line of JSON, the columns' names, then a line for each episode as it ends.
///
/// r is the return, l the length in environment steps, t the seconds since `t_start`; is_success is there where the task knows success.
public final class MonitorFile {
  private let path: String
  private let file: OutputFile
  /// Bytes before the first episode.
  private let head: Int
  /// Of the process's clock, where t is 0.
  private var begin: Double
  /// Bytes of the episodes.
  public private(set) var size = 0

  /// Begins the file anew in `folder`, which is made where it is missing; `elapsed` seconds have passed already.
  public init(folder: String, environment: String, knowsSuccess: Bool, elapsed: Double) throws {
    if access(folder, F_OK) != 0 {
      do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
        throw UsageError("cannot make the folder '\(folder)': \(error)")
      }
    }
    path = folder + "/" + LearningFiles.episodes
    let start = JSON.number(Progress.wallClock() - elapsed).text
    let text = "#{\"t_start\": \(start), \"env_id\": \(JSON.string(environment).text)}\nr,l,t\(knowsSuccess ? ",is_success" : "")\n"
    try AtomicFile.write(text, to: path)
    (head, begin) = (text.utf8.count, Progress.clock() - elapsed)
    file = try OutputFile.appending(to: path)
  }

  /// The file that an earlier process of this run wrote, begun anew with its `lines`, of which there is at least one; its clock goes on.
  public convenience init(folder: String, environment: String, replaying lines: String) throws {
    let fields = lines.split(separator: "\n").last?.split(separator: ",") ?? []
    try self.init(folder: folder, environment: environment, knowsSuccess: fields.count > 3, elapsed: fields.count > 2 ? Double(fields[2]) ?? 0 : 0)
    try append(lines)
  }

  /// Six digits after the point, as Monitor rounds.
  public func add(return sum: Double, length: Int, success: Bool?) throws {
    let seconds = ((Progress.clock() - begin) * 1e6).rounded() / 1e6
    let rounded = (sum * 1e6).rounded() / 1e6
    try append("\(rounded.isFinite ? JSON.number(rounded).text : "\(sum)"),\(length),\(JSON.number(seconds).text)\(success.map { $0 ? ",True" : ",False" } ?? "")\n")
  }

  private func append(_ text: String) throws {
    try file.write(text)
    size += text.utf8.count
  }

  /// The episodes from byte `start` of theirs on.
  public func lines(from start: Int) throws -> String { String(decoding: try readBytes(path).dropFirst(head + start), as: UTF8.self) }

  /// Adds lines that an earlier process of this run wrote; the clock goes on from the last of them.
  public func replay(_ lines: String) throws {
    guard let last = lines.split(separator: "\n").last?.split(separator: ","), last.count > 2, let seconds = Double(last[2]) else { return }
    try append(lines)
    begin = Progress.clock() - seconds
  }
}

/// What a learning leaves for those who read Stable-Baselines3's files: in the run's folder, and in agent-2, agent-3, … for further agents.
public enum LearningFiles {
  static let episodes = "monitor.csv"
  static let evaluations = "evaluations.npz"

  /// Removes them from a run that begins anew or goes on from a checkpoint.
  static func remove(in run: String) throws {
    for number in 1... {
      let folder = number == 1 ? run : "\(run)/agent-\(number)"
      guard access(folder, F_OK) == 0 else { return }
      try AtomicFile.removeUnfinished(in: folder)
      for name in [episodes, evaluations] where unlink("\(folder)/\(name)") != 0 && errno != ENOENT {
        throw UsageError("cannot remove '\(folder)/\(name)': \(String(cString: strerror(errno)))")
      }
      if number > 1 { rmdir(folder) }
    }
  }

  /// evaluations.npz, as Stable-Baselines3's EvalCallback writes it: timesteps [n], results, ep_lengths and, where the task knows success, successes,
  /// each [n, episodes]. All evaluations must have as many episodes.
  public static func write(evaluations: [EvaluatedEpisodes], in folder: String) throws {
    guard let first = evaluations.first else { return }
    let shape = [evaluations.count, first.returns.count]
    precondition(evaluations.allSatisfy { $0.returns.count == shape[1] && $0.lengths.count == shape[1] }, "evaluations of one length are side by side")
    if access(folder, F_OK) != 0 { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    var columns: [(String, Column)] = [
      ("timesteps", .integers(evaluations.map(\.step), shape: [shape[0]])), ("results", .doubles(evaluations.flatMap(\.returns), shape: shape)),
      ("ep_lengths", .integers(evaluations.flatMap(\.lengths), shape: shape)),
    ]
    let successes = evaluations.compactMap(\.successes)
    if successes.count == evaluations.count { columns.append(("successes", .flags(successes.flatMap(\.self), shape: shape))) }
    try NPZ.write(columns, to: folder + "/" + LearningFiles.evaluations)
  }
}

/// The episodes of one evaluation.
public struct EvaluatedEpisodes {
  /// Environment steps of training before it.
  public let step: Int
  public let returns: [Double]
  public let lengths: [Int]
  public let successes: [Bool]?

  public init(step: Int, returns: [Double], lengths: [Int], successes: [Bool]?) {
    (self.step, self.returns, self.lengths, self.successes) = (step, returns, lengths, successes)
  }
}
