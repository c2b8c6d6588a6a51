import LuaBridge

/// "(id: string, options?: table) -> Environment", taken apart.
struct Signature {
  struct Parameter {
    /// "..." for any number more.
    let name: String
    let type: String
    let isOptional: Bool
  }
  let parameters: [Parameter]
  let results: [String]

  /// nil for what is no function's signature. "{key = ...} -> T" is one of a table of options.
  init?(_ text: String) {
    guard text.hasPrefix("(") || text.hasPrefix("{"), let close = Signature.closing(text) else { return nil }
    let inside = text[text.index(after: text.startIndex)..<close]
    parameters = text.hasPrefix("{") ? [Parameter(name: "options", type: "table", isOptional: false)] : Signature.parts(inside).map(Signature.parameter)
    let rest = text[text.index(after: close)...].drop { $0 == " " }
    guard rest.isEmpty || rest.hasPrefix("->") else { return nil }
    results = Signature.parts(rest.dropFirst(2))
  }

  private static func parameter(_ text: String) -> Parameter {
    let pieces = text.split(separator: ":", maxSplits: 1).map { String($0.drop { $0 == " " }) }
    let name = pieces[0]
    let type = pieces.count > 1 ? pieces[1] : "any"
    let optional = name.hasSuffix("?") || type.hasSuffix("?")
    return Parameter(name: name.hasSuffix("?") ? String(name.dropLast()) : name, type: type.hasSuffix("?") ? String(type.dropLast()) : type, isOptional: optional)
  }

  /// Where the bracket that `text` begins with is closed.
  private static func closing(_ text: String) -> String.Index? {
    var depth = 0
    for index in text.indices {
      if "([{".contains(text[index]) { depth += 1 }
      if ")]}".contains(text[index]) { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  /// Between the commas that are in no bracket.
  private static func parts(_ text: Substring) -> [String] {
    var (parts, part, depth) = ([] as [String], "", 0)
    for character in text {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append(part)
        part = ""
      } else if !(part.isEmpty && character == " ") {
        part.append(character)
      }
    }
    return part.isEmpty ? parts : parts + [part]
  }
}
