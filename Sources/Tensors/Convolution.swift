/// How a convolution's window moves along a row.
public struct ConvolutionWindow: Codable, Equatable, Sendable {
  /// Entries from one place of the window to the next.
  public var stride = 1
  /// Zeros before the row's first entry, and as many after its last.
  public var padding = 0
  /// Entries from one tap of the window to the next.
  public var dilation = 1
  /// Parts of the channels that do not see each other.
  public var groups = 1

  public init() {}

  /// Throws for numbers that no convolution has.
  public func check() throws {
    let most = 1 << 20
    guard 1...most ~= stride, 0...most ~= padding, 1...most ~= dilation, 1...most ~= groups else {
      throw UsageError(
        "a convolution wants stride, dilation and groups of 1 to \(most) and a padding of 0 to \(most), got \(stride), \(dilation), \(groups) and \(padding)")
    }
  }
}

extension Tensor {
  /// PyTorch's conv1d: [n, channels, length] by weight [filters, channels / groups, kernel] and bias [filters] to [n, filters, places],
  /// places = ⌊(length + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1.
  public func conv1d(_ weight: Tensor, _ bias: Tensor?, _ window: ConvolutionWindow = ConvolutionWindow()) throws -> Tensor {
    let filters = try checkConvolution("conv1d", weight, bias, window, transposed: false)
    let kernel = weight.shape[2]
    let span = shape[2] + 2 * window.padding - window.dilation * (kernel - 1) - 1
    guard span >= 0 else {
      throw UsageError("conv1d wants a row of at least \(window.dilation * (kernel - 1) + 1) entries with its padding, got \(shape[2] + 2 * window.padding)")
    }
    let sizes = ConvolutionSizes(
      samples: shape[0], channels: shape[1], length: shape[2], filters: filters, places: span / window.stride + 1, kernel: kernel,
      stride: window.stride, padding: window.padding, dilation: window.dilation, groups: window.groups)
    try sizes.check()
    let wide = try byPlace()
    return try sizes.correlate(wide, weight, bias).recorded([wide, weight] + (bias.map { [$0] } ?? [])) { g in
      let narrow = g.contiguous()
      let input = wide.requiresGrad ? try sizes.spread(narrow, weight, nil) : nil
      let slope = weight.requiresGrad ? try sizes.slope(wide, narrow) : nil
      guard let bias else { return [input, slope] }
      return [input, slope, bias.requiresGrad ? try narrow.reshape([-1, filters]).sum(0) : nil]
    }.byChannel()
  }

  /// PyTorch's conv_transpose1d: [n, channels, places] by weight [channels, filters / groups, kernel] and bias [filters] to
  /// [n, filters, length], length = (places - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1.
  public func convTranspose1d(
    _ weight: Tensor, _ bias: Tensor?, _ window: ConvolutionWindow = ConvolutionWindow(), outputPadding: Int = 0
  ) throws -> Tensor {
    let filters = try checkConvolution("conv_transpose1d", weight, bias, window, transposed: true)
    guard 0..<Swift.max(window.stride, window.dilation) ~= outputPadding else {
      throw UsageError("conv_transpose1d wants an output padding from 0 to below its stride or dilation, got \(outputPadding)")
    }
    let (places, kernel) = (shape[2], weight.shape[2])
    let length = (places - 1) * window.stride - 2 * window.padding + window.dilation * (kernel - 1) + outputPadding + 1
    guard places > 0, length > 0 else { throw UsageError("conv_transpose1d would make rows of \(length) entries from shape \(shape)") }
    let sizes = ConvolutionSizes(
      samples: shape[0], channels: filters, length: length, filters: shape[1], places: places, kernel: kernel,
      stride: window.stride, padding: window.padding, dilation: window.dilation, groups: window.groups)
    try sizes.check()
    let narrow = try byPlace()
    return try sizes.spread(narrow, weight, bias).recorded([narrow, weight] + (bias.map { [$0] } ?? [])) { g in
      let wide = g.contiguous()
      let input = narrow.requiresGrad ? try sizes.correlate(wide, weight, nil) : nil
      let slope = weight.requiresGrad ? try sizes.slope(wide, narrow) : nil
      guard let bias else { return [input, slope] }
      return [input, slope, bias.requiresGrad ? try wide.reshape([-1, filters]).sum(0) : nil]
    }.byChannel()
  }

  /// [n, channels, length] place by place, [length, n, channels] in row-major order: how a convolution wants its rows and leaves its own.
  public func byPlace() throws -> Tensor { try permute([2, 0, 1]).contiguous() }
  /// [length, n, channels] as [n, channels, length], sharing memory.
  public func byChannel() throws -> Tensor { try permute([1, 2, 0]) }

  /// The channels that come out; throws for an input, a weight and a bias that do not fit together.
  private func checkConvolution(
    _ name: String, _ weight: Tensor, _ bias: Tensor?, _ window: ConvolutionWindow, transposed: Bool
  ) throws -> Int {
    try window.check()
    guard rank == 3 else { throw UsageError("\(name) wants an input of shape [n, channels, length], got \(shape)") }
    guard weight.rank == 3, !weight.shape.contains(0) else { throw UsageError("\(name) wants a weight of three dimensions, none empty, got shape \(weight.shape)") }
    let (narrow, wide) = (weight.shape[0], weight.shape[1] * window.groups)
    let (inputs, outputs) = transposed ? (narrow, wide) : (wide, narrow)
    if let bias, bias.shape != [outputs] { throw UsageError("\(name) wants a bias of shape [\(outputs)], got \(bias.shape)") }
    guard shape[1] == inputs, narrow % window.groups == 0 else {
      throw UsageError("\(name) wants \(inputs) channels for a weight of shape \(weight.shape) in \(window.groups) groups, got shape \(shape)")
    }
    return outputs
  }
}
