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

extension Tensor {
  /// Integers from `low` to `high`, both included, each as likely as the others.
  public static func randint(_ shape: [Int], _ low: Int, _ high: Int, using stream: inout RandomStream) throws -> Tensor {
    guard low <= high, low >= -1 << 24, high <= 1 << 24 else { throw UsageError("randint wants low <= high, both within ±2^24, got \(low) and \(high)") }
    try check(shape)
    let result = Tensor(uninitialized: shape)
    for i in 0..<result.count { result.storage.pointer[i] = Float(low + stream.integer(below: high - low + 1)) }
    return result
  }

  /// 0..<count in random order, every order as likely as the others (Fisher and Yates).
  public static func permutation(_ count: Int, using stream: inout RandomStream) throws -> [Int] {
    guard 0...1 << 24 ~= count else { throw UsageError("a permutation wants 0 to 2^24 numbers, got \(count)") }
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, stream.integer(below: i + 1)) }
    return order
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
