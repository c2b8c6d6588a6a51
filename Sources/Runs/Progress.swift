import FoundationEssentials
import Glibc

/// What stands at the other end of a file descriptor.
public struct Terminal: Sendable {
  public var isTerminal: Bool
  /// In characters.
  public var width: Int
  /// Whether to colour: a terminal that can, and no NO_COLOR (no-color.org).
  public var colours: Bool

  public init(isTerminal: Bool, width: Int, colours: Bool) { (self.isTerminal, self.width, self.colours) = (isTerminal, width, colours) }

  public init(descriptor: Int32) {
    let environment = ProcessInfo.processInfo.environment
    isTerminal = isatty(descriptor) == 1
    var size = winsize()
    let known = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    width = known ? Int(size.ws_col) : environment["COLUMNS"].flatMap(Int.init) ?? 80
    colours = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }
}

/// How far something has come: one line that is redrawn on a terminal, now and then a line in a pipe.
public final class Progress {
  private let what: String
  private let total: Int?
  private let terminal: Terminal
  private let interval: Double
  private let clock: () -> Double
  private let write: (String) -> Void
  private var first: (time: Double, done: Int)
  private var shown: Double
  private var last: (done: Int, values: [(String, Double)])?

  /// `from` is where a resumed run begins; `pipeInterval` is in seconds. Writes to standard error unless told otherwise.
  public init(
    _ what: String, total: Int? = nil, from: Int = 0, pipeInterval: Double = 10, terminal: Terminal = Terminal(descriptor: STDERR_FILENO),
    clock: @escaping () -> Double = Progress.clock, write: @escaping (String) -> Void = Progress.standardError
  ) {
    (self.what, self.total, self.terminal, self.clock, self.write) = (what, total, terminal, clock, write)
    interval = terminal.isTerminal ? 0.1 : pipeInterval
    first = (clock(), Progress.countable(from))
    shown = terminal.isTerminal ? -.infinity : clock()
  }

  /// Shows `done` of the total and the last values, unless it did so a moment ago.
  public func update(_ done: Int, _ values: [(String, Double)] = []) {
    last = (Progress.countable(done), values)
    if clock() - shown >= interval { show() }
  }

  /// The last state, for those who look from outside; nil before the first.
  public var state: RunProgress? {
    guard let last else { return nil }
    let seconds = clock() - first.time
    let rate = seconds > 0 ? Double(last.done - first.done) / seconds : 0
    return RunProgress(what: what, done: last.done, total: total, secondsLeft: total.flatMap { rate > 0 && $0 >= last.done ? Double($0 - last.done) / rate : nil })
  }

  /// Shows the last state for good.
  public func finish() {
    guard last != nil else { return }
    show()
    if terminal.isTerminal { write("\n") }
    last = nil
  }

  /// Takes the line off the terminal, so that other output does not run into it.
  public func clear() { if terminal.isTerminal { write("\r\u{1B}[K") } }

  private func show() {
    guard let last else { return }
    shown = clock()
    let seconds = shown - first.time
    let rate = seconds > 0 ? Double(last.done - first.done) / seconds : 0
    var parts = [what]
    if let total, total > 0 {
      parts.append("\(min(100, 100 * last.done / total))%")
      parts.append("\(last.done)/\(total)")
    } else {
      parts.append("\(last.done)")
    }
    if rate > 0 {
      parts.append("\(Progress.short(rate))/s")
      if let total, last.done < total { parts.append("\(Progress.duration(Double(total - last.done) / rate)) left") }
    }
    parts += last.values.map { "\($0.0) \(Progress.short($0.1))" }
    let line = parts.joined(separator: "  ")
    write(terminal.isTerminal ? "\r" + line.prefix(max(terminal.width - 1, 1)) + "\u{1B}[K" : line + "\n")
  }

  /// The nearest number that can be counted with.
  private static func countable(_ done: Int) -> Int { min(max(done, 0), 1 << 53) }

  public static func standardError(_ text: String) { _ = Glibc.write(STDERR_FILENO, text, text.utf8.count) }

  /// Seconds of a clock that only goes forward.
  public static func clock() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// Seconds since 1970.
  static func wallClock() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// Four significant digits, enough for a glance.
  public static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let scale = pow(10, 3 - floor(log10(abs(value))))
    guard abs(value) < 1e9, abs(value) >= 1e-4 else { return "\((value * scale).rounded() / scale)" }
    let rounded = scale >= 1 ? (value * scale).rounded() / scale : value.rounded()
    return rounded == rounded.rounded() ? String(Int(rounded)) : "\(rounded)"
  }

  /// 45 s, 3 min 20 s, 2 h 5 min.
  public static func duration(_ seconds: Double) -> String {
    guard seconds < 1e8 else { return "years" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
