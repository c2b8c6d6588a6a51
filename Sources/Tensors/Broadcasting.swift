/// The walk over two operands stretched to one shape, with neighbouring dimensions merged where both are linear in memory.
struct Broadcast {
  let shape: [Int]
  /// Merged sizes and the operands' strides through them; never empty.
  private(set) var sizes: [Int] = []
  private(set) var first: [Int] = []
  private(set) var second: [Int] = []

  init(_ a: Tensor, _ b: Tensor) throws {
    if a.shape == b.shape { shape = a.shape } else {
      shape = try Broadcast.shape(a.shape, b.shape)
      try Tensor.check(shape)
    }
    merge(a, b)
  }

  /// `b` stretched to a's shape, which it is known to fit.
  init(_ a: Tensor, stretching b: Tensor) {
    shape = a.shape
    merge(a, b)
  }

  private mutating func merge(_ a: Tensor, _ b: Tensor) {
    let (aStrides, bStrides) = (a.strides(stretchedTo: shape), b.strides(stretchedTo: shape))
    for (size, (s, t)) in zip(shape, zip(aStrides, bStrides)) where size != 1 {
      if let last = sizes.indices.last, first[last] == s * size, second[last] == t * size {
        (sizes[last], first[last], second[last]) = (sizes[last] * size, s, t)
      } else {
        sizes.append(size); first.append(s); second.append(t)
      }
    }
    if sizes.isEmpty { (sizes, first, second) = ([1], [0], [0]) }
  }

  /// The shape both fit, sizes of 1 stretching (NumPy's rule).
  static func shape(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = Swift.max(a.count, b.count)
    return try (0..<rank).map { dim in
      let (x, y) = (dim - (rank - a.count), dim - (rank - b.count))
      let (p, q) = (x < 0 ? 1 : a[x], y < 0 ? 1 : b[y])
      guard p == q || p == 1 || q == 1 else { throw UsageError("cannot broadcast shape \(a) with \(b)") }
      return p == 1 ? q : p
    }
  }

  /// Calls `body` with the offset of each innermost run: in the first operand, the second and the result.
  @inline(__always)
  func forEachRun(_ body: (_ a: Int, _ b: Int, _ out: Int) -> Void) {
    let inner = sizes.count - 1
    let runs = sizes[..<inner].reduce(1, *)
    guard runs > 0, sizes[inner] > 0 else { return }
    var index = [Int](repeating: 0, count: inner)
    var (a, b) = (0, 0)
    for run in 0..<runs {
      body(a, b, run * sizes[inner])
      var dim = inner - 1
      while dim >= 0 {
        index[dim] += 1
        a += first[dim]; b += second[dim]
        if index[dim] < sizes[dim] { break }
        a -= first[dim] * sizes[dim]; b -= second[dim] * sizes[dim]
        index[dim] = 0
        dim -= 1
      }
    }
  }
}

extension Tensor {
  /// Strides to walk self as if it had `target`'s shape: 0 where it is stretched.
  func strides(stretchedTo target: [Int]) -> [Int] {
    let missing = target.count - rank
    return target.indices.map { $0 < missing || shape[$0 - missing] == 1 ? 0 : strides[$0 - missing] }
  }
}
