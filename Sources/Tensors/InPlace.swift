// Writing into memory that is already there. A recorded step that needs it, or a leaf that collects a gradient, forbids it.

extension Tensor {
  /// Whether a recorded step that is still there forbids writing.
  public var isNeededByGradient: Bool { storage.isClaimed }

  /// Throws unless these elements may be overwritten with `value`.
  public func checkWritable(_ value: Tensor? = nil) throws {
    guard !storage.isClaimed else {
      throw UsageError("a gradient still needs these elements: write after its backward(), or into a clone()")
    }
    guard !Tensor.recording || !requiresGrad else { throw UsageError("a tensor that requires gradients is written inside no_grad only") }
    guard !Tensor.recording || value?.requiresGrad != true else {
      throw UsageError("writing would lose the gradient of what is written: detach() it, or write inside no_grad")
    }
    guard !zip(shape, strides).contains(where: { $0 > 1 && $1 == 0 }) else {
      throw UsageError("an expanded tensor of shape \(shape) shares its elements among places: write into a clone()")
    }
  }

  @discardableResult public func add_(_ value: Tensor, alpha: Float = 1) throws -> Tensor {
    alpha == 1 ? try update(value) { $0 + $1 } : try update(value) { $0 + alpha * $1 }
  }
  @discardableResult public func sub_(_ value: Tensor, alpha: Float = 1) throws -> Tensor {
    alpha == 1 ? try update(value) { $0 - $1 } : try update(value) { $0 - alpha * $1 }
  }
  @discardableResult public func mul_(_ value: Tensor) throws -> Tensor { try update(value) { $0 * $1 } }
  @discardableResult public func div_(_ value: Tensor) throws -> Tensor { try update(value) { $0 / $1 } }
  /// Overwrites the elements, with broadcasting.
  @discardableResult public func copy_(_ value: Tensor) throws -> Tensor { try update(value) { $1 } }
  @discardableResult public func fill_(_ value: Float) throws -> Tensor { try update(.scalar(value)) { $1 } }
  @discardableResult public func neg_() throws -> Tensor { try update(.scalar(0)) { x, _ in -x } }
  @discardableResult public func clamp_(_ low: Float, _ high: Float) throws -> Tensor {
    try update(.scalar(0)) { x, _ in x < low ? low : (x > high ? high : x) }
  }
  /// Writes `value` where `mask`, stretched to self's shape, is not 0.
  @discardableResult public func maskedFill_(_ mask: Tensor, _ value: Float) throws -> Tensor {
    try update(mask) { $1 != 0 ? value : $0 }
  }

  /// Writes f(element, value) over each element.
  @inline(__always)
  private func update(_ value: Tensor, _ f: (Float, Float) -> Float) throws -> Tensor {
    try checkWritable(value)
    guard let fitting = value.stretchable(to: shape) else { throw UsageError("cannot write shape \(value.shape) into shape \(shape)") }
    write(fitting, f)
    return self
  }

  /// Self with no more dimensions than `target`, if it can be stretched to it; nil otherwise.
  func stretchable(to target: [Int]) -> Tensor? {
    let surplus = Swift.max(0, rank - target.count)
    guard shape[..<surplus].allSatisfy({ $0 == 1 }) else { return nil }
    let sizes = shape[surplus...]
    guard zip(sizes.reversed(), target.reversed()).allSatisfy({ $0 == 1 || $0 == $1 }) else { return nil }
    return surplus == 0 ? self : view(Array(sizes), Array(strides[surplus...]))
  }

  /// `update` past its checks: `value` can be stretched to self's shape, and may lie in the same memory.
  @inline(__always)
  func write(_ value: Tensor, _ f: (Float, Float) -> Float) {
    let value = collides(with: value) ? value.packed() : value
    let (x0, y0) = (storage.pointer + offset, value.storage.pointer + value.offset)
    defer { withExtendedLifetime((self, value)) {} }
    if value.shape == shape, isContiguous, value.isContiguous {
      for i in 0..<count { x0[i] = f(x0[i], y0[i]) }
      return
    }
    let walk = Broadcast(self, stretching: value)
    let inner = walk.sizes.count - 1
    let (count, s, t) = (walk.sizes[inner], walk.first[inner], walk.second[inner])
    walk.forEachRun { i, j, _ in
      let (x, y) = (x0 + i, y0 + j)
      if s == 1 && t == 1 { for n in 0..<count { x[n] = f(x[n], y[n]) } }
      else if s == 1 && t == 0 { let right = y[0]; for n in 0..<count { x[n] = f(x[n], right) } }
      else { for n in 0..<count { x[n * s] = f(x[n * s], y[n * t]) } }
    }
  }

  /// Whether writing self element by element would change elements of `value` not read yet.
  private func collides(with value: Tensor) -> Bool {
    guard storage === value.storage, !(offset == value.offset && shape == value.shape && strides == value.strides) else { return false }
    let (a, b) = (span, value.span)
    return a.lowerBound <= b.upperBound && b.lowerBound <= a.upperBound
  }

  /// The first and the last place in storage.
  private var span: ClosedRange<Int> {
    offset...offset + zip(shape, strides).reduce(0) { $0 + Swift.max(0, $1.0 - 1) * $1.1 }
  }
}
