// Questions whose answer is 1 or 0, which no gradient passes, and what is chosen by such answers.

extension Tensor {
  public func eq(_ b: Tensor) throws -> Tensor { try Tensor.combine(self, b) { $0 == $1 ? 1 : 0 } }
  public func ne(_ b: Tensor) throws -> Tensor { try Tensor.combine(self, b) { $0 != $1 ? 1 : 0 } }
  public func lt(_ b: Tensor) throws -> Tensor { try Tensor.combine(self, b) { $0 < $1 ? 1 : 0 } }
  public func le(_ b: Tensor) throws -> Tensor { try Tensor.combine(self, b) { $0 <= $1 ? 1 : 0 } }
  public func gt(_ b: Tensor) throws -> Tensor { try Tensor.combine(self, b) { $0 > $1 ? 1 : 0 } }
  public func ge(_ b: Tensor) throws -> Tensor { try Tensor.combine(self, b) { $0 >= $1 ? 1 : 0 } }

  public func isNaN() -> Tensor { map { $0 != $0 ? 1 : 0 } }
  public func isInf() -> Tensor { map { $0.magnitude == .infinity ? 1 : 0 } }
  public func isFinite() -> Tensor { map { $0.magnitude < .infinity ? 1 : 0 } }

  /// Whether any element is not 0; NaN is not.
  public func any() -> Bool { withPointer { x in (0..<count).contains { x[$0] != 0 } } }
  /// Whether no element is 0.
  public func all() -> Bool { withPointer { x in !(0..<count).contains { x[$0] == 0 } } }
  /// Along `dim`, 1 where any element is not 0.
  public func any(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try map { $0 != 0 ? 1 : 0 }.folded(dim, keepDim, empty: 0) { $0 > $1 ? $0 : $1 }
  }
  /// Along `dim`, 1 where no element is 0.
  public func all(_ dim: Int, keepDim: Bool = false) throws -> Tensor {
    try map { $0 != 0 ? 1 : 0 }.folded(dim, keepDim, empty: 1) { $0 < $1 ? $0 : $1 }
  }

  /// a where `condition` is not 0, b elsewhere; all three broadcast.
  public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    let shape = try Broadcast.shape(Broadcast.shape(condition.shape, a.shape), b.shape)
    try check(shape)
    let result = Tensor(uninitialized: shape)
    let (z, count) = (result.storage.pointer, result.count)
    try withoutGrad {
      let (mask, left, right) = (try condition.expand(to: shape), try a.expand(to: shape), try b.expand(to: shape))
      mask.withPointer { m in left.withPointer { x in right.withPointer { y in
        for i in 0..<count { z[i] = m[i] != 0 ? x[i] : y[i] }
      } } }
    }
    return result.recorded([condition, a, b]) { g in
      let first = a.requiresGrad ? try combine(condition, g) { $0 != 0 ? $1 : 0 } : nil
      return [nil, first, b.requiresGrad ? try combine(condition, g) { $0 != 0 ? 0 : $1 } : nil]
    }
  }

  /// `value` where `mask` is not 0, self elsewhere, with broadcasting.
  public func maskedFill(_ mask: Tensor, _ value: Float) throws -> Tensor {
    try Tensor.combine(self, mask) { $1 != 0 ? value : $0 }.recorded([self, mask]) { g in
      [try Tensor.combine(g, mask) { $1 != 0 ? 0 : $0 }, nil]
    }
  }

  /// The elements where `mask`, stretched to self's shape, is not 0, in row-major order: a vector.
  public func maskedSelect(_ mask: Tensor) throws -> Tensor {
    guard mask.stretchable(to: shape) != nil, mask.rank <= rank else { throw UsageError("a mask of shape \(mask.shape) does not fit shape \(shape)") }
    let whole = try Tensor.withoutGrad { try mask.expand(to: shape) }
    let places = whole.withPointer { m in (0..<count).filter { m[$0] != 0 } }
    return try taking(places, shape: [places.count])
  }
}
