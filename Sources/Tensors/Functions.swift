// Functions of one element, each beside its gradient. Shapes are kept; nothing here throws.

extension Tensor {
  public func exp() -> Tensor {
    let y = map(fastExp)
    return y.recorded([self]) { g in [try g * y] }
  }
  public func log() -> Tensor { map { libm.log($0) }.recorded([self]) { g in [try g / self.detach()] } }
  public func sqrt() -> Tensor {
    let y = map { $0.squareRoot() }
    return y.recorded([self]) { g in [try Tensor.combine(g, y) { 0.5 * $0 / $1 }] }
  }
  public func abs() -> Tensor {
    map { $0 < 0 ? -$0 : $0 }.recorded([self]) { g in [try Tensor.combine(g, self) { $1 > 0 ? $0 : ($1 < 0 ? -$0 : 0) }] }
  }
  public func squared() -> Tensor { map { $0 * $0 }.recorded([self]) { g in [try Tensor.combine(g, self) { 2 * $0 * $1 }] } }
  /// x^exponent.
  public func pow(_ exponent: Float) -> Tensor {
    map { libm.pow($0, exponent) }.recorded([self]) { g in
      [try Tensor.combine(g, self) { exponent == 0 ? 0 : $0 * exponent * libm.pow($1, exponent - 1) }]
    }
  }
  public func sin() -> Tensor { map { libm.sin($0) }.recorded([self]) { g in [try Tensor.combine(g, self) { $0 * libm.cos($1) }] } }
  public func cos() -> Tensor { map { libm.cos($0) }.recorded([self]) { g in [try Tensor.combine(g, self) { -$0 * libm.sin($1) }] } }

  public func tanh() -> Tensor {
    let y = map(fastTanh)
    return y.recorded([self]) { g in [try Tensor.combine(g, y) { $0 * (1 - $1 * $1) }] }
  }
  public func sigmoid() -> Tensor {
    let y = map(fastSigmoid)
    return y.recorded([self]) { g in [try Tensor.combine(g, y) { $0 * $1 * (1 - $1) }] }
  }
  public func relu() -> Tensor {
    map { $0 < 0 ? 0 : $0 }.recorded([self]) { g in [try Tensor.combine(g, self) { $1 > 0 ? $0 : 0 }] }
  }
  /// ln(1 + e^x).
  public func softplus() -> Tensor { map(fastSoftplus).recorded([self]) { g in [try Tensor.combine(g, self) { $0 * fastSigmoid($1) }] } }
  /// x tanh(softplus(x)) (Misra 2019).
  public func mish() -> Tensor { map(fastMish).recorded([self]) { g in [try Tensor.combine(g, self) { $0 * fastMishSlope($1) }] } }
  /// x sigmoid(x).
  public func silu() -> Tensor {
    map(fastSilu).recorded([self]) { g in [try Tensor.combine(g, self) { $0 * fastSiluSlope($1) }] }
  }
  /// x Φ(x), by the error function (Hendrycks and Gimpel 2016).
  public func gelu() -> Tensor {
    map(fastGelu).recorded([self]) { g in [try Tensor.combine(g, self) { $0 * fastGeluSlope($1) }] }
  }

  /// Each element moved into [low, high]; the gradient is zero outside.
  public func clamp(_ low: Float, _ high: Float) -> Tensor {
    map { $0 < low ? low : ($0 > high ? high : $0) }.recorded([self]) { g in
      [try Tensor.combine(g, self) { $1 < low || $1 > high ? 0 : $0 }]
    }
  }
}
