import Tensors

/// An ONNX graph while it is written down: what goes in, weights and constants once each, nodes in the order they run, what comes out.
public final class ONNXGraph {
  /// Something that the graph computes with; operators on it write nodes.
  public struct Value {
    public let name: String
    public let graph: ONNXGraph
  }

  /// One operator of ONNX with one result.
  struct Node {
    let operation: String
    let inputs: [String]
    let output: String
    let attributes: KeyValuePairs<String, Attribute>
  }
  enum Attribute {
    case float(Float)
    case integer(Int)
    case integers([Int])
  }
  /// What an initialiser holds.
  enum Content {
    case floats(Tensor)
    case integers([Int])
  }
  /// A size in the shape of what goes in or comes out.
  public enum Size {
    case fixed(Int)
    /// Any, the same wherever the name stands.
    case named(String)
  }
  struct Port {
    let name: String
    let sizes: [Size]
  }

  public let name: String
  private(set) var inputs: [Port] = []
  private(set) var outputs: [Port] = []
  private(set) var initializers: [(name: String, content: Content)] = []
  private(set) var nodes: [Node] = []

  private var parameterNames: [ObjectIdentifier: String] = [:]
  private var stored: Set<String> = []

  public init(_ name: String) { self.name = name }

  // MARK: What goes in and comes out

  public func input(_ name: String, _ sizes: [Size]) -> Value {
    inputs.append(Port(name: name, sizes: sizes))
    return Value(name: name, graph: self)
  }

  /// `value` comes out under this name.
  public func output(_ name: String, _ value: Value, _ sizes: [Size]) {
    outputs.append(Port(name: name, sizes: sizes))
    nodes.append(Node(operation: "Identity", inputs: [value.name], output: name, attributes: [:]))
  }

  // MARK: What is known beforehand

  /// The names under which `parameter` knows these tensors.
  public func name(_ tensors: [(name: String, tensor: Tensor)]) {
    for (name, tensor) in tensors { parameterNames[ObjectIdentifier(tensor)] = name }
  }

  /// A tensor that was given a name.
  public func parameter(_ tensor: Tensor) -> Value { once(known(tensor)) { .floats(tensor) } }

  /// A view of a tensor that was given a name.
  public func parameter(_ tensor: Tensor, _ part: String, _ view: (Tensor) throws -> Tensor) rethrows -> Value {
    try once(known(tensor) + "." + part) { .floats(try view(tensor)) }
  }

  private func known(_ tensor: Tensor) -> String {
    guard let name = parameterNames[ObjectIdentifier(tensor)] else { preconditionFailure("a parameter without a name") }
    return name
  }

  /// Numbers that stand for themselves.
  public func constant(_ tensor: Tensor) -> Value { once("constant_\(initializers.count)") { .floats(tensor) } }

  func scalar(_ number: Float) -> Value { once("scalar_\(number)") { .floats(.scalar(number)) } }

  /// A vector of equal numbers.
  func repeated(_ number: Float, _ count: Int) -> Value { once("vector_\(number)_\(count)") { .floats(.full(number, [count])) } }

  /// A vector of integers such as a shape.
  func integers(_ numbers: [Int]) -> Value { once("integers_" + numbers.map(String.init).joined(separator: "_")) { .integers(numbers) } }

  /// Stored under this name, unless it is already.
  private func once(_ name: String, _ content: () throws -> Content) rethrows -> Value {
    if !stored.contains(name) {
      initializers.append((name, try content()))
      stored.insert(name)
    }
    return Value(name: name, graph: self)
  }

  // MARK: What is computed

  func node(_ operation: String, _ inputs: [Value], _ attributes: KeyValuePairs<String, Attribute> = [:]) -> Value {
    let output = "\(operation)_\(nodes.count)"
    nodes.append(Node(operation: operation, inputs: inputs.map(\.name), output: output, attributes: attributes))
    return Value(name: output, graph: self)
  }
}
