import Glibc
import LuaBridge
import Tensors

/// What was typed, once it is whole.
enum PromptInput {
  case help(String)
  /// "%name arguments"
  case command(String, arguments: String)
  case shell(String)
  case chunk(PromptChunk)
  case failure(any Error)
  case nothing
}

/// A piece of Lua that compiles.
struct PromptChunk {
  /// As it was typed, without a leading =.
  let source: String
  let function: LuaFunction
  /// It has values; else it is a statement.
  let isExpression: Bool
  /// No semicolon at its end.
  let prints: Bool
}

/// Puts lines together until they are something whole.
final class PromptReader {
  private let lua: Interpreter
  private let history: History
  /// Lines of a paste that are still to come.
  private var waiting: [String] = []
  /// Lines typed so far of a piece that goes on.
  private(set) var pending = ""
  var makesGlobals = false

  init(_ lua: Interpreter, _ history: History) { (self.lua, self.history) = (lua, history) }

  /// nil at the end of input.
  func next() -> PromptInput? {
    pending = ""
    while true {
      guard let line = nextLine() else {
        // Ctrl-D gives up what was begun; a file that ends there has a mistake.
        guard !pending.isEmpty, !ControlC.wasPressed else { return nil }
        return LineReader.isTerminal ? .nothing : .failure(incomplete())
      }
      if ControlC.wasPressed {
        ControlC.clear(lua)
        (pending, waiting) = ("", [])
        continue
      }
      if pending.isEmpty {
        let typed = String(line.drop { $0 == " " || $0 == "\t" }).trimmingSuffix { $0 == " " || $0 == "\t" || $0 == "\r" }
        if typed.isEmpty { continue }
        if let input = PromptReader.special(typed) { return input }
        pending = typed.hasPrefix("=") ? String(typed.dropFirst()) : line
      } else {
        pending += "\n" + line
      }
      if let input = compile(pending) { return input }
    }
  }

  private func nextLine() -> String? {
    if waiting.isEmpty {
      Completion.before = pending
      guard let text = LineReader.read(!LineReader.isTerminal ? "" : pending.isEmpty ? "> " : ">> ") else { return nil }
      waiting = text.split(separator: "\n", omittingEmptySubsequences: false).map { PromptReader.withoutPrompt(String($0)) }
      // Before it runs, so that a crash does not lose it.
      for line in waiting where !line.isEmpty && LineReader.isTerminal && !ControlC.wasPressed { history.add(line) }
    }
    return waiting.isEmpty ? "" : waiting.removeFirst()
  }

  /// Lines copied from a session bring its prompt along; no line of Lua begins like that.
  private static func withoutPrompt(_ line: String) -> String {
    for prompt in [">> ", "> "] where line.hasPrefix(prompt) { return String(line.dropFirst(prompt.count)) }
    return line
  }

  /// What is not Lua.
  private static func special(_ typed: String) -> PromptInput? {
    let rest = String(typed.dropFirst())
    switch typed.first {
    case "?": return .help(rest)
    case "!": return .shell(rest)
    case "%":
      let words = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let arguments = words.count > 1 ? String(words[1].drop { $0 == " " }) : ""
      return .command(words.first ?? "", arguments: arguments)
    default: return nil
    }
  }

  /// nil where more lines are wanted: Lua's error then ends in <eof>.
  func compile(_ text: String) -> PromptInput? {
    let tokens = luaTokens(text).filter { $0.kind != .comment }
    guard let last = tokens.last else { return isOpen(text) ? nil : .nothing }
    let isQuiet = last.isSymbol(";")
    let expression = isQuiet ? String(decoding: Array(text.utf8)[..<last.start], as: UTF8.self) : text
    let asExpression = lua.compile("return \(expression)\n")
    if case .complete(let function) = asExpression {
      return .chunk(PromptChunk(source: text, function: function, isExpression: true, prints: !isQuiet))
    }
    let source = makesGlobals ? Locals(in: text).asGlobals : text
    switch (lua.compile(source), asExpression) {
    case (.complete(let function), _): return .chunk(PromptChunk(source: source, function: function, isExpression: false, prints: !isQuiet))
    case (.incomplete, _): return nil
    case (.failed, .incomplete) where !isQuiet: return nil
    // No statement begins like this, so it was meant to be an expression.
    case (.failed(let error), .failed(let other)) where error.message.hasSuffix("near '\(tokens[0].text)'"): return .failure(other)
    case (.failed(let error), _): return .failure(error)
    }
  }

  /// A long comment may go on.
  private func isOpen(_ text: String) -> Bool { if case .incomplete = lua.compile(text) { true } else { false } }

  private func incomplete() -> any Error {
    switch lua.compile(pending) {
    case .incomplete(let error), .failed(let error): error
    case .complete: UsageError("the input ends amid a piece of Lua")
    }
  }
}
