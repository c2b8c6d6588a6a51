import ArgumentParser
import Glibc
import LuaBridge
import Runs
import Suites
import Tensors

/// `dsrl-lua watch`: running and finished runs in the terminal, looked at again and again.
struct WatchCommand: Subcommand {
  static let usage = "dsrl-lua watch [OPTIONS] [DIR]"

  @Argument(help: "Where the runs are, at most five folders down.")
  var folder = "runs"
  @Flag(help: "Looks once and ends; so it does where standard output is no terminal.")
  var once = false
  @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
  var every = 2.0

  func validate() throws {
    if !(0.2...3600).contains(every) { throw ValidationError("--every wants 0.2 to 3600 seconds") }
  }

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    do {
      try ControlC.begin()
      return try WatchCommand.parse(words).run()
    } catch let error where WatchCommand.exitCode(for: error) == .success {
      printHelp()
      return ExitCode.good
    } catch let error as UsageError {
      report(error)
      return ExitCode.badCommandLine
    } catch {
      writeError("dsrl-lua: \(WatchCommand.message(for: error))\nUsage: \(usage)\n")
      return ExitCode.badCommandLine
    }
  }

  private func run() throws -> Int32 {
    let isLive = !once && isatty(STDOUT_FILENO) == 1
    while true {
      let page = try page()
      guard isLive else {
        print(page.joined(separator: "\n"))
        return ExitCode.good
      }
      // Home, each line's rest and the rest of the screen cleared: nothing flickers.
      print("\u{1B}[H" + page.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J", terminator: "\n")
      fflush(nil)
      for _ in 0..<Int((every * 20).rounded(.up)) {
        if ControlC.wasPressed {
          ControlC.finish()
          return ExitCode.good
        }
        usleep(50_000)
      }
    }
  }

  private func page() throws -> [String] {
    let style = Style.output
    var runs: [RunOverview] = []
    var unreadable = 0
    for path in try RunOverview.folders(below: folder) {
      // A run may be in the middle of writing, or of another version of the program.
      do { runs.append(try RunOverview(path)) } catch { unreadable += 1 }
    }
    let counts = Dictionary(grouping: runs, by: \.state).map { "\($0.value.count) \($0.key.rawValue)" }.sorted()
    var lines = [style(.heading, "\(folder): \(runs.isEmpty ? "no runs" : counts.joined(separator: ", "))\(unreadable > 0 ? ", \(unreadable) unreadable" : "")")]
    let terminal = Terminal(descriptor: STDOUT_FILENO)
    var size = winsize()
    let height = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 4 && terminal.isTerminal ? Int(size.ws_row) - 3 : Int.max
    // Those at work first, then the newest.
    let order: [RunOverview.State] = [.running, .dead, .failed, .interrupted, .stopped, .finished]
    func rank(_ run: RunOverview) -> Int { order.firstIndex(of: run.state) ?? order.count }
    runs.sort { (rank($0), $1.manifest.started, $0.path) < (rank($1), $0.manifest.started, $1.path) }
    let names = runs.map { name($0.path) }
    let width = min(names.map(\.count).max() ?? 0, max(20, style.width - 64))
    for (run, name) in zip(runs, names).prefix(height) { lines.append(line(run, name, width, style)) }
    if runs.count > height { lines.append("... and \(runs.count - height) more") }
    return lines
  }

  private func line(_ run: RunOverview, _ name: String, _ width: Int, _ style: Style) -> String {
    let shown = name.count > width ? "…" + name.suffix(width - 1) : name
    let paint: Style.Paint = switch run.state {
    case .running: .string
    case .failed, .dead: .error
    case .finished: .hint
    case .interrupted, .stopped: .notice
    }
    var parts = [shown.padded(to: width), style(paint, run.state.rawValue.padded(to: 11))]
    var percent = ""
    if let progress = run.progress, let total = progress.total, total > 0 { percent = "\(min(100, 100 * progress.done / total))%" }
    if run.state == .finished { percent = "" }
    parts.append(percent.padded(to: 4))
    parts.append(Sparkline.text(run.values, width: 16).padded(to: 16))
    if let last = run.values.last, let metric = run.metric { parts.append("\(metric.split(separator: "/").last ?? "") \(Progress.short(last)) at \(run.steps.last ?? 0)") }
    if run.state == .running, let left = run.progress?.secondsLeft { parts.append("\(Progress.duration(left)) left") }
    return parts.joined(separator: " ")
  }

  private func name(_ path: String) -> String {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }
}
