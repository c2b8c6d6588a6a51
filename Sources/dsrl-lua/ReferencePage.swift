import LuaBridge
import Script

/// reference.md: every name with its signature, options and what it is.
enum ReferencePage {
  static func text(_ registry: Registry) throws -> String {
    let modules = registry.entries.filter { $0.kind == .module }.sorted { $0.name < $1.name }
    let types = registry.entries.filter { $0.kind == .type }.sorted { $0.name < $1.name }
    var parts = [
      "# Reference",
      "Every name that a script sees, as `?name` shows it at the prompt. Written by `dsrl-lua stubs docs`; a test compares it with the program. "
        + "`name?` may be left out, `T?` may be nil; dimensions and indices count from 1, or from the end when negative.",
      "Modules: " + modules.map(link).joined(separator: ", ") + ".\n\nTypes: " + types.map(link).joined(separator: ", ") + ".",
    ]
    for module in modules { parts.append(try section(module, registry)) }
    for type in types { parts.append(try section(type, registry)) }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func link(_ entry: RegistryEntry) -> String { "[\(entry.name)](#\(entry.name.lowercased().replacing(".", with: "")))" }

  private static func section(_ owner: RegistryEntry, _ registry: Registry) throws -> String {
    var parts = ["## \(owner.name)", owner.doc]
    let indices = registry.entries.filter { $0.name.hasPrefix(owner.name + "[") }
    let members = (indices + registry.members(of: owner.name)).filter { $0.kind != .module && $0.kind != .type }
    let groups: [(String, [RegistryEntry.Kind])] = [("", [.function, .value]), ("Properties", [.property]), ("Methods", [.method]), ("Operators", [.metamethod])]
    for (title, kinds) in groups {
      let entries = members.filter { kinds.contains($0.kind) }.sorted { $0.name < $1.name }
      guard !entries.isEmpty else { continue }
      if !title.isEmpty { parts.append("**\(title)**") }
      parts.append(try entries.map { try item($0, registry) }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  private static func item(_ entry: RegistryEntry, _ registry: Registry) throws -> String {
    let variants = try registry.arguments(of: entry).map { argument in
      "  \n  Of `\(argument)`: " + list(try registry.options(of: entry, for: argument).map { ($0.name, $0.value, $0.choices) }) + "."
    }
    return try item(entry) + variants.joined()
  }

  private static func item(_ entry: RegistryEntry) throws -> String {
    let signature = entry.signature.hasPrefix("(") ? entry.signature : ": \(entry.signature)"
    let line = "- `\(entry.name)\(signature)`  \n  \(entry.doc)"
    guard let options = try entry.options?.init().described(), !options.isEmpty else { return line }
    return line + "  \n  Options: " + list(options.map { ($0.name, "\($0.value)", $0.choices) }) + "."
  }

  private static func list(_ options: [(name: String, value: String, choices: [String])]) -> String {
    options.map { "`\($0.name) = \($0.value)`" + ($0.choices.isEmpty ? "" : " (\($0.choices.joined(separator: ", ")))") }.joined(separator: ", ")
  }
}
