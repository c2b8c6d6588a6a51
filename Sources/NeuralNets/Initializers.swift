import Tensors

/// How a tensor begins: PyTorch's torch.nn.init. The first dimension counts outputs, the second inputs, the rest the places of a kernel.
public enum Initializer: Sendable {
  /// Glorot and Bengio 2010: variance gain² · 2 / (inputs + outputs).
  case xavierUniform(gain: Float), xavierNormal(gain: Float)
  /// He et al. 2015: variance gain² / fan.
  case kaimingUniform(gain: Float, Fan), kaimingNormal(gain: Float, Fan)
  /// Saxe et al. 2014: rows, or columns where they are fewer, of length `gain` and at right angles to each other.
  case orthogonal(gain: Float)
  case normal(mean: Float, std: Float)
  case uniform(low: Float, high: Float)
  case constant(Float)
  /// Normal numbers, drawn again where they lie outside [low, high].
  case truncatedNormal(mean: Float, std: Float, low: Float, high: Float)

  /// What a weight's variance is measured by: what comes in, or what goes out.
  public enum Fan: String, Codable, CaseIterable, Sendable {
    case fanIn = "fan_in", fanOut = "fan_out"
  }

  /// Overwrites the elements. Throws for a shape or numbers that the initialiser has no use for.
  public func fill(_ tensor: Tensor, using stream: inout RandomStream) throws {
    guard tensor.isContiguous else { throw UsageError("an initialiser wants memory of its own, got a view of shape \(tensor.shape)") }
    try tensor.assign(try make(tensor.shape, using: &stream))
  }

  private func make(_ shape: [Int], using stream: inout RandomStream) throws -> Tensor {
    switch self {
    case .xavierUniform(let gain): return try spread(gain * xavier(shape) * Float(3).squareRoot(), shape, using: &stream)
    case .xavierNormal(let gain): return try finite(gain) * xavier(shape) * Tensor.randn(shape, using: &stream)
    case .kaimingUniform(let gain, let fan): return try spread(gain * kaiming(shape, fan) * Float(3).squareRoot(), shape, using: &stream)
    case .kaimingNormal(let gain, let fan): return try finite(gain) * kaiming(shape, fan) * Tensor.randn(shape, using: &stream)
    case .orthogonal(let gain):
      try checkPlanes(shape)
      return try finite(gain) * orthogonalRows(shape[0], shape.dropFirst().reduce(1, *), using: &stream).reshape(shape)
    case .normal(let mean, let std):
      guard std >= 0 else { throw UsageError("a normal initialiser wants a std of zero or more, got \(std)") }
      return try finite(mean) + finite(std) * Tensor.randn(shape, using: &stream)
    case .uniform(let low, let high):
      guard try finite(low) <= finite(high) else { throw UsageError("a uniform initialiser wants low <= high, got \(low) and \(high)") }
      return try Tensor.uniform(shape, low, high, using: &stream)
    case .constant(let value): return .full(value, shape)
    case .truncatedNormal(let mean, let std, let low, let high):
      return try truncated(shape, Double(finite(mean)), Double(finite(std)), Double(low), Double(high), using: &stream)
    }
  }

  private func spread(_ bound: Float, _ shape: [Int], using stream: inout RandomStream) throws -> Tensor {
    try Tensor.uniform(shape, -finite(bound), bound, using: &stream)
  }

  private func xavier(_ shape: [Int]) throws -> Float {
    let (fanIn, fanOut) = try fans(shape)
    return (2 / (fanIn + fanOut)).squareRoot()
  }

  private func kaiming(_ shape: [Int], _ fan: Fan) throws -> Float {
    let (fanIn, fanOut) = try fans(shape)
    return 1 / (fan == .fanIn ? fanIn : fanOut).squareRoot()
  }

  private func fans(_ shape: [Int]) throws -> (Float, Float) {
    try checkPlanes(shape)
    let kernel = shape.dropFirst(2).reduce(1, *)
    return (Float(shape[1] * kernel), Float(shape[0] * kernel))
  }

  private func checkPlanes(_ shape: [Int]) throws {
    guard shape.count >= 2, !shape.contains(0) else {
      throw UsageError("this initialiser wants a tensor of two dimensions or more, none empty, got shape \(shape)")
    }
  }

  private func finite(_ x: Float) throws -> Float {
    guard x.isFinite else { throw UsageError("an initialiser wants finite numbers, got \(x)") }
    return x
  }
}

/// A mass of at least 10⁻³ must lie inside: the numbers are drawn until they fall there.
private func truncated(
  _ shape: [Int], _ mean: Double, _ std: Double, _ low: Double, _ high: Double, using stream: inout RandomStream
) throws -> Tensor {
  guard std > 0, low < high, low <= mean + 3 * std, high >= mean - 3 * std, high - low >= 0.01 * std else {
    throw UsageError("a truncated normal wants std > 0 and bounds within reach of the mean, got mean \(mean), std \(std), [\(low), \(high)]")
  }
  return try Tensor.filled(shape) { target in
    for i in 0..<shape.reduce(1, *) {
      if i & 0xFFFF == 0 { try Interrupt.check() }
      var x = mean + std * stream.normal()
      while x < low || x > high { x = mean + std * stream.normal() }
      target[i] = Float(x)
    }
  }
}

/// [rows, columns] with orthonormal rows, or columns where they are fewer: Gram-Schmidt on normal numbers in double precision, each
/// vector projected twice. The law is uniform over such matrices.
private func orthogonalRows(_ rows: Int, _ columns: Int, using stream: inout RandomStream) throws -> Tensor {
  let (count, size) = (min(rows, columns), max(rows, columns))
  var vectors = (0..<count * size).map { _ in stream.normal() }
  try vectors.withUnsafeMutableBufferPointer { all in
    guard let base = all.baseAddress else { return }
    for i in 0..<count {
      try Interrupt.check()
      let vector = base + i * size
      for _ in 0..<2 {
        for j in 0..<i { subtract(base + j * size, from: vector, size) }
      }
      let length = inner(vector, vector, size).squareRoot()
      for k in 0..<size { vector[k] /= length }
    }
  }
  return Tensor.filled([rows, columns]) { target in
    for row in 0..<rows {
      for column in 0..<columns {
        target[row * columns + column] = Float(rows <= columns ? vectors[row * size + column] : vectors[column * size + row])
      }
    }
  }
}

/// Takes the part along `unit` out of `vector`.
private func subtract(_ unit: UnsafePointer<Double>, from vector: UnsafeMutablePointer<Double>, _ size: Int) {
  let along = inner(unit, vector, size)
  for k in 0..<size { vector[k] -= along * unit[k] }
}

private func inner(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ size: Int) -> Double {
  var lanes = SIMD8<Double>.zero
  var k = 0
  while k + 8 <= size {
    lanes += UnsafeRawPointer(x + k).loadUnaligned(as: SIMD8<Double>.self) * UnsafeRawPointer(y + k).loadUnaligned(as: SIMD8<Double>.self)
    k += 8
  }
  var total = lanes.sum()
  while k < size {
    total += x[k] * y[k]
    k += 1
  }
  return total
}
