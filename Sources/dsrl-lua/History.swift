@preconcurrency import CReadline
import FoundationEssentials
import Glibc
import Tensors

/// Lines typed before, in $XDG_STATE_HOME/dsrl-lua/history. A line is written before it runs, so that a crash does not lose it.
struct History {
  private static let longest: Int32 = 10000
  /// nil where DSRL_LUA_HISTORY is empty, which turns the file off.
  private let path: String?
  private let last = Last()
  private final class Last { var line = "" }

  /// Throws where the folder cannot be made.
  init() throws {
    let environment = ProcessInfo.processInfo.environment
    using_history()
    if let chosen = environment["DSRL_LUA_HISTORY"] {
      path = chosen.isEmpty ? nil : chosen
    } else if let folder = environment["XDG_STATE_HOME"] ?? environment["HOME"].map({ $0 + "/.local/state" }) {
      do { try FileManager.default.createDirectory(atPath: "\(folder)/dsrl-lua", withIntermediateDirectories: true) } catch {
        throw UsageError("cannot make '\(folder)/dsrl-lua' for the history (DSRL_LUA_HISTORY= turns it off): \(error)")
      }
      path = "\(folder)/dsrl-lua/history"
    } else {
      path = nil
    }
    guard let path else { return }
    if read_history(path) == 0 { history_truncate_file(path, History.longest) }
    stifle_history(History.longest)
  }

  /// Adds a line, unless it repeats the one before.
  func add(_ line: String) throws {
    guard line != last.line else { return }
    last.line = line
    add_history(line)
    guard let path else { return }
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw UsageError("cannot write the history '\(path)' (DSRL_LUA_HISTORY= turns it off): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let text = line + "\n"
    _ = write(file, text, text.utf8.count)
  }
}
