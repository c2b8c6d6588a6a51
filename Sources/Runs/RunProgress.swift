import Files
import Glibc
import Tensors

/// How far a run has come, as progress.json in its folder says it for those who look from outside.
public struct RunProgress: Codable, Sendable {
  /// "learn", "fit".
  public var what: String
  public var done: Int
  public var total: Int?
  /// To its end, at the pace so far.
  public var secondsLeft: Double?

  static func path(_ folder: String) -> String { folder + "/progress.json" }

  /// nil where the run has written none.
  public static func read(_ folder: String) throws -> RunProgress? {
    guard access(path(folder), R_OK) == 0 else { return nil }
    return try JSON.decode(RunProgress.self, from: try readBytes(path(folder)), source: path(folder))
  }
}

/// Keeps a run's progress.json true, at most once a second.
public final class ProgressFile {
  private let folder: String
  private var written = -Double.infinity
  private var isBroken = false

  public init(folder: String) { self.folder = folder }

  /// Where the file cannot be written, nobody sees how far the run is, which is no reason to end it: it is not tried again.
  public func update(_ progress: RunProgress) {
    guard !isBroken, Progress.clock() - written >= 1 else { return }
    written = Progress.clock()
    do { try AtomicFile.write(try JSON.encode(progress), to: RunProgress.path(folder)) } catch { isBroken = true }
  }
}
