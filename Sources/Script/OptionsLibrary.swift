import Files
import LuaBridge
import Runs

/// The command line's `--set key=value`, and whether a script has taken them.
struct Settings {
  private(set) var unused: [String]
  var areWrong = false
  private let texts: [(key: String, text: String)]
  private var isDeclared = false

  init(_ texts: [(key: String, text: String)]) {
    self.texts = texts
    unused = texts.map { "\($0.key)=\($0.text)" }
  }

  /// The defaults with what was set in their place.
  mutating func take(_ defaults: LuaTable) throws -> LuaTable {
    if texts.isEmpty { return defaults }
    guard !isDeclared else { throw LuaError("dsrl.options has been called before; with --set it is called once, so that every key is checked against all options") }
    isDeclared = true
    var values = defaults
    do {
      for (key, text) in texts {
        var path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[...]
        try values.set(&path, key, text, known: leaves(of: defaults))
      }
    } catch {
      areWrong = true
      throw error
    }
    unused = []
    return values
  }
}

/// "hidden", "network.layers": what can be set.
private func leaves(of table: LuaTable, prefix: String = "") -> [String] {
  table.fields.flatMap { field -> [String] in
    if case .table(let inner) = field.value, !inner.names.isEmpty { return leaves(of: inner, prefix: prefix + field.name + ".") }
    return [prefix + field.name]
  }
}

extension LuaTable {
  fileprivate mutating func set(_ path: inout ArraySlice<String>, _ key: String, _ text: String, known: [String]) throws {
    guard let name = path.popFirst(), let old = self[name] else {
      let near = known.nearest(to: key).map { " (did you mean '\($0)'?)" } ?? " (there are: \(known.sorted().joined(separator: ", ")))"
      throw LuaError("--set \(key)=\(text): this script has no option '\(key)'\(near)")
    }
    if case .table(var inner) = old, !inner.names.isEmpty, !path.isEmpty {
      try inner.set(&path, key, text, known: known)
      self[name] = .table(inner)
    } else if path.isEmpty {
      do { self[name] = try old.parsed(text) } catch { throw LuaError("--set \(key)=\(text): \(error)") }
    } else {
      throw LuaError("--set \(key)=\(text): '\(name)' has no parts")
    }
  }
}

extension LuaValue {
  /// `text` as a value of this one's type.
  fileprivate func parsed(_ text: String) throws -> LuaValue {
    switch self {
    case .string: return .string(text)
    case .int:
      guard let number = Int(text) ?? Double(text).flatMap(Int.init(exactly:)) else { throw LuaError("an integer expected") }
      return .int(number)
    case .number:
      guard let number = Double(text) else { throw LuaError("a number expected") }
      return .number(number)
    case .bool:
      guard let truth = ["true": true, "false": false][text] else { throw LuaError("true or false expected") }
      return .bool(truth)
    case .table(let list) where list.names.isEmpty:
      let inner = text.hasPrefix("{") && text.hasSuffix("}") ? text.dropFirst().dropLast() : text[...]
      let parts = inner.split(separator: ",").map { String($0.drop { $0 == " " }) }
      return .table(LuaTable(list: try parts.map { part in try (list.list.first ?? .guessed(part)).parsed(part) }))
    case .table(let table): throw LuaError("it has parts: \(table.names.joined(separator: ", "))")
    case .null, .object, .function, .other: throw LuaError("\(brief) cannot be set from the command line")
    }
  }

  /// Something of the type that `text` looks like, for lists that are empty by default.
  private static func guessed(_ text: String) -> LuaValue { Int(text) != nil ? 0 : Double(text) != nil ? 0.0 : "" }
}

extension Session {
  func installOptions() {
    lua.module("dsrl") {
      $0.function(
        "options", "(defaults: table) -> table",
        "This script's options with their defaults; `--set key=value` on the command line changes one, `--set a.b=3` one in a table. `dsrl-lua run SCRIPT --help` lists them, each with the comment at the end of its line; so does the run's manifest with their values."
      ) { [unowned self] (defaults: LuaTable) throws -> LuaTable in
        if listing != nil { try list(defaults) }
        let values = try settings.take(defaults)
        try run?.amend { $0.options = JSON(describing: .table(values)) }
        return values
      }
    }
  }
}
