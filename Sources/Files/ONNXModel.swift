import Tensors

// The messages of an ONNX file. Names and numbers of their fields are those of onnx/onnx.proto in the ONNX project (github.com/onnx/onnx), in ascending
// order as the official library writes them.

extension ONNXGraph {
  /// The version of the file's own form: 8, of ONNX 1.10, which has all that is written here.
  private static let formatVersion = 8
  private static let (float, int64) = (1, 7)

  /// A ModelProto with this graph and the operators of one version.
  public func model(opset: Int, producer: String, version: String) -> ProtobufMessage {
    var operators = ProtobufMessage()
    operators.string(1, "")  // domain: ONNX's own
    operators.integer(2, opset)
    var model = ProtobufMessage()
    model.integer(1, Self.formatVersion)
    model.string(2, producer)
    model.string(3, version)
    model.message(7, message)
    model.message(8, operators)
    return model
  }

  /// A GraphProto.
  private var message: ProtobufMessage {
    var graph = ProtobufMessage()
    for node in nodes { graph.message(1, node.message) }
    graph.string(2, name)
    for (name, content) in initializers { graph.message(5, Self.tensor(name, content)) }
    for port in inputs { graph.message(11, port.message) }
    for port in outputs { graph.message(12, port.message) }
    return graph
  }

  /// A TensorProto.
  private static func tensor(_ name: String, _ content: Content) -> ProtobufMessage {
    var tensor = ProtobufMessage()
    switch content {
    case .floats(let values):
      for size in values.shape { tensor.integer(1, size) }
      tensor.integer(2, float)
      tensor.string(8, name)
      tensor.floats(9, values)
    case .integers(let values):
      tensor.integer(1, values.count)
      tensor.integer(2, int64)
      tensor.string(8, name)
      tensor.bytes(9, values.flatMap { value in withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) } })
    }
    return tensor
  }
}

extension ONNXGraph.Node {
  /// A NodeProto.
  fileprivate var message: ProtobufMessage {
    var node = ProtobufMessage()
    for input in inputs { node.string(1, input) }
    node.string(2, output)
    node.string(3, output)
    node.string(4, operation)
    for (name, value) in attributes { node.message(5, value.message(name)) }
    return node
  }
}

extension ONNXGraph.Attribute {
  /// An AttributeProto.
  fileprivate func message(_ name: String) -> ProtobufMessage {
    var attribute = ProtobufMessage()
    attribute.string(1, name)
    switch self {
    case .float(let value):
      attribute.float(2, value)
      attribute.integer(20, 1)
    case .integer(let value):
      attribute.integer(3, value)
      attribute.integer(20, 2)
    case .integers(let values):
      for value in values { attribute.integer(8, value) }
      attribute.integer(20, 7)
    }
    return attribute
  }
}

extension ONNXGraph.Port {
  /// A ValueInfoProto of a tensor of floats.
  fileprivate var message: ProtobufMessage {
    var shape = ProtobufMessage()
    for size in sizes {
      var dimension = ProtobufMessage()
      switch size {
      case .fixed(let count): dimension.integer(1, count)
      case .named(let name): dimension.string(2, name)
      }
      shape.message(1, dimension)
    }
    var tensor = ProtobufMessage()
    tensor.integer(1, 1)
    tensor.message(2, shape)
    var type = ProtobufMessage()
    type.message(1, tensor)
    var port = ProtobufMessage()
    port.string(1, name)
    port.message(2, type)
    return port
  }
}
