import LuaBridge

/// Values as the prompt shows them: tables by their contents, three levels deep, keys in order; no script runs but `__tostring`.
struct ValuePrinter {
  let width: Int
  private static let deepest = 3
  private static let longest = 40

  func text(_ value: LuaReference) throws -> String { try text(value, depth: 0, indent: "", parents: []) }

  private func text(_ value: LuaReference, depth: Int, indent: String, parents: [LuaReference]) throws -> String {
    let type = try value.typeName()
    guard type == "table" else {
      let text = try value.text()
      return depth > 0 && type == "string" ? quoted(text) : text
    }
    // With a metatable of its own tostring does not begin with "table: ".
    let plain = try value.text()
    guard plain.hasPrefix("table: ") else { return plain }
    if depth > Self.deepest { return "{...}" }
    if try parents.contains(where: { try $0.isSame(as: value) }) { return "{... itself}" }

    let inner = indent + "  "
    let pairs = try value.pairs(limit: Self.longest + 1)
    var parts = try pairs.prefix(Self.longest).map { pair in
      let key = try self.key(pair.key)
      let text = try text(pair.value, depth: depth + 1, indent: inner, parents: parents + [value])
      return (key, text: key.isIndex ? text : "\(key.text) = \(text)")
    }
    parts.sort { $0.0 < $1.0 }
    var texts = parts.map(\.text)
    if pairs.count > Self.longest { texts.append("...") }
    let line = "{" + texts.joined(separator: ", ") + "}"
    if indent.count + line.count < width, !line.contains("\n") { return line }
    return "{\n" + texts.map { inner + $0 }.joined(separator: ",\n") + "\n\(indent)}"
  }

  private struct Key: Comparable {
    let number: Double
    let text: String
    var isIndex: Bool { number.isFinite && number > 0 }
    static func < (a: Key, b: Key) -> Bool { (a.number, a.text) < (b.number, b.text) }
  }

  /// Numbers first, then names.
  private func key(_ key: LuaReference) throws -> Key {
    switch try key.value() {
    case .int(let i): Key(number: Double(i), text: "[\(i)]")
    case .string(let name) where name.wholeMatch(of: /[A-Za-z_][A-Za-z_0-9]*/) != nil: Key(number: .infinity, text: name)
    case .string(let name): Key(number: .infinity, text: "[\(quoted(name))]")
    default: Key(number: .infinity, text: "[\(try key.text())]")
    }
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : String($0) }.joined() + "\""
  }
}
