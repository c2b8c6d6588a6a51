import Glibc
import Runs

/// Colours and weights of text, where there is a terminal that shows them and nobody asked for none (NO_COLOR).
struct Style {
  let colours: Bool
  /// In characters.
  let width: Int

  /// As standard output is now; a terminal may have changed its size.
  static var output: Style { Style(Terminal(descriptor: STDOUT_FILENO)) }
  static var errors: Style { Style(Terminal(descriptor: STDERR_FILENO)) }

  init(_ terminal: Terminal) { (colours, width) = (terminal.colours, terminal.width) }

  enum Paint: String {
    case heading = "1", hint = "2", error = "31", string = "32", notice = "33", object = "35", constant = "36"
  }

  func callAsFunction(_ paint: Paint, _ text: String) -> String {
    colours && !text.isEmpty ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Characters that a terminal shows of `text`: without the codes above.
  static func length(_ text: String) -> Int {
    guard text.utf8.contains(0x1B) else { return text.count }
    return text.replacing(/\u{1B}\[[0-9;]*m/, with: "").count
  }

  /// 12.3 s, 45.6 ms, 7.89 µs, 12.3 ns; from a minute on 3 min 20 s.
  static func duration(_ seconds: Double) -> String {
    if seconds >= 60 { return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s" }
    let (scale, unit) = seconds >= 1 ? (1, "s") : seconds >= 1e-3 ? (1e3, "ms") : seconds >= 1e-6 ? (1e6, "µs") : (1e9, "ns")
    return "\(threeDigits(seconds * scale)) \(unit)"
  }

  private static func threeDigits(_ x: Double) -> String {
    let places = x >= 99.95 ? 1.0 : x >= 9.995 ? 10.0 : 100.0
    let rounded = (x * places).rounded() / places
    return places == 1 ? "\(Int(rounded))" : "\(rounded)"
  }
}
