// Each operator stands beside its gradient; broadcasting is undone in `backward`.

extension Tensor {
  public static func + (a: Tensor, b: Tensor) throws -> Tensor {
    try combine(a, b) { $0 + $1 }.recorded([a, b]) { g in [g, g] }
  }
  public static func - (a: Tensor, b: Tensor) throws -> Tensor {
    try combine(a, b) { $0 - $1 }.recorded([a, b]) { g in [g, b.requiresGrad ? -g : nil] }
  }
  public static func * (a: Tensor, b: Tensor) throws -> Tensor {
    try combine(a, b) { $0 * $1 }.recorded([a, b]) { g in [a.requiresGrad ? try g * b : nil, b.requiresGrad ? try g * a : nil] }
  }
  public static func / (a: Tensor, b: Tensor) throws -> Tensor {
    let quotient = try combine(a, b) { $0 / $1 }
    return quotient.recorded([a, b]) { g in [a.requiresGrad ? try g / b : nil, b.requiresGrad ? try -(g * quotient) / b : nil] }
  }
  /// The smaller of each pair; where equal the gradient goes to the first. NaN in either gives NaN.
  public static func minimum(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    try combine(a, b) { $0 != $0 || $0 <= $1 ? $0 : $1 }.recorded([a, b]) { g in
      let first = try combine(a, b) { $0 <= $1 ? 1 : 0 }
      return [try g * first, try g * (1 - first)]
    }
  }
  /// The larger of each pair; where equal the gradient goes to the first. NaN in either gives NaN.
  public static func maximum(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    try combine(a, b) { $0 != $0 || $0 >= $1 ? $0 : $1 }.recorded([a, b]) { g in
      let first = try combine(a, b) { $0 >= $1 ? 1 : 0 }
      return [try g * first, try g * (1 - first)]
    }
  }

  public static func + (a: Tensor, k: Float) -> Tensor { a.map { $0 + k }.recorded([a]) { g in [g] } }
  public static func + (k: Float, a: Tensor) -> Tensor { a + k }
  public static func - (a: Tensor, k: Float) -> Tensor { a + -k }
  public static func - (k: Float, a: Tensor) -> Tensor { a.map { k - $0 }.recorded([a]) { g in [-g] } }
  public static func * (k: Float, a: Tensor) -> Tensor { a.map { k * $0 }.recorded([a]) { g in [k * g] } }
  public static func * (a: Tensor, k: Float) -> Tensor { k * a }
  public static func / (a: Tensor, k: Float) -> Tensor { a.map { $0 / k }.recorded([a]) { g in [g / k] } }
  public static func / (k: Float, a: Tensor) -> Tensor {
    a.map { k / $0 }.recorded([a]) { g in [try Tensor.combine(g, a) { -$0 * k / ($1 * $1) }] }
  }
  public static prefix func - (a: Tensor) -> Tensor { a.map { -$0 }.recorded([a]) { g in [-g] } }
}

// MARK: Powers and remainders

extension Tensor {
  /// x^exponent.
  public func pow(_ exponent: Float) -> Tensor {
    map { libm.pow($0, exponent) }.recorded([self]) { g in
      [try Tensor.combine(g, self) { exponent == 0 ? 0 : $0 * exponent * libm.pow($1, exponent - 1) }]
    }
  }
  /// x^exponent, element by element, with broadcasting.
  public func pow(_ exponent: Tensor) throws -> Tensor {
    let y = try Tensor.combine(self, exponent, libm.pow)
    return y.recorded([self, exponent]) { g in
      let base = self.requiresGrad ? try g * Tensor.combine(self, exponent) { $1 == 0 ? 0 : $1 * libm.pow($0, $1 - 1) } : nil
      guard exponent.requiresGrad else { return [base, nil] }
      // 0^b stays 0 for positive b, though ln 0 is infinite.
      let rate = try Tensor.combine(self, exponent) { $0 == 0 && $1 >= 0 ? 0 : libm.pow($0, $1) * fastLog($0) }
      return [base, try g * rate]
    }
  }
  /// base^x.
  public static func pow(_ base: Float, _ x: Tensor) throws -> Tensor { try Tensor.scalar(base).pow(x) }

  /// a - b ⌊a / b⌋, with the sign of b, as Lua's % and PyTorch's remainder.
  public static func % (a: Tensor, b: Tensor) throws -> Tensor {
    let rest = try combine(a, b) {
      let r = libm.remainder($0, $1)
      return r != 0 && (r < 0) != ($1 < 0) ? r + $1 : r
    }
    return rest.recorded([a, b]) { g in [g, b.requiresGrad ? try -g * combine(a, b) { ($0 / $1).rounded(.down) } : nil] }
  }
}
