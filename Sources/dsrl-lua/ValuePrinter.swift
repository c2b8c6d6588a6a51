import LuaBridge
import Script

/// Values as the prompt shows them: tables by their contents, some levels deep, keys in order, cut where they are large. No script
/// runs but `__tostring`.
struct ValuePrinter {
  let style: Style
  private static let deepest = 3
  /// Elements of a list, and other entries of a table, that are shown.
  private static let longestList = 100
  private static let longestTable = 40
  /// Of a string inside a table, in characters; of one by itself.
  private static let longestText = 200
  private static let longestString = 20000

  /// What came of a line: a string as it is, a figure drawn.
  func text(_ value: LuaReference) throws -> String {
    if let figure = try value.object as? any Drawable {
      return try figure.drawn(width: min(max(style.width - 1, 20), 100), height: 22).trimmingSuffix { $0.isNewline }
    }
    guard try value.typeName() == "string" else {
      return render(try node(value, depth: 0, parents: [], budget: Budget()), indent: "", first: 0)
    }
    let text = try value.text()
    guard text.count > Self.longestString else { return text }
    return text.prefix(Self.longestString) + style(.hint, "... (\(text.utf8.count) bytes in all; print(_) shows them)")
  }

  /// One line, for a list of variables.
  func brief(_ value: LuaReference) throws -> String {
    let type = try value.typeName()
    guard try value.isTable else { return try leaf(value, type, isTop: false).text }
    let contents = try value.contents(listLimit: 0, fieldLimit: 0)
    let parts = [(contents.listCount, "element"), (contents.fieldCount, "field")].filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
    return parts.isEmpty ? "{}" : "{\(parts.joined(separator: ", "))}"
  }

  // MARK: What is shown

  private indirect enum Node {
    case leaf(String)
    /// The name that its metatable gives it, its elements, its entries, and what of both is left out.
    case table(name: String, list: [Node], entries: [(key: String, node: Node)], missing: [String])
    var text: String { if case .leaf(let text) = self { text } else { "" } }
  }

  /// What all tables of one value together may show.
  private final class Budget { var left = 1000 }

  private func node(_ value: LuaReference, depth: Int, parents: [LuaReference], budget: Budget) throws -> Node {
    let type = try value.typeName()
    guard try value.isTable else { return try leaf(value, type, isTop: depth == 0) }
    if try value.metafield("__tostring") != nil { return .leaf(try depth == 0 ? value.text() : inside(value)) }
    if try parents.contains(where: { try $0.isSame(as: value) }) { return .leaf(style(.hint, "{... itself}")) }
    let name = try value.metafield("__name").map { try $0.typeName() == "string" ? $0.text() + " " : "" } ?? ""
    let contents = try value.contents(listLimit: Self.longestList, fieldLimit: 5000)
    if contents.listCount + contents.fieldCount == 0 { return .leaf(name + "{}") }
    if depth > Self.deepest || budget.left <= 0 { return .leaf(name + style(.hint, "{...}")) }

    let inner = parents + [value]
    budget.left -= contents.list.count + min(contents.fieldCount, Self.longestTable)
    let list = try contents.list.map { try node($0, depth: depth + 1, parents: inner, budget: budget) }
    let keys = try contents.fields.map { (key: try key($0.key), value: $0.value) }.sorted { $0.key < $1.key }
    let entries = try keys.prefix(Self.longestTable).map { (key: $0.key.text, node: try node($0.value, depth: depth + 1, parents: inner, budget: budget)) }
    var missing: [String] = []
    if contents.listCount > list.count { missing.append("... \(contents.listCount - list.count) more elements") }
    if contents.fieldCount > entries.count { missing.append("... \(contents.fieldCount - entries.count) more fields") }
    return .table(name: name, list: list, entries: entries, missing: missing)
  }

  /// What its own __tostring makes of a table inside another. One that fails does not hide the rest.
  private func inside(_ value: LuaReference) throws -> String {
    do { return try value.text() } catch {
      if ControlC.wasPressed { throw error }
      return style(.hint, "{__tostring failed}")
    }
  }

  private func leaf(_ value: LuaReference, _ type: String, isTop: Bool) throws -> Node {
    switch type {
    case "string": return .leaf(style(.string, quoted(try value.text())))
    case "nil", "boolean": return .leaf(style(.constant, try value.text()))
    case "number": return .leaf(try value.text())
    case "function", "thread": return .leaf(style(.object, isTop ? try value.text() : type))
    default:
      if isTop { return .leaf(try value.text()) }
      let object = try value.object
      let text = if let brief = object as? any Brief { brief.brief } else { try value.text() }
      let first = text.prefix { !$0.isNewline }
      return .leaf(style(.object, first.count < text.count || first.count > Self.longestText ? first.prefix(Self.longestText) + " ..." : String(first)))
    }
  }

  private struct Key: Comparable {
    let number: Double
    let text: String
    static func < (a: Key, b: Key) -> Bool { (a.number, a.text) < (b.number, b.text) }
  }

  /// Numbers first, then names, then the rest.
  private func key(_ key: LuaReference) throws -> Key {
    switch try key.typeName() {
    case "number":
      let text = try key.text()
      return Key(number: Double(text) ?? .infinity, text: "[\(text)]")
    case "string":
      let name = try key.text()
      let isPlain = name.wholeMatch(of: /[A-Za-z_][A-Za-z_0-9]*/) != nil && !LuaToken.keywords.contains(name)
      return Key(number: .infinity, text: isPlain ? name : "[\(quoted(name))]")
    default: return Key(number: .infinity, text: "[\(try brief(key))]")
    }
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(Self.longestText) {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 32 || scalar.value == 127: result += "\\\(scalar.value)"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + (text.unicodeScalars.count > Self.longestText ? "..." : "") + "\""
  }

  // MARK: How it is laid out

  /// `first` is where on its line it begins, in characters.
  private func render(_ node: Node, indent: String, first: Int) -> String {
    guard case .table(let name, let list, let entries, let missing) = node else { return node.text }
    if let line = oneLine(node, room: style.width - first - 1) { return line }
    let inner = indent + "  "
    var parts: [String] = []
    if !list.isEmpty {
      let all = list.map { node -> String in if case .table = node { "\n" } else { node.text } }
      // Elements that are short stand side by side, others below each other.
      if all.allSatisfy({ !$0.contains("\n") && Style.length($0) < 20 }) { parts.append(filled(all, indent: inner)) }
      else { parts += list.map { inner + render($0, indent: inner, first: inner.count) } }
    }
    parts += entries.map { key, node in "\(inner)\(key) = " + render(node, indent: inner, first: inner.count + key.count + 3) }
    let rest = missing.map { "\n" + inner + style(.hint, $0) }.joined()
    return "\(name){\n" + parts.joined(separator: ",\n") + rest + "\n\(indent)}"
  }

  private func oneLine(_ node: Node, room: Int) -> String? {
    guard room > 0 else { return nil }
    guard case .table(let name, let list, let entries, let missing) = node else {
      return Style.length(node.text) <= room && !node.text.contains("\n") ? node.text : nil
    }
    var parts: [String] = []
    var left = room - 2 - name.count
    for (key, node) in list.map({ ("", $0) }) + entries.map({ ("\($0.key) = ", $0.node) }) {
      guard let text = oneLine(node, room: left - key.count) else { return nil }
      left -= key.count + Style.length(text) + 2
      parts.append(key + text)
    }
    let line = "\(name){" + (parts + missing.map { style(.hint, $0) }).joined(separator: ", ") + "}"
    return Style.length(line) <= room ? line : nil
  }

  /// Words side by side, in as many lines as they need.
  private func filled(_ words: [String], indent: String) -> String {
    var lines: [String] = []
    var line = indent
    for (i, word) in words.enumerated() {
      let word = word + (i + 1 < words.count ? ", " : "")
      if Style.length(line) + Style.length(word) > style.width, line != indent {
        lines.append(String(line.trimmingSuffix { $0 == " " }))
        line = indent
      }
      line += word
    }
    return (lines + [line]).joined(separator: "\n")
  }
}

extension String {
  func trimmingSuffix(_ isDropped: (Character) -> Bool) -> String {
    var end = endIndex
    while end > startIndex, isDropped(self[index(before: end)]) { end = index(before: end) }
    return String(self[..<end])
  }
}
