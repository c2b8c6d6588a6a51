extension Tensor {
  /// Standard normal numbers (Box and Muller 1958).
  public static func randn(_ shape: [Int], using stream: inout RandomStream) throws -> Tensor {
    try check(shape)
    let span = Profile.Span("randn"); defer { span.end() }
    let result = Tensor(uninitialized: shape)
    let (target, count) = (result.storage.pointer, result.count)
    var i = 0
    while i < count {
      let (a, b, c, d) = stream.block()
      let (p, q) = gaussianPair(a, b)
      let (r, s) = gaussianPair(c, d)
      target[i] = p
      if i + 1 < count { target[i + 1] = q }
      if i + 2 < count { target[i + 2] = r }
      if i + 3 < count { target[i + 3] = s }
      i += 4
    }
    return result
  }

  /// Numbers uniform on [low, high).
  public static func uniform(_ shape: [Int], _ low: Float, _ high: Float, using stream: inout RandomStream) throws -> Tensor {
    try check(shape)
    let span = Profile.Span("uniform"); defer { span.end() }
    let result = Tensor(uninitialized: shape)
    let (target, count) = (result.storage.pointer, result.count)
    var i = 0
    while i < count {
      let (a, b, c, d) = stream.block()
      for x in [a, b, c, d].prefix(count - i) {
        target[i] = low + (high - low) * unit(x)
        i += 1
      }
    }
    return result
  }
}

/// [0, 1), 24 bits.
@inline(__always) private func unit(_ x: UInt32) -> Float { Float(x >> 8) * 0x1p-24 }

@inline(__always)
private func gaussianPair(_ a: UInt32, _ b: UInt32) -> (Float, Float) {
  let radius = (-2 * libm.log(1 - unit(a))).squareRoot()
  let angle = 2 * Float.pi * unit(b)
  return (radius * libm.cos(angle), radius * libm.sin(angle))
}
