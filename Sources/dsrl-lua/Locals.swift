/// The local variables of a line that stand outside of every block: they end with the line.
struct Locals {
  /// Their names; functions among them.
  let names: [String]
  /// The line with globals in their place; `local x <const>` and `<close>` stay what they are.
  let asGlobals: String

  init(in source: String) {
    let tokens = luaTokens(source).filter { $0.kind != .comment }
    var depth = 0
    var names: [String] = []
    var edits: [(range: Range<Int>, text: String)] = []
    for (i, token) in tokens.enumerated() {
      if ["do", "function", "if", "repeat"].contains(where: token.isKeyword) || ["(", "{", "["].contains(where: token.isSymbol) { depth += 1 }
      if ["end", "until"].contains(where: token.isKeyword) || [")", "}", "]"].contains(where: token.isSymbol) { depth -= 1 }
      guard depth == 0, token.isKeyword("local"), i + 1 < tokens.count else { continue }
      let word = token.start..<tokens[i + 1].start
      if tokens[i + 1].isKeyword("function") {
        if i + 2 < tokens.count { names.append(tokens[i + 2].text) }
        edits.append((word, ""))
        continue
      }
      let (list, end, hasAttributes) = Locals.list(tokens, from: i + 1)
      names += list
      guard let last = list.isEmpty || hasAttributes ? nil : tokens[end - 1] else { continue }
      edits.append((word, ""))
      if end == tokens.count || !tokens[end].isSymbol("=") { edits.append((last.end..<last.end, " = nil")) }
    }
    self.names = names
    var bytes = Array(source.utf8)
    for (range, text) in edits.reversed() { bytes.replaceSubrange(range, with: Array(text.utf8)) }
    asGlobals = String(decoding: bytes, as: UTF8.self)
  }

  /// name <attribute>, name, ...: the names, the place behind them, and whether there are attributes.
  private static func list(_ tokens: [LuaToken], from start: Int) -> (names: [String], end: Int, hasAttributes: Bool) {
    var (names, i, hasAttributes) = ([String](), start, false)
    while i < tokens.count, tokens[i].kind == .name {
      names.append(tokens[i].text)
      i += 1
      if i + 2 < tokens.count, tokens[i].isSymbol("<"), tokens[i + 2].isSymbol(">") { (i, hasAttributes) = (i + 3, true) }
      guard i < tokens.count, tokens[i].isSymbol(",") else { break }
      i += 1
    }
    return (names, i, hasAttributes)
  }
}
