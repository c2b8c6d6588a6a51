/// Equations and factors of matrices through LAPACK, in double precision inside; leading dimensions are batches.
public enum LinearAlgebra {}

extension LinearAlgebra {
  /// x with a x = b: a [..., n, n], b [..., n, k] or a vector [n]; batches broadcast. Throws where a pivot of a's factors is exactly zero.
  public static func solve(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    if b.rank == 1 {
      let x = try solve(a, b.reshape([b.shape[0], 1]))
      return try x.reshape(Array(x.shape.dropLast()))
    }
    guard a.rank >= 2, b.rank >= 2 else { throw UsageError("solve wants [..., n, n] and [..., n, k] or [n], got shapes \(a.shape) and \(b.shape)") }
    let n = a.shape[a.rank - 1]
    guard a.shape[a.rank - 2] == n, b.shape[b.rank - 2] == n else { throw UsageError("solve wants [..., n, n] and [..., n, k] or [n], got shapes \(a.shape) and \(b.shape)") }
    let batch = try Broadcast.shape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    return try solveEach(a.expand(to: batch + [n, n]), b.expand(to: batch + b.shape.suffix(2)), "solve")
  }

  /// The inverse of [..., n, n].
  public static func inv(_ a: Tensor) throws -> Tensor {
    let matrices = try MatrixBatch(square: a, "inv")
    let n = matrices.rows
    let identity = Tensor.filled([n, n]) { target in for i in 0..<n * n { target[i] = i % (n + 1) == 0 ? 1 : 0 } }
    return try solveEach(a, identity.expand(to: a.shape), "inv")
  }

  /// a and b have the same leading dimensions.
  private static func solveEach(_ a: Tensor, _ b: Tensor, _ name: StaticString) throws -> Tensor {
    let (left, right) = (try MatrixBatch(square: a, name), try MatrixBatch(b, name))
    let columns = right.columns
    let x = try right.results(left.rows, columns) { i in
      let lu = LAPACK.LU(left[i], left.rows)
      if let pivot = lu.zeroPivot { throw UsageError("\(name) wants an invertible matrix, pivot \(pivot) of \(left.rows) is zero\(left.place(i))") }
      return lu.solve(right[i], columns)
    }
    return x.recorded([a, b]) { g in
      guard x.count > 0 else { return [Tensor.zeros(a.shape), Tensor.zeros(b.shape)] }
      let slope = try solveEach(a.transposed(), g, name)
      return [a.requiresGrad ? try -slope.matmul(x.transposed()) : nil, slope]
    }
  }

  /// The determinants of [..., n, n], [...]; 1 for an empty matrix.
  public static func det(_ a: Tensor) throws -> Tensor {
    let matrices = try MatrixBatch(square: a, "det")
    let n = matrices.rows
    let values = try matrices.numbers(empty: 1) { LAPACK.LU(matrices[$0], n).determinant }
    return values.recorded([a]) { g in
      // Σ over entries of their cofactors: det(U) det(V) U diag(Π of the other singular values) Vᵀ, which a singular matrix has too.
      let cofactors = try matrices.results(n, n) { i in
        let (u, s, vh) = try LAPACK.svd(matrices[i], n, n, vectors: true)
        let sign = LAPACK.LU(u, n).determinant * LAPACK.LU(vh, n).determinant
        let scale = s.indices.map { k in s.enumerated().reduce(sign) { $1.offset == k ? $0 : $0 * $1.element } }
        return product(u, scale, vh, n, n, n)
      }
      return [try g.reshape(matrices.batch + [1, 1]) * cofactors]
    }
  }

  /// The determinants' signs, -1, 0 or 1, and the logarithms of their magnitudes, [...] each.
  public static func slogdet(_ a: Tensor) throws -> (sign: Tensor, logAbs: Tensor) {
    let matrices = try MatrixBatch(square: a, "slogdet")
    let n = matrices.rows
    let diagonals = (0..<matrices.count).map { i -> (sign: Double, log: Double) in
      let lu = LAPACK.LU(matrices[i], n)
      return lu.diagonal.reduce((lu.parity, 0)) { ($0.0 * ($1 > 0 ? 1 : $1 < 0 ? -1 : 0), $0.1 + libm.log(Swift.abs($1))) }
    }
    let sign = try matrices.numbers(empty: 1) { diagonals[$0].sign }
    let logAbs = try matrices.numbers(empty: 0) { diagonals[$0].log }
    return (sign, logAbs.recorded([a]) { g in
      guard a.count > 0 else { return [Tensor.zeros(a.shape)] }
      guard !diagonals.contains(where: { $0.sign == 0 }) else { throw UsageError("slogdet has no gradient at a matrix whose determinant is 0") }
      return [try g.reshape(matrices.batch + [1, 1]) * inv(a.detach()).transposed()]
    })
  }

  /// Lower triangular L with L Lᵀ = a, for symmetric positive definite [..., n, n].
  public static func cholesky(_ a: Tensor) throws -> Tensor {
    let matrices = try MatrixBatch(square: a, "cholesky")
    let n = matrices.rows
    let lower = try matrices.results(n, n) { i in
      let (lower, failed) = LAPACK.cholesky(try matrices.symmetric(i), n)
      if let failed { throw UsageError("cholesky wants a positive definite matrix, the leading minor of order \(failed) is not\(matrices.place(i))") }
      return lower
    }
    return lower.recorded([a]) { g in
      // Murray 2016, "Differentiation of the Cholesky decomposition", equation 10: L⁻ᵀ Φ(Lᵀ g) L⁻¹, made symmetric.
      guard a.count > 0 else { return [Tensor.zeros(a.shape)] }
      let inner = try lower.transposed().matmul(lowerTriangle(g, diagonal: 1))
      let left = try solve(lower.transposed(), lowerTriangle(inner, diagonal: 0.5))
      let both = try solve(lower.transposed(), left.transposed())
      return [try 0.5 * (both + both.transposed())]
    }
  }

  /// Square matrices without what is above their diagonal, the diagonal times a factor.
  private static func lowerTriangle(_ a: Tensor, diagonal: Float) -> Tensor {
    let n = a.shape[a.rank - 1]
    return Tensor.filled(a.shape) { target in
      a.withPointer { source in
        for i in 0..<a.count {
          let (row, column) = (i / n % n, i % n)
          target[i] = column < row ? source[i] : column == row ? diagonal * source[i] : 0
        }
      }
    }
  }

  /// u diag(scale) vh, column by column: u [m, k], vh [k, n].
  static func product(_ u: [Double], _ scale: [Double], _ vh: [Double], _ m: Int, _ k: Int, _ n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: m * n)
    for column in 0..<n {
      for inner in 0..<k {
        let factor = scale[inner] * vh[column * k + inner]
        for row in 0..<m { result[column * m + row] += factor * u[inner * m + row] }
      }
    }
    return result
  }
}
