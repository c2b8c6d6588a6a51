import LuaBridge

/// dsrl.d.lua: the registry as a definition file of the Lua language server.
struct EditorDefinitions {
  private let registry: Registry
  private var lines: [String] = []

  init(_ registry: Registry) { self.registry = registry }

  static func text(_ registry: Registry) throws -> String {
    var definitions = EditorDefinitions(registry)
    definitions.lines = ["---@meta dsrl", "-- Written by `dsrl-lua stubs`."]
    for module in registry.entries.filter({ $0.kind == .module }).sorted(by: { $0.name < $1.name }) { try definitions.add(module: module) }
    for type in registry.entries where type.kind == .type { try definitions.add(type: type) }
    return (definitions.lines + ["", "return dsrl", ""]).joined(separator: "\n")
  }

  private mutating func add(module: RegistryEntry) throws {
    lines += ["", "---\(module.doc)", "---@class \(module.name)", "\(module.name) = {}"]
    for member in registry.members(of: module.name) {
      switch member.kind {
      case .function: try add(function: member, as: member.name)
      case .value: lines += ["", "---\(member.doc)", "---@type \(EditorDefinitions.type(member.signature))", "\(member.name) = nil"]
      default: break
      }
    }
  }

  private mutating func add(type: RegistryEntry) throws {
    let members = registry.members(of: type.name)
    lines += ["", "---\(type.doc)", "---@class \(type.name)"]
    for member in members where member.kind == .property {
      lines.append("---@field \(member.shortName) \(EditorDefinitions.type(member.signature)) \(member.doc)")
    }
    lines += registry.entries.filter { $0.name == type.name + "[]" }.compactMap { index in
      guard let signature = Signature(index.signature), let key = signature.parameters.first else { return nil }
      return "---@field [\(EditorDefinitions.type(key.type))] \(EditorDefinitions.type(signature.results.first ?? "any"))"
    }
    lines += members.filter { $0.kind == .metamethod }.compactMap(EditorDefinitions.operation)
    lines.append("local \(type.name) = {}")
    for member in members where member.kind == .method { try add(function: member, as: member.name) }
  }

  private mutating func add(function: RegistryEntry, as name: String) throws {
    guard let signature = Signature(function.signature) else { throw CheckFailure("the signature '\(function.signature)' of \(function.name) is none") }
    lines.append("")
    let options = try function.options.map { try add(options: $0.init().described(), of: function.name) }
    lines.append("---\(function.doc)")
    for parameter in signature.parameters {
      let isOptions = parameter.name == "options" && parameter.type == "table"
      let type = isOptions ? options ?? "table" : EditorDefinitions.type(parameter.type)
      lines.append("---@param \(EditorDefinitions.name(parameter.name))\(parameter.isOptional && parameter.name != "..." ? "?" : "") \(type)")
    }
    lines += signature.results.map { $0 == "..." ? "---@return any ..." : "---@return \(EditorDefinitions.type($0))" }
    lines.append("function \(name)(\(signature.parameters.map { EditorDefinitions.name($0.name) }.joined(separator: ", "))) end")
  }

  /// Declares a class of a table of options; returns its name. Live objects (env, policy) are not among them.
  private mutating func add(options: [OptionDescription], of function: String) -> String {
    let name = function.replacing(":", with: ".") + ".options"
    lines.append("---@class \(name)")
    var seen: Set<String> = []
    for option in options {
      let field = String(option.name.prefix { $0 != "." })
      guard seen.insert(field).inserted else { continue }
      let choices = option.choices.map { "\"\($0)\"" }.joined(separator: "|")
      let type = field != option.name ? "table" : choices.isEmpty ? EditorDefinitions.type(of: option.value) : choices
      lines.append("---@field \(field)? \(type)\(field == option.name ? " default \(option.value)" : "")")
    }
    lines.append("")
    return name
  }

  private static func operation(_ entry: RegistryEntry) -> String? {
    guard let signature = Signature(entry.signature), let result = signature.results.first else { return nil }
    let name = entry.shortName.dropFirst(2)
    switch name {
    case "add", "sub", "mul", "div", "mod", "pow", "idiv", "concat": return "---@operator \(name)(any): \(type(result))"
    case "unm", "len": return "---@operator \(name): \(type(result))"
    default: return nil
    }
  }

  /// In the language server's words, which are nearly ours.
  private static func type(_ text: String) -> String {
    let plain = text.replacing(" | ", with: "|")
    return plain.contains("=") ? "table" : plain
  }
  private static func type(of value: LuaValue) -> String {
    switch value {
    case .bool: "boolean"
    case .int: "integer"
    case .number: "number"
    case .string: "string"
    case .table: "table"
    default: "any"
    }
  }
  private static func name(_ name: String) -> String { ["end", "function", "repeat", "until", "in", "not", "and", "or"].contains(name) ? name + "_" : name }
}
