/// A piece of Lua source, as far as the prompt has to understand what is typed; wrong source gives some pieces all the same.
struct LuaToken: Equatable {
  enum Kind: Equatable { case name, keyword, number, symbol, comment, string(isClosed: Bool) }
  let kind: Kind
  /// As it stands in the source; of a string with its quotes.
  let text: String
  /// Where it begins in the source, in bytes.
  let start: Int

  var end: Int { start + text.utf8.count }
  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
  func isKeyword(_ word: String) -> Bool { kind == .keyword && text == word }
  var isString: Bool { if case .string = kind { true } else { false } }
  var isOpenString: Bool { kind == .string(isClosed: false) }

  /// Of a string, without its quotes; escapes stay as they are.
  var content: String {
    guard case .string(let isClosed) = kind else { return text }
    guard let quote = text.first, quote != "[" else { return text }
    return String(isClosed ? text.dropFirst().dropLast() : text.dropFirst())
  }

  static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return",
    "then", "true", "until", "while",
  ]
}

/// The pieces of `source` in order.
func luaTokens(_ source: String) -> [LuaToken] {
  var scanner = LuaScanner(source)
  var tokens: [LuaToken] = []
  while let token = scanner.next() { tokens.append(token) }
  return tokens
}

private struct LuaScanner {
  private let bytes: [UInt8]
  private var place = 0

  init(_ source: String) { bytes = Array(source.utf8) }

  private func at(_ offset: Int = 0) -> UInt8? { place + offset < bytes.count ? bytes[place + offset] : nil }
  private func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { wanted in place + wanted.count <= bytes.count && wanted.indices.allSatisfy { bytes[place + $0] == wanted[$0] } }
  }

  mutating func next() -> LuaToken? {
    while let byte = at(), byte == 32 || (9...13).contains(byte) { place += 1 }
    guard let byte = at() else { return nil }
    let start = place
    let kind = scan(byte)
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if kind == .name, LuaToken.keywords.contains(text) { return LuaToken(kind: .keyword, text: text, start: start) }
    return LuaToken(kind: kind, text: text, start: start)
  }

  private mutating func scan(_ byte: UInt8) -> LuaToken.Kind {
    if starts("--") {
      place += 2
      if let level = longBracket() { _ = skipLong(level) } else { while let byte = at(), byte != 10 { _ = byte; place += 1 } }
      return .comment
    }
    if let level = longBracket() { return .string(isClosed: skipLong(level)) }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return .string(isClosed: skipQuoted(byte)) }
    if isLetter(byte) {
      while let byte = at(), isLetter(byte) || isDigit(byte) { place += 1 }
      return .name
    }
    if isDigit(byte) || (byte == UInt8(ascii: ".") && at(1).map(isDigit) == true) {
      skipNumber()
      return .number
    }
    for symbol: StaticString in ["...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"] where starts(symbol) {
      place += symbol.utf8CodeUnitCount
      return .symbol
    }
    place += 1
    while let byte = at(), byte & 0xc0 == 0x80 { _ = byte; place += 1 }  // the rest of a character that is not ASCII
    return .symbol
  }

  /// The number of = between the brackets of a long string that begins here, and steps behind its beginning.
  private mutating func longBracket() -> Int? {
    guard at() == UInt8(ascii: "[") else { return nil }
    var level = 0
    while at(level + 1) == UInt8(ascii: "=") { level += 1 }
    guard at(level + 1) == UInt8(ascii: "[") else { return nil }
    place += level + 2
    return level
  }

  private mutating func skipLong(_ level: Int) -> Bool {
    while place < bytes.count {
      if at() == UInt8(ascii: "]"), (1...level + 1).allSatisfy({ at($0) == UInt8(ascii: $0 == level + 1 ? "]" : "=") }) {
        place += level + 2
        return true
      }
      place += 1
    }
    return false
  }

  private mutating func skipQuoted(_ quote: UInt8) -> Bool {
    place += 1
    while let byte = at(), byte != 10 {
      place += byte == UInt8(ascii: "\\") && at(1) != nil ? 2 : 1
      if byte == quote { return true }
    }
    return false
  }

  private mutating func skipNumber() {
    while let byte = at(), isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: ".") {
      let isExponent = byte | 32 == UInt8(ascii: "e") || byte | 32 == UInt8(ascii: "p")
      place += 1
      if isExponent, at() == UInt8(ascii: "-") || at() == UInt8(ascii: "+") { place += 1 }
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") }
}
