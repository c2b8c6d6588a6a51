import Files
import Tensors

extension Activation {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value {
    switch self {
    case .relu: x.relu()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .mish: x.mish()
    case .gelu: x.gelu()
    case .silu: x.silu()
    case .softplus: x.softplus()
    case .identity: x
    }
  }
}

extension Linear {
  /// [n, in] -> [n, out]
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value { x.linear(x.graph.parameter(weight), x.graph.parameter(bias)) }

  /// [n, length, in] -> [n, length, out]
  func onnx(sequence x: ONNXGraph.Value) throws -> ONNXGraph.Value {
    x.matmul(try x.graph.parameter(weight, "transposed") { try $0.transposed() }) + x.graph.parameter(bias)
  }
}

extension LayerNorm {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value {
    x.layerNorm(x.graph.parameter(weight), x.graph.parameter(bias), epsilon: epsilon)
  }
}

extension GroupNorm {
  /// [n, channels, length] -> the same shape
  func onnx(_ x: ONNXGraph.Value) throws -> ONNXGraph.Value {
    let channels = weight.count
    func column(_ tensor: Tensor) throws -> ONNXGraph.Value { try x.graph.parameter(tensor, "column") { try $0.reshape([channels, 1]) } }
    return x.groupNorm(groups, channels: channels, try column(weight), try column(bias), epsilon: epsilon)
  }
}

extension Conv1d {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value { x.conv1d(x.graph.parameter(weight), bias.map { x.graph.parameter($0) }, window) }
}

extension ConvTranspose1d {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value {
    x.convTranspose1d(x.graph.parameter(weight), bias.map { x.graph.parameter($0) }, window, outputPadding: outputPadding)
  }
}

extension MLP.Block {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value { afterLinear(linear.onnx(x)) }

  func afterLinear(_ x: ONNXGraph.Value) -> ONNXGraph.Value { activation.onnx(norm?.onnx(x) ?? x) }
}

extension MLP {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value { blocks.reduce(x) { x, block in block.onnx(x) } }
}

extension ResidualBlock {
  func onnx(_ x: ONNXGraph.Value) -> ONNXGraph.Value {
    let inner = l1.onnx(activation.onnx(norm1?.onnx(x) ?? x))
    return l2.onnx(activation.onnx(norm2?.onnx(inner) ?? inner)) + x
  }
}
