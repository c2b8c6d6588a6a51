import LuaBridge

/// .luacheckrc: what luacheck is to take for granted in a script, and nothing else.
enum LuacheckStandard {
  static func text(_ registry: Registry) -> String {
    let roots = registry.entries.filter { $0.kind == .module && $0.owner.isEmpty }
    return """
      -- Written by `dsrl-lua stubs`.
      std = "lua54+dsrl"
      max_line_length = false
      stds.dsrl = {
        read_globals = {
      \(roots.map { fields(of: $0, registry, indent: "    ") }.joined(separator: "\n"))
        },
      }

      """
  }

  private static func fields(of module: RegistryEntry, _ registry: Registry, indent: String) -> String {
    let inner = registry.members(of: module.name).sorted { $0.name < $1.name }.map { member in
      member.kind == .module ? fields(of: member, registry, indent: indent + "  ") : "\(indent)  \(member.shortName) = {},"
    }
    return ["\(indent)\(module.shortName) = {fields = {"].joined() + "\n" + inner.joined(separator: "\n") + "\n\(indent)}},"
  }
}
