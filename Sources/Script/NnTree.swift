import LuaBridge
import NeuralNets
import Tensors

/// A module's parameters, buffers and parts, in the order and under the names that its state dict has.
final class ModuleTree {
  enum Part { case tensor(Tensor, isBuffer: Bool), tree(ModuleTree) }

  /// Of a built-in module what it is, of one written in Lua "module", of a table in one "".
  let title: String
  var parts: [(name: String, part: Part)] = []

  init(_ title: String) { self.title = title }

  /// Of a built-in module; parts are known by the dots in the names of its parameters.
  convenience init(_ object: ModuleObject) {
    self.init(object.title)
    for (name, tensor) in object.module.namedParameters { insert(tensor, name.split(separator: ".")[...]) }
  }

  private func insert(_ tensor: Tensor, _ path: ArraySlice<Substring>) {
    guard path.count > 1, let first = path.first else { return parts.append((String(path.first ?? ""), .tensor(tensor, isBuffer: false))) }
    if let last = parts.last, last.name == first, case .tree(let tree) = last.part { return tree.insert(tensor, path.dropFirst()) }
    let tree = ModuleTree("")
    tree.insert(tensor, path.dropFirst())
    parts.append((String(first), .tree(tree)))
  }

  /// Every tensor under its full name.
  func named(buffers: Bool, prefix: String = "") -> [NamedTensor] {
    parts.flatMap { name, part -> [NamedTensor] in
      switch part {
      case .tensor(let tensor, let isBuffer): isBuffer == buffers ? [(prefix + name, tensor)] : []
      case .tree(let tree): tree.named(buffers: buffers, prefix: prefix + name + ".")
      }
    }
  }
  var parameters: [NamedTensor] { named(buffers: false) }
  var buffers: [NamedTensor] { named(buffers: true) }
  var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

  /// One line for each part; a layer's tensors stand behind it.
  func text(name: String = "", indent: String = "") -> String {
    var head = indent + (name.isEmpty ? "" : name + (title.isEmpty ? "" : ": ")) + title
    if parameterCount > 0 { head += ", \(parameterCount) \(parameterCount == 1 ? "parameter" : "parameters")" }
    let tensors = parts.compactMap { name, part -> String? in
      if case .tensor(let tensor, let isBuffer) = part { "\(name) \(tensor.shape)\(isBuffer ? " buffer" : "")" } else { nil }
    }
    if tensors.count == parts.count, title != "module" { return tensors.isEmpty ? head : head + " (\(tensors.joined(separator: ", ")))" }
    let lines = parts.map { name, part in
      switch part {
      case .tensor(let tensor, let isBuffer): "\(indent)  \(name) \(tensor.shape)\(isBuffer ? " buffer" : "")"
      case .tree(let tree): tree.text(name: name, indent: indent + "  ")
      }
    }
    return ([head] + lines).joined(separator: "\n")
  }
}

/// One walk over a module: fields in sorted order, indices first and counted from 0 as PyTorch does, everything shared met once.
struct ModuleWalk {
  let roles: TensorRoles
  /// The modules met: built-in ones, and those written in Lua.
  private(set) var objects: [ModuleObject] = []
  private(set) var tables: [LuaReference] = []
  private var seenObjects: Set<ObjectIdentifier> = []
  private var seenTables: Set<UInt> = []
  private static let deepest = 64

  init(_ roles: TensorRoles) { self.roles = roles }

  mutating func tree(of root: ModuleValue) throws -> ModuleTree {
    switch root {
    case .object(let object): return tree(of: object) ?? ModuleTree(object.title)
    case .table(let table):
      let isModule = try table.isTable(of: ModuleObject.luaName)
      return try tree(of: table, isModule: isModule, path: [], isList: !isModule) ?? ModuleTree("")
    }
  }

  private mutating func tree(of object: ModuleObject) -> ModuleTree? {
    guard seenObjects.insert(ObjectIdentifier(object)).inserted else { return nil }
    objects.append(object)
    for (_, tensor) in object.module.namedParameters { seenObjects.insert(ObjectIdentifier(tensor)) }
    return ModuleTree(object)
  }

  /// `isList`: it was given as a list of parameters, so that every tensor must be one.
  private mutating func tree(of table: LuaReference, isModule: Bool, path: [String], isList: Bool = false) throws -> ModuleTree? {
    guard try seenTables.insert(table.address).inserted else { return nil }
    guard path.count < ModuleWalk.deepest else { throw UsageError("modules nested deeper than \(ModuleWalk.deepest): \(path.prefix(4).joined(separator: "."))...") }
    if isModule { tables.append(table) }
    let tree = ModuleTree(isModule ? "module" : "")
    for (key, value) in try table.parts() {
      let name = switch key {
      case .index(let index): "\(index &- 1)"
      case .name(let name): name
      }
      if let part = try part(value, path: path + [name], isList: isList) { tree.parts.append((name, part)) }
    }
    return tree
  }

  private mutating func part(_ value: LuaReference, path: [String], isList: Bool) throws -> ModuleTree.Part? {
    switch try value.object {
    case let object as ModuleObject: return tree(of: object).map(ModuleTree.Part.tree)
    case let tensor as Tensor:
      let name = path.joined(separator: ".")
      guard let role = roles.role(of: tensor) else {
        if isList { throw UsageError("'\(name)' is no parameter: it does not require gradients, or is the result of a computation") }
        return nil
      }
      guard tensor.isContiguous else { throw UsageError("parameter '\(name)' is a view of other memory; dsrl.nn.parameter makes one of its own") }
      guard seenObjects.insert(ObjectIdentifier(tensor)).inserted else { return nil }
      return .tensor(tensor, isBuffer: role == .buffer)
    case .some: return nil
    case nil:
      let isModule = try value.isTable(of: ModuleObject.luaName)
      guard try isModule || value.isPlainTable else { return nil }
      let inner = try tree(of: value, isModule: isModule, path: path, isList: isList && !isModule)
      return inner.flatMap { isModule || !$0.parts.isEmpty ? .tree($0) : nil }
    }
  }
}
