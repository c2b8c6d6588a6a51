import Tensors

/// A parameter under the name that PyTorch's state dict would give it: "layers.0.weight".
public typealias NamedTensor = (name: String, tensor: Tensor)

/// Something with parameters to train, save and load.
public protocol Module: AnyObject {
  /// Every parameter once, in PyTorch's order and under its names.
  var namedParameters: [NamedTensor] { get }
}

/// A module of one input: [n, in] -> [n, out].
public protocol Layer: Module {
  func callAsFunction(_ x: Tensor) throws -> Tensor
}

/// Tensors that belong together and compute nothing, as what an optimiser of several modules trains.
public final class ParameterList: Module {
  public let namedParameters: [NamedTensor]
  public init(_ namedParameters: [NamedTensor]) { self.namedParameters = namedParameters }
}

extension Module {
  public var parameters: [Tensor] { namedParameters.map(\.tensor) }

  /// Numbers to train, of all parameters together.
  public var parameterCount: Int { namedParameters.reduce(0) { $0 + $1.tensor.count } }

  /// Copies of the parameters by name; later training does not move them.
  public func stateDict() -> [String: Tensor] {
    var state: [String: Tensor] = [:]
    for (name, tensor) in namedParameters { state[name] = tensor.copied() }
    return state
  }

  /// Overwrites the parameters. Throws, changing nothing, naming every key that is missing, unexpected or of another shape.
  public func load(stateDict: [String: Tensor]) throws {
    try overwrite(namedParameters, with: stateDict, what: "the state dict")
  }

  /// Overwrites the parameters with those of a module of the same names and shapes.
  public func load(_ source: some Module) throws {
    let state = source.namedParameters.map { ($0.name, $0.tensor) }
    try load(stateDict: Dictionary(state) { first, _ in first })
  }

  /// The parameters under `prefix`: "l1" makes "weight" "l1.weight".
  func named(_ prefix: String) -> [NamedTensor] { namedParameters.prefixed(prefix) }
}

extension Tensor {
  /// The same numbers in memory of their own, outside any gradient.
  public func copied() -> Tensor {
    Tensor.filled(shape) { target in withPointer { target.update(from: $0, count: count) } }
  }
}

/// Assigns `source` to `targets` by name, all or nothing; `what` is the source in the error's words.
func overwrite(_ targets: [NamedTensor], with source: [String: Tensor], what: String) throws {
  let wanted = Set(targets.map(\.name))
  let missing = targets.map(\.name).filter { source[$0] == nil }
  let unexpected = source.keys.filter { !wanted.contains($0) }.sorted()
  let misshapen = targets.compactMap { name, tensor -> String? in
    guard let other = source[name], other.shape != tensor.shape else { return nil }
    return "\(name) (wanted \(tensor.shape), got \(other.shape))"
  }

  var faults: [String] = []
  if !missing.isEmpty { faults.append("missing: " + listed(missing)) }
  if !unexpected.isEmpty { faults.append("unexpected: " + listed(unexpected)) }
  if !misshapen.isEmpty { faults.append("other shapes: " + listed(misshapen)) }
  guard faults.isEmpty else { throw UsageError("\(what) does not fit; " + faults.joined(separator: "; ")) }

  for (name, tensor) in targets {
    if let other = source[name] { try tensor.assign(other) }
  }
}

/// The first eight, and how many more there are.
func listed(_ names: [String]) -> String {
  let rest = names.count - 8
  return names.prefix(8).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
}
