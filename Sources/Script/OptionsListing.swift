import Files
import LuaBridge

/// The options of a script that is run only to say them.
public enum OptionsListing {
  case waiting
  case declared([OptionLine])
}

/// An option as `dsrl-lua run SCRIPT --help` prints it.
public struct OptionLine {
  public let name, value, doc: String
}

extension Session {
  /// From now on scripts run only as far as dsrl.options; a script that begins to compute before has none to say.
  public func listOptions() {
    listing = .waiting
    lua.beforeLongCalls = { [unowned self] in try leave() }
  }
  /// What the script has declared; nil where it came to no dsrl.options.
  public var declaredOptions: [OptionLine]? { if case .declared(let lines)? = listing { lines } else { nil } }

  func list(_ defaults: LuaTable) throws {
    let docs = try lua.callSite().flatMap { site in
      site.chunk.hasPrefix("@") ? OptionComments(in: try readText(String(site.chunk.dropFirst())), from: site.line) : nil
    }
    listing = .declared(lines(of: defaults, docs?.comments ?? [:], prefix: ""))
    try leave()
  }

  private func leave() throws {
    lua.interrupt()
    try lua.checkInterrupt()
  }

  private func lines(of table: LuaTable, _ comments: [String: String], prefix: String) -> [OptionLine] {
    table.fields.flatMap { field -> [OptionLine] in
      let name = prefix + field.name
      if case .table(let inner) = field.value, !inner.names.isEmpty { return lines(of: inner, comments, prefix: name + ".") }
      return [OptionLine(name: name, value: field.value.description, doc: comments[name] ?? "")]
    }
  }
}

/// The comments of a table constructor in a script: each belongs to the last key that begins on its line, "net.hidden" for one inside another.
struct OptionComments {
  private(set) var comments: [String: String] = [:]

  /// `line`, from 1, is where the call begins whose first table is meant.
  init(in source: String, from line: Int) {
    var scanner = Scanner(source, line)
    var open: [(name: String, line: Int)] = []  // the keys of the tables that are open; "" for one without
    var key: (name: String, line: Int)?
    var candidate = ""
    while let token = scanner.next() {
      switch token {
      case .name(let word): candidate = word
      case .equals where !open.isEmpty: key = (candidate, scanner.line)
      case .open:
        open.append(open.isEmpty ? ("", 0) : key ?? ("", 0))
        key = nil
      case .close:
        let closed = open.removeLast()
        if open.isEmpty {
          // What stands behind the last brace belongs to the last key, if that is on its line.
          if case .comment(let text)? = scanner.next(), let key, key.line == scanner.line { comments[key.name] = text }
          return
        }
        key = closed
      case .comment(let text):
        guard let key, key.line == scanner.line else { continue }
        comments[(open.dropFirst().map(\.name) + [key.name]).joined(separator: ".")] = text
      case .equals, .other: break
      }
    }
  }

  private enum Token { case name(String), equals, open, close, comment(String), other }

  /// Lua's words, as far as a table of defaults has them.
  private struct Scanner {
    private var rest: Substring
    private(set) var line: Int

    init(_ source: String, _ line: Int) {
      self.line = line
      rest = source[...]
      for _ in 1..<max(line, 1) { rest = rest.drop { $0 != "\n" }.dropFirst() }
    }

    mutating func next() -> Token? {
      while let first = rest.first, first.isWhitespace {
        if first == "\n" { line += 1 }
        rest.removeFirst()
      }
      guard let first = rest.first else { return nil }
      if rest.hasPrefix("--") {
        let text = rest.prefix { $0 != "\n" }
        rest = rest.dropFirst(text.count)
        let words = text.drop { $0 == "-" || $0 == " " }
        return .comment(String(words.reversed().drop(while: \.isWhitespace).reversed()))
      }
      if first.isLetter || first == "_" {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest = rest.dropFirst(word.count)
        return .name(String(word))
      }
      if first == "\"" || first == "'" { return string(first) }
      rest.removeFirst()
      switch first {
      case "{": return .open
      case "}": return .close
      case "=":
        guard rest.first == "=" else { return .equals }
        rest.removeFirst()
        return .other
      default: return .other
      }
    }

    private mutating func string(_ quote: Character) -> Token {
      rest.removeFirst()
      while let character = rest.popFirst(), character != quote {
        if character == "\\" { rest = rest.dropFirst() }
        if character == "\n" { line += 1 }
      }
      return .other
    }
  }
}
