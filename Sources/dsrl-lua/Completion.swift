@preconcurrency import CReadline
import Glibc
import LuaBridge

/// Tab at the prompt: globals, fields of tables, members of our types. Tables are read raw; no script runs.
enum Completion {
  nonisolated(unsafe) private static weak var lua: Interpreter?
  nonisolated(unsafe) private static var matches: [String] = []
  private static let keywords = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return",
    "then", "true", "until", "while",
  ]

  static func install(_ lua: Interpreter) {
    self.lua = lua
    rl_completer_word_break_characters = UnsafePointer(strdup(" \t\n\"'`@$><=;|&{}()[]+-*/%^~#,?"))
    rl_attempted_completion_function = { text, start, _ in
      guard let text, let line = rl_line_buffer else { return nil }
      let before = String(decoding: UnsafeRawBufferPointer(start: line, count: Int(start)), as: UTF8.self)
      // Inside a string readline completes the names of files.
      if before.count(where: { $0 == "\"" }) % 2 == 1 || before.count(where: { $0 == "'" }) % 2 == 1 { return nil }
      rl_attempted_completion_over = 1
      rl_completion_append_character = 0  // readline sets it to a space before every completion
      Completion.matches = Completion.find(String(cString: text)).reversed()
      return rl_completion_matches(text) { _, _ in Completion.matches.popLast().flatMap { strdup($0) } }
    }
  }

  /// Whole words that begin with `text`, in order.
  static func find(_ text: String) -> [String] {
    guard let lua else { return [] }
    guard let last = text.lastIndex(where: { $0 == "." || $0 == ":" }) else {
      return candidates(try lua.global("_G"), keywords, text, "")
    }
    let path = text[..<last].split { $0 == "." || $0 == ":" }.map(String.init)
    let (owner, word) = (String(text[...last]), String(text[text.index(after: last)...]))
    do {
      var place = try lua.global(path.first ?? "")
      for name in path.dropFirst() {
        guard let field = try place.pairs().first(where: { try isName($0.key, name) }) else { return [] }
        place = field.value
      }
      let type = try place.typeName()
      let members = lua.registry.members(of: type).filter { owner.hasSuffix(":") ? $0.kind == .method : $0.kind == .property }
      return candidates(place, members.map(\.shortName), word, owner)
    } catch { return [] }
  }

  private static func isName(_ key: LuaReference, _ name: String) throws -> Bool {
    if case .string(name) = try key.value() { true } else { false }
  }

  private static func candidates(_ table: @autoclosure () throws -> LuaReference, _ others: [String], _ word: String, _ owner: String) -> [String] {
    do {
      let fields = try table().pairs().compactMap { pair in
        if case .string(let name) = try pair.key.value() { name } else { nil as String? }
      }
      return Set(fields + others).filter { $0.hasPrefix(word) && ($0.hasPrefix("_") == word.hasPrefix("_") || word.hasPrefix("_")) }.sorted().map { owner + $0 }
    } catch { return [] }
  }
}
