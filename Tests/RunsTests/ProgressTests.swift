import Testing

@testable import Runs

@Suite struct ProgressTests {
  /// Runs 0, 100, ... 1000 of 1000 steps, one a second, and returns what was written.
  func output(_ terminal: Terminal, pipeInterval: Double = 4) -> String {
    var (time, text) = (0.0, "")
    let progress = Progress("train", total: 1000, pipeInterval: pipeInterval, terminal: terminal, clock: { time }, write: { text += $0 })
    for i in 1...10 {
      time = Double(i)
      progress.update(100 * i, [("eval/mean_reward", 1234.5678), ("loss", -0.00012345678)])
    }
    progress.finish()
    return text
  }

  @Test func plainLinesInAPipe() {
    let values = "  eval/mean_reward 1235  loss -0.0001235\n"
    #expect(
      output(Terminal(isTerminal: false, width: 80, colours: false))
        == "train  40%  400/1000  100/s  6 s left\(values)train  80%  800/1000  100/s  2 s left\(values)train  100%  1000/1000  100/s\(values)")
  }

  @Test func oneLineOnATerminal() {
    let lines = output(Terminal(isTerminal: true, width: 30, colours: true)).split(separator: "\r")
    #expect(lines.count == 11)
    #expect(lines[0] == "train  10%  100/1000  100/s  \u{1B}[K")  // never as wide as the terminal
    #expect(lines[10].hasSuffix("\u{1B}[K\n"))
  }

  @Test(arguments: [(0.4, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (1e12, "years")])
  func durations(seconds: Double, text: String) { #expect(Progress.duration(seconds) == text) }

  @Test(arguments: [(0.0, "0"), (1234567, "1234567"), (12.3456, "12.35"), (1e-9, "1e-09"), (-3, "-3"), (.infinity, "inf"), (123456.7, "123457")])
  func shortNumbers(value: Double, text: String) { #expect(Progress.short(value) == text) }
}
