import LuaBridge
import NeuralNets
import Tensors

/// A built-in module as Lua holds it.
final class ModuleObject: LuaObject, LuaSized {
  static let luaName = "Module"
  /// "linear(4 -> 32)"
  let title: String
  let module: any Module
  private let inputs: Int
  private let apply: ([Tensor]) throws -> Tensor

  /// A module of several inputs, or of one that is not a layer.
  init(_ title: String, _ module: any Module, inputs: Int = 1, apply: @escaping ([Tensor]) throws -> Tensor) {
    (self.title, self.module, self.inputs, self.apply) = (title, module, inputs, apply)
  }
  convenience init(_ title: String, _ layer: any Layer) { self.init(title, layer) { try layer($0[0]) } }

  var luaByteCount: Int { bytes(module.namedParameters) }

  func forward(_ arguments: LuaRest) throws -> Tensor {
    let values = arguments.values
    guard values.count == inputs else { throw UsageError("\(title) wants \(inputs == 1 ? "one input" : "\(inputs) inputs"), got \(values.count)") }
    return try apply(try values.map(Tensor.make))
  }
}

/// What tensors weigh.
func bytes(_ tensors: [NamedTensor]) -> Int { tensors.reduce(0) { $0 + $1.tensor.luaByteCount } }

/// A module of either kind: built in, or a table with a forward of its own.
enum ModuleValue: FromLua, ToLua {
  case object(ModuleObject)
  case table(LuaReference)

  static let luaExpectation = "Module"
  static func read(_ L: LuaState, at index: CInt) throws -> ModuleValue {
    guard let module = try ModuleValue(LuaReference.read(L, at: index)) else {
      throw LuaError("Module expected, got \(try LuaReference.read(L, at: index).typeName())")
    }
    return module
  }

  /// nil for a value that is no module.
  init?(_ value: LuaReference) throws {
    if let object = try value.object as? ModuleObject { self = .object(object) }
    else if try value.isTable(of: ModuleObject.luaName) { self = .table(value) }
    else { return nil }
  }

  func push(_ L: LuaState) throws {
    switch self {
    case .object(let module): try module.push(L)
    case .table(let table): try table.push(L)
    }
  }
}

/// What an optimiser can train: a module, or a table of tensors and modules.
struct ParameterSource: FromLua {
  let value: ModuleValue

  static let luaExpectation = "Module or table of Tensors and modules"
  static func read(_ L: LuaState, at index: CInt) throws -> ParameterSource {
    let reference = try LuaReference.read(L, at: index)
    if let module = try ModuleValue(reference) { return ParameterSource(value: module) }
    guard try reference.isPlainTable else { throw LuaError("\(luaExpectation) expected, got \(try reference.typeName())") }
    return ParameterSource(value: .table(reference))
  }
}

/// Which tensors are parameters and which are buffers, where a script has said so.
final class TensorRoles {
  enum Role { case parameter, buffer }

  private struct Mark {
    weak var tensor: Tensor?
    let role: Role
  }
  private var marks: [ObjectIdentifier: Mark] = [:]
  private var sweepAt = 256

  func mark(_ tensor: Tensor, _ role: Role) {
    marks[ObjectIdentifier(tensor)] = Mark(tensor: tensor, role: role)
    guard marks.count > sweepAt else { return }
    marks = marks.filter { $1.tensor != nil }
    sweepAt = max(256, 2 * marks.count)
  }

  /// nil for a tensor that is merely a value.
  func role(of tensor: Tensor) -> Role? {
    if let mark = marks[ObjectIdentifier(tensor)], mark.tensor === tensor { return mark.role }
    return tensor.isLeaf && tensor.requiresGrad ? .parameter : nil
  }
}
