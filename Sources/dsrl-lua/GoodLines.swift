/// This session's lines that went well, as a script can have them.
struct GoodLines {
  private var lines: [(source: String, isExpression: Bool)] = []
  var isEmpty: Bool { lines.isEmpty }

  mutating func add(_ chunk: PromptChunk) {
    let source = chunk.isExpression ? GoodLines.withoutSemicolon(chunk.source) : chunk.source
    lines.append((source, chunk.isExpression))
  }

  /// A call stays a statement, another expression is printed; where a later line uses _ or _1 to _9, they are assigned.
  func script(isStatement: (String) -> Bool) -> String {
    var text: [String] = []
    for (i, line) in lines.enumerated() {
      guard line.isExpression else { text.append(line.source); continue }
      let reach = lines[(i + 1)...].prefix { !$0.isExpression } + lines[(i + 1)...].drop { !$0.isExpression }.prefix(1)
      let uses = Set(reach.flatMap { luaTokens($0.source).filter { $0.kind == .name }.map(\.text) })
      let places = (1...9).filter { uses.contains("_\($0)") }
      if let last = places.last {
        let names = (1...last).map { "_\($0)" }.joined(separator: ", ")
        text.append("\(names) = \(line.source)\n_ = _1")
      } else if uses.contains("_") {
        text.append("_ = \(line.source)")
      } else {
        text.append(isStatement(line.source) ? line.source : "print(\(line.source))")
      }
    }
    return text.joined(separator: "\n") + "\n"
  }

  private static func withoutSemicolon(_ source: String) -> String {
    let tokens = luaTokens(source)
    guard let last = tokens.last(where: { $0.kind != .comment }), last.isSymbol(";") else {
      guard let last = tokens.last, last.kind == .comment, let code = tokens.last(where: { $0.kind != .comment }) else { return source }
      return String(decoding: Array(source.utf8)[..<code.end], as: UTF8.self)
    }
    return String(decoding: Array(source.utf8)[..<last.start], as: UTF8.self)
  }
}
