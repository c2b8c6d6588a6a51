import LuaBridge
import NeuralNets
import Tensors

/// dsrl.nn.init
func declareInitializers(_ m: LuaModule, _ roles: TensorRoles, _ random: Randomness) {
  m.function("init", "(target: Tensor | Module, name: string, options?: table) -> Tensor | Module",
    "Begins a tensor anew, in place; of a module every weight of two dimensions or more, the biases beside them with zeros. xavier_uniform and xavier_normal (gain), kaiming_uniform and kaiming_normal (gain = √2, mode = \"fan_in\" or \"fan_out\"), orthogonal (gain), normal (mean, std), uniform (low, high), truncated_normal (mean, std, low, high), constant (value), zeros, ones. Returns the target.") {
    (target: LuaReference, name: String, options: LuaTable?) throws -> LuaReference in
    let start = try Initializer(name, options ?? LuaTable())
    if let tensor = try target.object as? Tensor {
      guard tensor.isLeaf else { throw UsageError("init wants a tensor that is not the result of a computation") }
      try start.fill(tensor, using: &random.weights)
    } else if let module = try ModuleValue(target) {
      var walk = ModuleWalk(roles)
      try start.begin(ParameterList(try walk.tree(of: module).parameters), using: &random.weights)
    } else {
      throw LuaError("bad argument #1 to 'init' (Tensor or Module expected, got \(try target.typeName()))")
    }
    return target
  }
}

extension Initializer {
  private static let names = [
    "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal", "normal", "uniform", "truncated_normal", "constant", "zeros", "ones",
  ]

  /// By its name; throws for options that it has no use for.
  init(_ name: String, _ options: LuaTable) throws {
    var options = options
    func number(_ key: String, _ standard: Float) throws -> Float { try options.takeOptional(key) ?? standard }
    switch name {
    case "xavier_uniform": self = .xavierUniform(gain: try number("gain", 1))
    case "xavier_normal": self = .xavierNormal(gain: try number("gain", 1))
    case "kaiming_uniform": self = .kaimingUniform(gain: try number("gain", Float(2).squareRoot()), try options.takeOptional("mode") ?? .fanIn)
    case "kaiming_normal": self = .kaimingNormal(gain: try number("gain", Float(2).squareRoot()), try options.takeOptional("mode") ?? .fanIn)
    case "orthogonal": self = .orthogonal(gain: try number("gain", 1))
    case "normal": self = .normal(mean: try number("mean", 0), std: try number("std", 1))
    case "uniform": self = .uniform(low: try number("low", 0), high: try number("high", 1))
    case "truncated_normal":
      self = .truncatedNormal(mean: try number("mean", 0), std: try number("std", 1), low: try number("low", -2), high: try number("high", 2))
    case "constant": self = .constant(try options.take("value"))
    case "zeros": self = .constant(0)
    case "ones": self = .constant(1)
    default:
      let near = Initializer.names.nearest(to: name).map { "; did you mean '\($0)'?" } ?? "; there are \(Initializer.names.joined(separator: ", "))"
      throw LuaError("there is no initialiser '\(name)'\(near)")
    }
    try options.finish()
  }

  /// Fills the weights of two dimensions or more, and the biases beside them with zeros.
  func begin(_ module: some Module, using stream: inout RandomStream) throws {
    var weights: Set<String> = []
    for (name, tensor) in module.namedParameters where tensor.rank >= 2 {
      try fill(tensor, using: &stream)
      if name.hasSuffix("weight") { weights.insert(String(name.dropLast("weight".count))) }
    }
    for (name, tensor) in module.namedParameters where name.hasSuffix("bias") && weights.contains(String(name.dropLast("bias".count))) {
      try tensor.assign(.zeros(tensor.shape))
    }
  }
}

extension LuaTable {
  /// Removes and returns `init`: "orthogonal", or {"orthogonal", gain = 2}.
  mutating func takeInitializer() throws -> Initializer? {
    guard let value: LuaValue = try takeOptional("init") else { return nil }
    switch value {
    case .string(let name): return try Initializer(name, LuaTable())
    case .table(var table):
      guard table.list.count == 1, case .string(let name) = table.list[0] else { break }
      table.list = []
      return try Initializer(name, table)
    default: break
    }
    throw LuaError("'init' must be an initialiser's name, or {name, gain = ...}, got \(value.brief)")
  }
}
