// Loops over memory. Each is inlined into its caller so that the closure disappears and the loop vectorises.

extension Tensor {
  /// f of every element.
  @inline(__always)
  func map(_ f: (Float) -> Float, operation: StaticString = #function) -> Tensor {
    let span = Profile.Span(operation); defer { span.end() }
    let result = Tensor(uninitialized: shape)
    let (target, count) = (result.storage.pointer, result.count)
    withPointer { source in for i in 0..<count { target[i] = f(source[i]) } }
    return result
  }

  /// f of every pair of elements of a and b, stretched to one shape.
  @inline(__always)
  static func combine(_ a: Tensor, _ b: Tensor, _ f: (Float, Float) -> Float, operation: StaticString = #function) throws -> Tensor {
    let span = Profile.Span(operation); defer { span.end() }
    if a.shape == b.shape, a.isContiguous, b.isContiguous {
      let result = Tensor(uninitialized: a.shape)
      let (x, y, z) = (a.storage.pointer + a.offset, b.storage.pointer + b.offset, result.storage.pointer)
      for i in 0..<result.count { z[i] = f(x[i], y[i]) }
      return result
    }
    let walk = try Broadcast(a, b)
    let result = Tensor(uninitialized: walk.shape)
    let (x0, y0, z0) = (a.storage.pointer + a.offset, b.storage.pointer + b.offset, result.storage.pointer)
    let inner = walk.sizes.count - 1
    let (count, s, t) = (walk.sizes[inner], walk.first[inner], walk.second[inner])
    walk.forEachRun { i, j, k in
      let (x, y, z) = (x0 + i, y0 + j, z0 + k)
      if s == 1 && t == 1 { for n in 0..<count { z[n] = f(x[n], y[n]) } }
      else if s == 1 && t == 0 { let right = y[0]; for n in 0..<count { z[n] = f(x[n], right) } }
      else if s == 0 && t == 1 { let left = x[0]; for n in 0..<count { z[n] = f(left, y[n]) } }
      else { for n in 0..<count { z[n] = f(x[n * s], y[n * t]) } }
    }
    withExtendedLifetime((a, b)) {}
    return result
  }
}

/// Σ x[i], sixteen partial sums side by side.
@inline(__always)
func sum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
  var lanes = SIMD16<Float>()
  var i = 0
  while i + 16 <= count {
    lanes += UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self)
    i += 16
  }
  var total = lanes.sum()
  while i < count { total += x[i]; i += 1 }
  return total
}

/// Σ x[i] y[i].
@inline(__always)
func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  var lanes = SIMD16<Float>()
  var i = 0
  while i + 16 <= count {
    lanes += UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self) * UnsafeRawPointer(y + i).loadUnaligned(as: SIMD16<Float>.self)
    i += 16
  }
  var total = lanes.sum()
  while i < count { total += x[i] * y[i]; i += 1 }
  return total
}
