@preconcurrency import CReadline
import Glibc
import LuaBridge

/// Tab at the prompt, by readline: asks `Completer` what can stand where the cursor is.
enum Completion {
  nonisolated(unsafe) private static weak var lua: Interpreter?
  nonisolated(unsafe) private static var matches: [String] = []
  /// Lines of the same piece of Lua above the one that is typed.
  nonisolated(unsafe) static var before = ""
  nonisolated(unsafe) private static let breaks = strdup(" \t\n\"'`@$><=;|&{}()[]+-*/%^~#,?!")
  /// Inside a string everything but the quotes belongs to the word.
  nonisolated(unsafe) private static let breaksInStrings = strdup("\"'")
  nonisolated(unsafe) private static let breaksInCommands = strdup(" \t\n\"'`;|&(){}<>=!")
  nonisolated(unsafe) private static let quotes = strdup("\"'")
  nonisolated(unsafe) private static let blank = strdup(" ")

  static func install(_ lua: Interpreter) {
    self.lua = lua
    rl_completer_word_break_characters = UnsafePointer(breaks)
    rl_completion_word_break_hook = {
      let kind = Completion.line(upTo: rl_point).map { LineKind($0) }
      // Readline puts names with blanks into quotes, where those are not Lua's.
      rl_completer_quote_characters = kind == .files ? UnsafePointer(Completion.quotes) : nil
      rl_filename_quote_characters = kind == .files ? UnsafePointer(Completion.blank) : nil
      switch kind {
      case .string: return Completion.breaksInStrings
      case .files: return Completion.breaksInCommands
      default: return Completion.breaks
      }
    }
    rl_attempted_completion_function = { text, start, end in
      guard let text, let lua = Completion.lua, let line = Completion.line(upTo: start), let whole = Completion.line(upTo: end) else { return nil }
      rl_completion_append_character = 0
      let word = String(cString: text)
      let kind = LineKind(whole)
      if kind == .files { return nil }
      let found = Completer(lua: lua).find(word, after: kind == .code || kind == .string ? Completion.before + "\n" + line : line)
      // Without an answer inside a string readline completes the names of files.
      if kind == .string, found.isEmpty { return nil }
      rl_attempted_completion_over = 1
      Completion.matches = found.reversed()
      return rl_completion_matches(text) { _, _ in Completion.matches.popLast().flatMap { strdup($0) } }
    }
  }

  /// What stands left of a place in readline's line.
  private static func line(upTo place: CInt) -> String? {
    guard let buffer = rl_line_buffer else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: buffer, count: Int(place)), as: UTF8.self)
  }

  /// What kind of thing the end of a line is.
  enum LineKind {
    case code, string, files, help, command

    init(_ line: String) {
      let typed = line.drop { $0 == " " }
      let isFirst = Completion.before.isEmpty
      if isFirst, typed.hasPrefix("?") {
        self = .help
      } else if isFirst, typed.hasPrefix("!") || typed.hasPrefix("%run ") || typed.hasPrefix("%save ") {
        self = .files
      } else if isFirst, typed.hasPrefix("%"), !typed.contains(" ") {
        self = .command
      } else {
        self = luaTokens(Completion.before + "\n" + line).last?.isOpenString == true ? .string : .code
      }
    }
  }
}

/// What can stand at a place in a line of Lua. Tables are read raw and types come from the registry; no script runs.
struct Completer {
  let lua: Interpreter

  /// Whole words that begin with `word`, in order; `before` is what stands left of it.
  func find(_ word: String, after before: String) -> [String] {
    do {
      let typed = before.drop { $0.isWhitespace }
      if typed == "%" { return Prompt.commands.map(\.name).filter { $0.hasPrefix(word) } }
      if typed.hasPrefix("?") { return try names(word, String(typed.dropFirst()), isHelp: true) }
      let code = typed.hasPrefix("%") ? String(typed.drop { $0 != " " }) : String(before)
      let tokens = luaTokens(code)
      if let last = tokens.last, last.isOpenString { return try strings(word, tokens.dropLast()) }
      let options = try self.options(word, tokens[...])
      return options.isEmpty ? try names(word, code, isHelp: false) : options
    } catch { return [] }
  }

  // MARK: Names

  /// `word` may be a chain itself, or the end of one that `before` begins.
  private func names(_ word: String, _ before: String, isHelp: Bool) throws -> [String] {
    let tokens = luaTokens(before + word)
    let separator = word.lastIndex { $0 == "." || $0 == ":" }
    guard let separator else {
      let globals = try lua.global("_G").names().map(\.name)
      let types = isHelp ? lua.registry.entries.filter { $0.kind == .type }.map(\.name) : Array(LuaToken.keywords)
      return chosen(globals + types, word, owner: "")
    }
    let rest = word[word.index(after: separator)...]
    let chain = tokens.dropLast(rest.isEmpty ? 1 : 2)
    guard let end = chain.indices.last, let start = PlaceFinder.start(of: chain, endingAt: end) else { return [] }
    let finder = PlaceFinder(lua: lua)
    guard let place = try finder.find(chain[start...]) else { return [] }
    let isMethod = word[separator] == ":"
    var members = try finder.members(of: place, isMethod: isMethod)
    if isHelp, !isMethod { members += try finder.members(of: place, isMethod: true) }
    return chosen(members, String(rest), owner: String(word[...separator]))
  }

  /// Names that begin with an underscore are private until one is typed.
  private func chosen(_ names: [String], _ word: String, owner: String) -> [String] {
    Set(names).filter { $0.hasPrefix(word) && (word.hasPrefix("_") || !$0.hasPrefix("_")) }.sorted().map { owner + $0 }
  }

  // MARK: Options and strings

  /// The function whose braces are open at the end of `tokens`, its first argument where that is text, the table in its table, and what has
  /// been given in it.
  private func openTable(_ tokens: ArraySlice<LuaToken>) throws -> (entry: RegistryEntry, first: String?, prefix: String, given: Set<String>)? {
    var depth = 0
    var given: Set<String> = []
    for i in tokens.indices.reversed() {
      if [")", "}", "]"].contains(where: tokens[i].isSymbol) { depth += 1 }
      if depth == 0, tokens[i].isSymbol("="), i > tokens.startIndex { given.insert(tokens[i - 1].text) }
      guard ["(", "{", "["].contains(where: tokens[i].isSymbol) else { continue }
      depth -= 1
      guard depth < 0 else { continue }
      guard tokens[i].isSymbol("{") else { return nil }
      let outside = tokens[..<i]
      if let last = outside.indices.last, outside[last].isSymbol("="), last > outside.startIndex {
        guard let outer = try openTable(outside[..<(last - 1)]) else { return nil }
        return (outer.entry, outer.first, outer.prefix + outside[last - 1].text + ".", given)
      }
      return try callee(of: outside).map { ($0.entry, $0.first, "", given) }
    }
    return nil
  }

  /// The function that an argument after `tokens` goes to, which argument that is, and the first one where it is text.
  private func callee(of tokens: ArraySlice<LuaToken>) throws -> (entry: RegistryEntry, argument: Int, first: String?)? {
    guard let last = tokens.indices.last else { return nil }
    let finder = PlaceFinder(lua: lua)
    func entry(endingAt end: Int) throws -> RegistryEntry? {
      guard let start = PlaceFinder.start(of: tokens, endingAt: end), let place = try finder.find(tokens[start...end]) else { return nil }
      return finder.entry(of: place)
    }
    if tokens[last].kind == .name { return try entry(endingAt: last).map { ($0, 1, nil) } }
    var (depth, argument) = (0, 1)
    for i in tokens.indices.reversed() {
      if [")", "}", "]"].contains(where: tokens[i].isSymbol) { depth += 1 }
      if depth == 0, tokens[i].isSymbol(",") { argument += 1 }
      guard ["(", "{", "["].contains(where: tokens[i].isSymbol) else { continue }
      depth -= 1
      guard depth < 0 else { continue }
      guard tokens[i].isSymbol("("), i > tokens.startIndex else { return nil }
      let first = i < last && tokens[i + 1].isString ? tokens[i + 1].content : nil
      return try entry(endingAt: i - 1).map { ($0, argument, first) }
    }
    return nil
  }

  /// Names of options, where one can begin: behind a brace or a comma of the function's table.
  private func options(_ word: String, _ tokens: ArraySlice<LuaToken>) throws -> [String] {
    guard let last = tokens.last, [",", "{", ";"].contains(where: last.isSymbol), let open = try openTable(tokens) else { return [] }
    let beside = try open.first.map { try lua.registry.options(of: open.entry, for: $0) } ?? []
    let names = try (lua.registry.options(of: open.entry) + beside).map(\.name).filter { $0.hasPrefix(open.prefix) }.map { $0.dropFirst(open.prefix.count) }
    let own = Set(names.map { String($0.prefix { $0 != "." }) }).subtracting(open.given)
    return own.filter { $0.hasPrefix(word) }.sorted().map { $0 + " = " }
  }

  /// What may stand in a string that begins behind `tokens`: what the registry knows of the argument or the option.
  private func strings(_ word: String, _ tokens: ArraySlice<LuaToken>) throws -> [String] {
    var choices: [String] = []
    if let last = tokens.indices.last, tokens[last].isSymbol("="), last > tokens.startIndex {
      guard let open = try openTable(tokens[..<(last - 1)]) else { return [] }
      choices = try lua.registry.choices(of: "\(open.entry.name).\(open.prefix)\(tokens[last - 1].text)")
    } else if let callee = try callee(of: tokens), callee.argument == 1 {
      choices = try lua.registry.choices(of: callee.entry.name)
    }
    return choices.filter { $0.hasPrefix(word) }
  }
}
