import LuaBridge

/// Pages of help, made of the registry.
struct Help {
  private let lua: Interpreter
  init(_ lua: Interpreter) { self.lua = lua }

  /// "dsrl.env.make", "Tensor:sum", "sum", or a variable that holds something of ours; empty for the list of everything.
  func text(_ wanted: String) -> String {
    let name = wanted.trimmingPrefix { $0 == " " || $0 == "?" }.reversed().trimmingPrefix { $0 == " " }.reversed()
    let key = String(name)
    if key.isEmpty { return lua.registry.entries.filter { $0.kind == .module || $0.kind == .type }.map(line).joined(separator: "\n") }
    if let entry = lua.registry.find(key) { return page(entry) }
    if let entry = variable(key) { return page(entry) }
    let same = lua.registry.entries.filter { $0.shortName == key }
    if !same.isEmpty { return same.map(page).joined(separator: "\n\n") }
    let near = lua.registry.nearest(to: key).map { "; did you mean '\($0.name)'?" } ?? ""
    return "no help on '\(key)'\(near)"
  }

  private func page(_ entry: RegistryEntry) -> String {
    var lines = [entry.name + signature(entry)]
    if !entry.doc.isEmpty { lines.append("  " + entry.doc) }
    if let options = entry.options {
      do {
        for option in try options.init().described() {
          let choices = option.choices.isEmpty ? "" : "  one of " + option.choices.joined(separator: ", ")
          lines.append("  \(option.name) = \(option.value)\(choices)")
        }
      } catch { lines.append("  (its options cannot be listed: \(error))") }
    }
    if entry.kind == .module || entry.kind == .type { lines += lua.registry.members(of: entry.name).filter { $0.kind != .metamethod }.map { "  " + line($0) } }
    return lines.joined(separator: "\n")
  }

  private func line(_ entry: RegistryEntry) -> String { entry.name + signature(entry) + (entry.doc.isEmpty ? "" : "  -- " + entry.doc) }

  private func signature(_ entry: RegistryEntry) -> String {
    entry.signature.isEmpty || entry.signature.hasPrefix("(") ? entry.signature : ": " + entry.signature
  }

  /// "env:step" of a variable `env`, or the type of what `env` holds.
  private func variable(_ name: String) -> RegistryEntry? {
    let parts = name.split(maxSplits: 1) { $0 == ":" || $0 == "." }.map(String.init)
    do {
      guard let first = parts.first else { return nil }
      let type = try lua.global(first).typeName()
      guard parts.count > 1 else { return lua.registry.find(type) }
      return lua.registry.find("\(type):\(parts[1])") ?? lua.registry.find("\(type).\(parts[1])")
    } catch { return nil }
  }
}
