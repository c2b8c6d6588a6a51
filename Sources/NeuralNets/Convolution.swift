import Tensors

/// A convolution along a row, PyTorch's Conv1d: weight and bias begin uniform within ±1/√(channels of a group · kernel).
public final class Conv1d: Layer {
  public struct Config: Codable, Equatable, Sendable {
    public var stride = 1
    /// Zeros at either end.
    public var padding = 0
    public var dilation = 1
    public var groups = 1
    public var bias = true

    public init() {}
  }

  /// [outputs, inputs / groups, kernel]
  public let weight: Tensor
  /// [outputs]
  public let bias: Tensor?
  public let window: ConvolutionWindow

  public var namedParameters: [NamedTensor] { [("weight", weight)] + (bias.map { [("bias", $0)] } ?? []) }

  /// Throws for sizes that make no convolution.
  public init(_ inputs: Int, _ outputs: Int, kernel: Int, _ config: Config = Config(), using stream: inout RandomStream) throws {
    window = try ConvolutionWindow(config.stride, config.padding, config.dilation, config.groups)
    try checkChannels(inputs, outputs, kernel, config.groups)
    let shape = [outputs, inputs / config.groups, kernel]
    (weight, bias) = try uniformWeights(shape, outputs: config.bias ? outputs : nil, using: &stream)
  }

  /// [n, inputs, length] -> [n, outputs, places]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.conv1d(weight, bias, window) }
}

/// A convolution run backwards, PyTorch's ConvTranspose1d: weight and bias begin uniform within ±1/√(outputs of a group · kernel).
public final class ConvTranspose1d: Layer {
  public struct Config: Codable, Equatable, Sendable {
    public var stride = 1
    /// Entries cut off at either end.
    public var padding = 0
    /// Entries more at the far end.
    public var outputPadding = 0
    public var dilation = 1
    public var groups = 1
    public var bias = true

    public init() {}
  }

  /// [inputs, outputs / groups, kernel]
  public let weight: Tensor
  /// [outputs]
  public let bias: Tensor?
  public let window: ConvolutionWindow
  public let outputPadding: Int

  public var namedParameters: [NamedTensor] { [("weight", weight)] + (bias.map { [("bias", $0)] } ?? []) }

  /// Throws for sizes that make no convolution.
  public init(_ inputs: Int, _ outputs: Int, kernel: Int, _ config: Config = Config(), using stream: inout RandomStream) throws {
    window = try ConvolutionWindow(config.stride, config.padding, config.dilation, config.groups)
    outputPadding = config.outputPadding
    try checkChannels(inputs, outputs, kernel, config.groups)
    let shape = [inputs, outputs / config.groups, kernel]
    (weight, bias) = try uniformWeights(shape, outputs: config.bias ? outputs : nil, using: &stream)
  }

  /// [n, inputs, places] -> [n, outputs, length]
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.convTranspose1d(weight, bias, window, outputPadding: outputPadding) }
}

extension ConvolutionWindow {
  fileprivate init(_ stride: Int, _ padding: Int, _ dilation: Int, _ groups: Int) throws {
    self.init()
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    try check()
  }
}

private func checkChannels(_ inputs: Int, _ outputs: Int, _ kernel: Int, _ groups: Int) throws {
  guard inputs > 0, outputs > 0, kernel > 0 else {
    throw UsageError("a convolution wants positive sizes, got \(inputs) -> \(outputs) channels and a kernel of \(kernel)")
  }
  guard inputs % groups == 0, outputs % groups == 0 else {
    throw UsageError("a convolution wants groups that divide its channels \(inputs) -> \(outputs), got \(groups)")
  }
}

/// PyTorch's default: U(-b, b) with b = 1/√(weights that meet in one sum, as counted by the last dimensions).
private func uniformWeights(_ shape: [Int], outputs: Int?, using stream: inout RandomStream) throws -> (Tensor, Tensor?) {
  let bound = 1 / Float(shape[1] * shape[2]).squareRoot()
  let weight = try Tensor.uniform(shape, -bound, bound, using: &stream).trackGradient()
  let bias = try outputs.map { try Tensor.uniform([$0], -bound, bound, using: &stream).trackGradient() }
  return (weight, bias)
}
