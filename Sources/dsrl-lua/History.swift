@preconcurrency import CReadline
import FoundationEssentials
import Glibc
import Tensors

/// Lines typed before, in $XDG_STATE_HOME/dsrl-lua/history. A line is written before it runs, so that a crash does not lose it.
final class History {
  /// Lines that the file keeps.
  private static let longest: Int32 = 10000
  /// nil where DSRL_LUA_HISTORY is empty, which turns the file off, and where it cannot be written.
  private var path: String?
  private var last = ""

  init() {
    using_history()
    guard LineReader.isTerminal else { return }
    do {
      path = try History.place()
      guard let path else { return }
      if read_history(path) == 0 { history_truncate_file(path, History.longest) }
      stifle_history(History.longest)
    } catch { giveUp("\(error)") }
  }

  /// Adds a line, unless it repeats the one before.
  func add(_ line: String) {
    guard line != last else { return }
    last = line
    add_history(line)
    guard let path else { return }
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return giveUp("cannot write '\(path)': \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let text = line + "\n"
    if write(file, text, text.utf8.count) != text.utf8.count { giveUp("cannot write '\(path)': \(String(cString: strerror(errno)))") }
  }

  /// The file, its folder made; nil for none.
  private static func place() throws -> String? {
    let environment = ProcessInfo.processInfo.environment
    if let chosen = environment["DSRL_LUA_HISTORY"] { return chosen.isEmpty ? nil : chosen }
    guard let folder = environment["XDG_STATE_HOME"].flatMap({ $0.isEmpty ? nil : $0 }) ?? environment["HOME"].map({ $0 + "/.local/state" }) else { return nil }
    do { try FileManager.default.createDirectory(atPath: "\(folder)/dsrl-lua", withIntermediateDirectories: true) } catch {
      throw UsageError("cannot make '\(folder)/dsrl-lua': \(error)")
    }
    return "\(folder)/dsrl-lua/history"
  }

  private func giveUp(_ why: String) {
    path = nil
    writeError(Style.errors(.hint, "no history file: \(why) (DSRL_LUA_HISTORY= asks for none)") + "\n")
  }
}
