import Files
import LuaBridge

extension LuaValue {
  /// null is nil, so that it leaves no trace in a table; a number without a fraction is an integer.
  init(_ json: JSON) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let value): self = Int(exactly: value).map(LuaValue.int) ?? .number(value)
    case .string(let value): self = .string(value)
    case .array(let values): self = .table(LuaTable(list: values.map(LuaValue.init)))
    case .object(let members): self = .table(LuaTable(members.sorted { $0.key < $1.key }.map { ($0.key, LuaValue($0.value)) }))
    }
  }
}

extension JSON {
  /// Throws for what JSON has no form for; an empty table is an object.
  init(_ value: LuaValue) throws {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .number(Double(value))
    case .number(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .table(let table) where table.names.isEmpty && !table.list.isEmpty: self = .array(try table.list.map(JSON.init(_:)))
    case .table(let table):
      guard table.list.isEmpty else { throw LuaError("a table for JSON is a list or has names, got one that is both: \(table)") }
      self = .object(Dictionary(uniqueKeysWithValues: try table.fields.map { ($0.name, try JSON($0.value)) }))
    case .object, .function, .other: throw LuaError("JSON has no form for \(value.brief)")
    }
  }

  /// For manifests: what JSON has no form for becomes its description.
  init(describing value: LuaValue) {
    switch value {
    case .table(let table) where table.names.isEmpty && !table.list.isEmpty: self = .array(table.list.map(JSON.init(describing:)))
    case .table(let table):
      let list = table.list.enumerated().map { ("\($0.offset + 1)", JSON(describing: $0.element)) }
      self = .object(Dictionary(list + table.fields.map { ($0.name, JSON(describing: $0.value)) }) { first, _ in first })
    default: do { self = try JSON(value) } catch { self = .string("\(value)") }
    }
  }
}

// dsrl.json: tables as text that other programs read.
extension Session {
  func installJSON() {
    lua.module("dsrl.json", doc: "Tables as JSON files.") {
      $0.function("read", "(path: string) -> any", "A JSON file's value; null is nil.") { (path: String) in LuaValue(try JSON(file: path)) }
      $0.function("write", "(path: string, value: any)", "Writes a JSON file, whole or not at all; an empty table becomes {}.") {
        (path: String, value: LuaValue) throws -> Void in try AtomicFile.write(try JSON.encode(JSON(value)), to: path)
      }
      $0.function("parse", "(text: string) -> any", "The value of a JSON text.") { (text: String) in LuaValue(try JSON(parsing: text)) }
      $0.function("text", "(value: any) -> string", "A value as JSON on one line.") { (value: LuaValue) in try JSON(value).text }
    }
  }
}
