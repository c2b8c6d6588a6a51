import COneDNN

/// What a packed layer applies to its sums.
public enum PackedActivation: String, Codable, CaseIterable, Sendable {
  case none, relu, mish, silu, tanh
  /// x Φ(x), with the exact normal distribution function.
  case gelu

  var oneDNN: dnnl_alg_kind_t {
    switch self {
    case .none: dnnl_eltwise_linear
    case .relu: dnnl_eltwise_relu
    case .mish: dnnl_eltwise_mish
    case .silu: dnnl_eltwise_swish
    case .tanh: dnnl_eltwise_tanh
    case .gelu: dnnl_eltwise_gelu_erf
    }
  }

  /// relu's slope below zero, swish's factor, linear's gain: relu wants 0, the others 1.
  var oneDNNAlpha: Float { self == .relu ? 0 : 1 }

  /// `result` = activation of `source`, which may be the same memory.
  func apply(_ source: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>, _ count: Int) {
    switch self {
    case .none: if UnsafePointer(result) != source { result.update(from: source, count: count) }
    case .relu: transform(source, to: result, count, fastRelu)
    case .mish: transform(source, to: result, count, fastMish)
    case .silu: transform(source, to: result, count, fastSilu)
    case .tanh: transform(source, to: result, count, fastTanh)
    case .gelu: transform(source, to: result, count, fastGelu)
    }
  }

  /// Whether the slope is a function of the input; that of the others follows from the output.
  var slopeNeedsInput: Bool { self == .mish || self == .silu || self == .gelu }

  /// `result` = gradient · slope, from the activation's outputs.
  func slopes(_ gradient: UnsafePointer<Float>, output y: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ count: Int) {
    switch self {
    case .relu: for i in 0..<count { result[i] = y[i] > 0 ? gradient[i] : 0 }
    case .tanh: for i in 0..<count { result[i] = gradient[i] * (1 - y[i] * y[i]) }
    case .none: result.update(from: gradient, count: count)
    case .mish, .silu, .gelu: preconditionFailure("the slope of \(self) wants the input")
    }
  }

  /// `result` = gradient · slope, from the activation's inputs.
  func slopes(_ gradient: UnsafePointer<Float>, input x: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ count: Int) {
    switch self {
    case .mish: for i in 0..<count { result[i] = gradient[i] * fastMishSlope(x[i]) }
    case .silu: for i in 0..<count { result[i] = gradient[i] * fastSiluSlope(x[i]) }
    case .gelu: for i in 0..<count { result[i] = gradient[i] * fastGeluSlope(x[i]) }
    case .none, .relu, .tanh: preconditionFailure("the slope of \(self) wants the output")
    }
  }
}

/// `result` = f of `source`. In place it is a loop of its own: one over two pointers is vector code only where they do not overlap.
@inline(__always)
func transform(_ source: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>, _ count: Int, _ f: (Float) -> Float) {
  if UnsafePointer(result) == source {
    for i in 0..<count { result[i] = f(result[i]) }
  } else {
    for i in 0..<count { result[i] = f(source[i]) }
  }
}
