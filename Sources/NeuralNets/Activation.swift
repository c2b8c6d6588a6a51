import Tensors

/// What stands between two linear layers. PyTorch's functions of these names; `gelu` is the exact one (erf).
public enum Activation: String, Codable, CaseIterable, Sendable {
  case relu, tanh, mish, gelu, silu, identity

  /// Elementwise.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .relu: x.relu()
    case .tanh: x.tanh()
    case .mish: x.mish()
    case .gelu: x.gelu()
    case .silu: x.silu()
    case .identity: x
    }
  }

  /// Its name where it is part of a layer's one operation.
  var fused: PackedActivation {
    switch self {
    case .relu: .relu
    case .tanh: .tanh
    case .mish: .mish
    case .gelu: .gelu
    case .silu: .silu
    case .identity: .none
    }
  }
}
