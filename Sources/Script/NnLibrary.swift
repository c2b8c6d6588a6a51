import LuaBridge
import NeuralNets
import Tensors

extension Interpreter {
  /// dsrl.nn and the type Module, dsrl.optim and its types.
  func installNn(_ random: Randomness, _ roles: TensorRoles) throws {
    module("dsrl.nn", doc: "Networks: layers, modules written in Lua, initialisers. Parameters have PyTorch's names and layouts.") { m in
      m.function("module", "(fields: table) -> Module",
        "Makes the table itself a module: calling it calls its function forward(self, ...). Its fields may be parameters, buffers, modules, tables of those, and anything else; they stay readable and assignable.") {
        (fields: LuaReference) throws -> LuaReference in
        try fields.adopt(as: ModuleObject.luaName)
        try fields.setRaw("training", true)
        return fields
      }
      m.function("parameter", "(values: Tensor | table | number) -> Tensor", "A copy that requires gradients: trained where it is a module's field.") {
        (values: TensorLike) throws -> Tensor in
        let tensor = try values.tensor.copied().trackGradient()
        roles.mark(tensor, .parameter)
        return tensor
      }
      m.function("buffer", "(values: Tensor | table | number) -> Tensor", "A copy that a module keeps in its state_dict but does not train.") {
        (values: TensorLike) throws -> Tensor in
        let tensor = values.tensor.copied()
        roles.mark(tensor, .buffer)
        return tensor
      }
      m.function("is_module", "(value: any) -> boolean", "Whether it is a module, built in or written in Lua.") {
        (value: LuaReference) in try ModuleValue(value) != nil
      }
      declareLayers(m, random)
      declareConvolutions(m, random)
      declareNetworks(m, random)
      declareInitializers(m, roles, random)
    }
    let call = try load(callSource, name: "=module").callForReferences()
    guard let call = try call.first?.value(), case .function(let call) = call else { throw LuaError("the module's call is no function") }
    try typeModule(roles, call)
    installOptim(roles)
  }

  private func typeModule(_ roles: TensorRoles, _ call: LuaFunction) throws {
    var failure: (any Error)?
    type(ModuleObject.self, doc: "A part of a network with its parameters: a layer, a network, or a table made one by dsrl.nn.module.") { t in
      declareModule(t, roles) { [unowned self] in try forward($0, $1) }
      declareState(t, roles)
      do {
        try t.tables(call: call) { table in
          var walk = ModuleWalk(roles)
          return try walk.tree(of: .table(table)).text()
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// A built-in module's output; the collector hears of all that it keeps alive for its gradient.
  private func forward(_ module: ModuleObject, _ inputs: LuaRest) throws -> Tensor {
    let before = Tensor.liveByteCount
    let output = try module.forward(inputs)
    owe(Tensor.liveByteCount - before - output.luaByteCount)
    return output
  }
}

/// What calling a table that is a module does.
private let callSource = """
  return function(self, ...)
    local forward = rawget(self, "forward")
    if type(forward) ~= "function" then error("this module has no function 'forward'", 2) end
    return forward(self, ...)
  end
  """

private func tree(_ module: ModuleValue, _ roles: TensorRoles) throws -> ModuleTree {
  var walk = ModuleWalk(roles)
  return try walk.tree(of: module)
}

private func declareModule(
  _ t: LuaType<ModuleObject>, _ roles: TensorRoles, forward: @escaping (ModuleObject, LuaRest) throws -> Tensor
) {
  t.metamethod(.call, "(...: Tensor) -> Tensor", "The module's output, as forward.") { (module: ModuleObject, inputs: LuaRest) in try forward(module, inputs) }
  t.metamethod(.toString, "(module) -> string", "Its parts as a tree, with shapes and numbers of parameters.") { (module: ModuleValue) in
    try tree(module, roles).text()
  }
  t.fields("(name: string) -> Tensor", "A built-in module's parameter by its name: layer.weight, net[\"layers.0.weight\"].") { (module: ModuleObject, name: String) in
    module.module.namedParameters.first { $0.name == name }?.tensor
  }
  t.method("forward", "(...: Tensor) -> Tensor", "The module's output for its inputs.", on: ModuleValue.self) { (module, inputs: LuaRest) -> Tensor in
    guard case .object(let object) = module else { throw LuaError("this module has no function 'forward'") }
    return try forward(object, inputs)
  }
  t.method("parameters", "() -> Tensor[]", "Every parameter once, fields in sorted order.", on: ModuleValue.self) { module in
    try tree(module, roles).parameters.map(\.tensor)
  }
  t.method("named_parameters", "() -> {[string]: Tensor}", "Every parameter once, by its name; a list's first entry counts 0, as in PyTorch.", on: ModuleValue.self) { module in
    Dictionary(try tree(module, roles).parameters.map { ($0.name, $0.tensor) }) { first, _ in first }
  }
  t.method("num_parameters", "() -> integer", "How many numbers there are to train.", on: ModuleValue.self) { module in try tree(module, roles).parameterCount }
  t.method("zero_grad", "()", "Forgets the collected gradients of all parameters.", on: ModuleValue.self) { module -> LuaRest in
    for (_, tensor) in try tree(module, roles).parameters { tensor.zeroGrad() }
    return LuaRest([])
  }
}

private func declareState(_ t: LuaType<ModuleObject>, _ roles: TensorRoles) {
  t.method("state_dict", "() -> {[string]: Tensor}", "Copies of all parameters and buffers, by name; what is shared comes once.", on: ModuleValue.self) { module in
    let tree = try tree(module, roles)
    return Dictionary((tree.parameters + tree.buffers).map { ($0.name, $0.tensor.copied()) }) { first, _ in first }
  }
  t.method("load_state_dict", "(state: {[string]: Tensor})",
    "Overwrites all parameters and buffers; an error names every one that is missing, unexpected or of another shape, and then nothing changes.", on: ModuleValue.self) {
    (module, state: [String: Tensor]) -> LuaRest in
    let tree = try tree(module, roles)
    try ParameterList(tree.parameters + tree.buffers).load(stateDict: state)
    return LuaRest([])
  }
  t.method("train", "(on?: boolean) -> Module", "Dropout drops, and the field `training` of modules written in Lua is true; with false as eval(). Returns the module.", on: ModuleValue.self) {
    (module, on: Bool?) in try trainModule(module, on ?? true, roles)
  }
  t.method("eval", "() -> Module", "The end of training: dropout lets everything pass, `training` is false. Returns the module.", on: ModuleValue.self) { module in
    try trainModule(module, false, roles)
  }
}

/// Switches every dropout and every `training` field in a module.
func trainModule(_ module: ModuleValue, _ on: Bool, _ roles: TensorRoles) throws -> ModuleValue {
  var walk = ModuleWalk(roles)
  _ = try walk.tree(of: module)
  for object in walk.objects { (object.module as? Dropout)?.isTraining = on }
  for table in walk.tables { try table.setRaw("training", on) }
  return module
}
