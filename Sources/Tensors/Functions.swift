// Functions of one element, each beside its gradient. Shapes are kept; nothing here throws.

extension Tensor {
  public func exp() -> Tensor {
    let y = map(fastExp)
    return y.recorded([self]) { g in [try g * y] }
  }
  public func log() -> Tensor { map(fastLog).recorded([self]) { g in [try g / self.detach()] } }
  public func sqrt() -> Tensor {
    let y = map { $0.squareRoot() }
    return y.recorded([self]) { g in [try Tensor.combine(g, y) { 0.5 * $0 / $1 }] }
  }
  public func abs() -> Tensor {
    map { $0.magnitude }.recorded([self]) { g in [try Tensor.combine(g, self) { $1 > 0 ? $0 : ($1 < 0 ? -$0 : 0) }] }
  }
  public func squared() -> Tensor { map { $0 * $0 }.recorded([self]) { g in [try Tensor.combine(g, self) { 2 * $0 * $1 }] } }
  /// ln(1 + x), without the loss of 1 + x near 0.
  public func log1p() -> Tensor { map(fastLogOfOnePlus).recorded([self]) { g in [try Tensor.combine(g, self) { $0 / (1 + $1) }] } }
  /// e^x - 1, without the loss of the difference near 0.
  public func expm1() -> Tensor {
    let y = map(fastExpMinusOne)
    return y.recorded([self]) { g in [try Tensor.combine(g, y) { $0 * ($1 + 1) }] }
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
    map { $0 < 0 ? 0 : $0 }.recorded([self]) { g in [try Tensor.combine(g, self) { $1 <= 0 ? 0 : $0 }] }
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

  /// 2/√π ∫ e^(-t²) dt from 0 to x.
  public func erf() -> Tensor {
    map(fastErfNearZero).recorded([self]) { g in [try Tensor.combine(g, self) { $0 * 1.128_379_17 * fastExp(-$1 * $1) }] }
  }

  /// Each element moved into [low, high]; the gradient is zero outside.
  public func clamp(_ low: Float, _ high: Float) -> Tensor {
    map { $0 < low ? low : ($0 > high ? high : $0) }.recorded([self]) { g in
      [try Tensor.combine(g, self) { $1 < low || $1 > high ? 0 : $0 }]
    }
  }

  /// -1, 0 or 1; 0 for NaN, as PyTorch has it.
  public func sign() -> Tensor { map { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) }.flat(self) }
  public func floor() -> Tensor { map { $0.rounded(.down) }.flat(self) }
  public func ceil() -> Tensor { map { $0.rounded(.up) }.flat(self) }
  /// To the nearest integer; halves go to the even one.
  public func round() -> Tensor { map { $0.rounded(.toNearestOrEven) }.flat(self) }

  /// Self as a result of `x` that does not change with it.
  private func flat(_ x: Tensor) -> Tensor { recorded([x]) { g in [Tensor.zeros(g.shape)] } }
}
