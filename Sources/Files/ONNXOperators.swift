import Tensors

// ONNX's operators under the names of PyTorch's functions, in forms that versions 17 to 23 of the operators share.

extension ONNXGraph {
  /// The versions of the operators that the forms written here are right for.
  public static let opsets = 17...23
}

extension ONNXGraph.Value {
  public static func + (a: Self, b: Self) -> Self { a.graph.node("Add", [a, b]) }
  public static func - (a: Self, b: Self) -> Self { a.graph.node("Sub", [a, b]) }
  public static func * (a: Self, b: Self) -> Self { a.graph.node("Mul", [a, b]) }
  public static func / (a: Self, b: Self) -> Self { a.graph.node("Div", [a, b]) }
  public static func + (a: Self, k: Float) -> Self { a + a.graph.scalar(k) }
  public static func - (a: Self, k: Float) -> Self { a - a.graph.scalar(k) }
  public static func * (k: Float, a: Self) -> Self { a * a.graph.scalar(k) }

  /// Each element moved into [low, high].
  public func clamp(_ low: Float, _ high: Float) -> Self { graph.node("Clip", [self, graph.scalar(low), graph.scalar(high)]) }

  // MARK: Functions of one element

  public func relu() -> Self { graph.node("Relu", [self]) }
  public func tanh() -> Self { graph.node("Tanh", [self]) }
  public func sigmoid() -> Self { graph.node("Sigmoid", [self]) }
  public func softplus() -> Self { graph.node("Softplus", [self]) }
  public func silu() -> Self { self * sigmoid() }
  public func mish() -> Self { self * softplus().tanh() }
  /// x Φ(x) in the form that runtimes know and fuse.
  public func gelu() -> Self {
    let sum = graph.node("Erf", [self / graph.scalar(Float(2).squareRoot())]) + 1
    return 0.5 * (self * sum)
  }

  // MARK: Products

  /// x Wᵀ + addend for x [n, in] and W [out, in]; the addend has any shape that stretches to [n, out].
  public func linear(_ weight: Self, _ addend: Self) -> Self { graph.node("Gemm", [self, weight, addend], ["transB": .integer(1)]) }

  /// The last two dimensions multiplied.
  public func matmul(_ other: Self) -> Self { graph.node("MatMul", [self, other]) }

  /// [n, channels, length] by [filters, channels / groups, kernel].
  public func conv1d(_ weight: Self, _ bias: Self?, _ window: ConvolutionWindow) -> Self {
    graph.node("Conv", [self, weight] + (bias.map { [$0] } ?? []), window.attributes)
  }

  /// [n, channels, places] by [channels, filters / groups, kernel].
  public func convTranspose1d(_ weight: Self, _ bias: Self?, _ window: ConvolutionWindow, outputPadding: Int) -> Self {
    graph.node("ConvTranspose", [self, weight] + (bias.map { [$0] } ?? []), window.attributes(outputPadding: outputPadding))
  }

  // MARK: Normalisation

  public func softmax() -> Self { graph.node("Softmax", [self], ["axis": .integer(-1)]) }

  /// Over the last dimension.
  public func layerNorm(_ gain: Self, _ bias: Self, epsilon: Float) -> Self {
    graph.node("LayerNormalization", [self, gain, bias], ["axis": .integer(-1), "epsilon": .float(epsilon)])
  }

  /// Of [n, channels, length]: gain and bias of [channels, 1]. ONNX's own group norm changed its meaning between versions; this form has not.
  public func groupNorm(_ groups: Int, channels: Int, _ gain: Self, _ bias: Self, epsilon: Float) -> Self {
    let (one, zero) = (graph.repeated(1, groups), graph.repeated(0, groups))
    let standard = graph.node("InstanceNormalization", [reshape([0, groups, -1]), one, zero], ["epsilon": .float(epsilon)])
    return standard.reshape([0, channels, -1]) * gain + bias
  }

  // MARK: Shapes

  /// A size of 0 is the one that is there, -1 the one that is left.
  public func reshape(_ sizes: [Int]) -> Self { graph.node("Reshape", [self, graph.integers(sizes)]) }

  public func permute(_ order: [Int]) -> Self { graph.node("Transpose", [self], ["perm": .integers(order)]) }

  /// [1, ...sizes] repeated to the first size of `other`.
  public func expand(sizes: [Int], rowsOf other: Self) -> Self {
    let shape = graph.node("Shape", [other], ["end": .integer(1), "start": .integer(0)])
    let wanted = graph.node("Concat", [shape, graph.integers(sizes)], ["axis": .integer(0)])
    return graph.node("Expand", [self, wanted])
  }

  /// One after the other along dimension `dim`.
  public static func cat(_ parts: [Self], dim: Int) -> Self { parts[0].graph.node("Concat", parts, ["axis": .integer(dim)]) }
}

extension ConvolutionWindow {
  fileprivate var attributes: KeyValuePairs<String, ONNXGraph.Attribute> {
    ["dilations": .integers([dilation]), "group": .integer(groups), "pads": .integers([padding, padding]), "strides": .integers([stride])]
  }
  fileprivate func attributes(outputPadding: Int) -> KeyValuePairs<String, ONNXGraph.Attribute> {
    [
      "dilations": .integers([dilation]), "group": .integer(groups), "output_padding": .integers([outputPadding]),
      "pads": .integers([padding, padding]), "strides": .integers([stride]),
    ]
  }
}
