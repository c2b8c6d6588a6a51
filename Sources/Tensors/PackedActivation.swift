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
}
