import Tensors

/// What stands between two linear layers. PyTorch's functions of these names; `gelu` is the exact one (erf).
public enum Activation: String, Codable, CaseIterable, Sendable {
  case relu, tanh, sigmoid, mish, gelu, silu, softplus, identity

  /// Elementwise.
  public func callAsFunction(_ x: Tensor) -> Tensor {
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

  /// Its name where it is part of a layer's one operation; nil for those that never are.
  var fused: PackedActivation? { self == .identity ? PackedActivation.none : PackedActivation(rawValue: rawValue) }
}

/// An activation in the place of a layer.
public final class ActivationLayer: Layer {
  public let activation: Activation
  public var namedParameters: [NamedTensor] { [] }

  public init(_ activation: Activation) { self.activation = activation }

  /// Any shape to the same.
  public func callAsFunction(_ x: Tensor) throws -> Tensor { activation(x) }
}
