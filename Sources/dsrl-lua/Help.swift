import LuaBridge

/// Pages of help, made of the registry.
struct Help {
  private let lua: Interpreter
  private let style: Style
  init(_ lua: Interpreter, _ style: Style) { (self.lua, self.style) = (lua, style) }

  /// "dsrl.env.make", "Tensor:sum", "sum", "Ant-v5", a variable that holds something of ours, "\"two words\"" to search; empty for the list of everything.
  func text(_ wanted: String) -> String {
    let key = String(wanted.drop { $0 == " " || $0 == "?" }.reversed().drop { $0 == " " }.reversed())
    if key.isEmpty { return lua.registry.entries.filter { $0.kind == .module || $0.kind == .type }.map(line).joined(separator: "\n") }
    if let quote = key.first, quote == "\"" || quote == "'" { return search(String(key.dropFirst().prefix { $0 != quote })) }
    if let entry = lua.registry.find(key) ?? variable(key) { return page(entry) }
    let same = lua.registry.entries.filter { $0.shortName == key && $0.kind != .metamethod }
    if !same.isEmpty { return same.map(page).joined(separator: "\n\n") }
    if let variant = variant(key) { return variant }
    if let option = option(key) { return option }
    if let own = standard(key) { return own }
    if let member = member(key) { return member }
    let near = lua.registry.nearest(to: key).map { "; did you mean '\($0.name)'?" } ?? ""
    return "no help on '\(key)'\(near) ?\"\(key)\" searches"
  }

  /// "Ant-v5": the options that come with that argument.
  private func variant(_ key: String) -> String? {
    guard let entry = lua.registry.entries.first(where: { lua.registry.arguments(of: $0).contains(key) }) else { return nil }
    let heading = style(.heading, entry.name) + "(\"\(key)\", {...}), beside what ?\(entry.name) says"
    do { return ([heading] + table(try lua.registry.options(of: entry, for: key))).joined(separator: "\n") } catch { return "\(error)" }
  }

  /// "gamma": what that option is, and of which functions.
  private func option(_ key: String) -> String? {
    var meanings: [(text: String, functions: [String])] = []
    do {
      for entry in lua.registry.entries where entry.kind != .metamethod {
        for option in try lua.registry.options(of: entry) where option.name == key && !option.doc.isEmpty {
          let function = entry.name + (option.value.isEmpty ? "" : " (\(option.value))")
          if let known = meanings.firstIndex(where: { $0.text == option.doc }) { meanings[known].functions.append(function) } else {
            meanings.append((option.doc, [function]))
          }
        }
      }
    } catch { return "\(error)" }
    guard !meanings.isEmpty else { return nil }
    let parts = meanings.map { wrapped("of " + $0.functions.joined(separator: ", "), indent: "  ") + "\n" + wrapped($0.text, indent: "    ") }
    return style(.heading, key) + ", an option\n" + parts.joined(separator: "\n")
  }

  /// "env:step" although there is no `env`: what has a member of that name.
  private func member(_ key: String) -> String? {
    guard let separator = key.lastIndex(where: { $0 == "." || $0 == ":" }) else { return nil }
    let name = key[key.index(after: separator)...]
    let found = lua.registry.entries.filter { $0.shortName == name && ($0.kind == .method || $0.kind == .property) }
    return found.isEmpty ? nil : found.count == 1 ? page(found[0]) : found.map(line).joined(separator: "\n")
  }

  private func search(_ text: String) -> String {
    let words = text.split(separator: " ").map(String.init)
    guard !words.isEmpty else { return "?\"WORDS\" wants words to search for" }
    var found: [RegistryEntry] = []
    do { found = try lua.registry.search(words) } catch { return "\(error)" }
    guard !found.isEmpty else { return "nothing about \(words.map { "'\($0)'" }.joined(separator: " and "))" }
    let rest = found.count > 20 ? "\n... \(found.count - 20) more; add a word" : ""
    return found.prefix(20).map(line).joined(separator: "\n") + rest
  }

  private func page(_ entry: RegistryEntry) -> String {
    var parts = [style(.heading, entry.name) + signature(entry)]
    if !entry.doc.isEmpty { parts.append(wrapped(entry.doc, indent: "  ")) }
    do { parts += table(try lua.registry.options(of: entry)) } catch { parts.append("  (its options cannot be listed: \(error))") }
    if let example = lua.registry.examples[entry.name] {
      parts.append("  " + style(.hint, "example"))
      parts += example.split(separator: "\n").map { "    " + $0 }
    }
    if entry.kind == .module || entry.kind == .type { parts += lua.registry.members(of: entry.name).filter { $0.kind != .metamethod }.map { "  " + line($0) } }
    return parts.joined(separator: "\n")
  }

  /// "name = default  what it is (one of ...)", in columns.
  private func table(_ options: [OptionHelp]) -> [String] {
    let heads = options.map { $0.value.isEmpty ? $0.name : "\($0.name) = \($0.value)" }
    let width = min(heads.map(\.count).max() ?? 0, 34)
    return zip(options, heads).map { option, head in
      let choices = option.choices.isEmpty ? "" : (option.doc.isEmpty ? "" : "; ") + "one of " + option.choices.joined(separator: ", ")
      let text = wrapped(option.doc + choices, indent: String(repeating: " ", count: width + 4))
      return "  " + head.padded(to: width) + "  " + text.drop { $0 == " " }
    }.map { $0.trimmingSuffix { $0 == " " } }
  }

  /// One line, the first sentence of the doc, cut to the terminal.
  private func line(_ entry: RegistryEntry) -> String {
    let sentence = entry.doc.firstRange(of: ". ").map { entry.doc[..<$0.lowerBound] + "." } ?? entry.doc[...]
    let head = entry.name + (entry.signature.count > 60 ? "(...)" : signature(entry))
    guard !sentence.isEmpty else { return head }
    let room = max(style.width - head.count - 6, 20)
    return head + style(.hint, "  -- " + (sentence.count > room ? sentence.prefix(room - 3) + "..." : sentence))
  }

  private func signature(_ entry: RegistryEntry) -> String {
    if entry.signature.isEmpty || entry.signature.hasPrefix("(") { return entry.signature }
    return (entry.kind == .function ? " " : ": ") + entry.signature
  }

  /// Lines no wider than the terminal; each of the text's own begins a new one.
  private func wrapped(_ text: String, indent: String) -> String {
    var lines: [String] = []
    for own in text.split(separator: "\n", omittingEmptySubsequences: false) {
      var line = ""
      for word in own.split(separator: " ") {
        if !line.isEmpty, indent.count + line.count + 1 + word.count > max(style.width - 1, 30) {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      lines.append(line)
    }
    return lines.map { indent + $0 }.joined(separator: "\n")
  }

  /// "env:step" of a variable `env`, or the type of what `env` holds; any chain that Tab could complete.
  private func variable(_ name: String) -> RegistryEntry? {
    let tokens = luaTokens(name)
    do {
      let finder = PlaceFinder(lua: lua)
      guard let place = try finder.find(tokens[...]) else { return nil }
      if let entry = finder.entry(of: place) { return entry }
      switch place {
      case .type(let type): return lua.registry.find(type)
      case .value(let value, _): return lua.registry.find(try value.typeName())
      case .entry(let entry): return entry
      }
    } catch { return nil }
  }

  /// Where Lua's own names are described.
  private func standard(_ name: String) -> String? {
    do {
      guard case .value(let value, _)? = try PlaceFinder(lua: lua).find(luaTokens(name)[...]) else { return nil }
      let type = try value.typeName()
      let root = String(name.prefix { $0 != "." && $0 != ":" })
      let libraries: Set<String> = ["string", "table", "math", "io", "os", "coroutine", "utf8", "debug", "package"]
      let isOwn = libraries.contains(root) || (Self.basic.contains(name) && type == "function")
      guard isOwn else { return type == "nil" ? nil : "\(name) is a \(type) of this session: \(try ValuePrinter(style: style).brief(value))" }
      return "\(name) is Lua's own: https://www.lua.org/manual/5.4/manual.html#\(libraries.contains(name) ? "6" : "pdf-\(name)")"
    } catch { return nil }
  }

  private static let basic: Set<String> = [
    "assert", "collectgarbage", "dofile", "error", "getmetatable", "ipairs", "load", "loadfile", "next", "pairs", "pcall", "print", "rawequal", "rawget",
    "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type", "warn", "xpcall",
  ]
}
