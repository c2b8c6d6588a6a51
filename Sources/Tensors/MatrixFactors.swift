// Orthogonal factors and spectra, and what falls out of them.

extension LinearAlgebra {
  /// The thin factors of [..., m, n]: orthonormal columns Q [..., m, k] and upper triangular R [..., k, n], k the smaller of m and n. Gradients want
  /// the first k columns linearly independent.
  public static func qr(_ a: Tensor) throws -> (q: Tensor, r: Tensor) {
    let matrices = try MatrixBatch(a, "qr")
    let (m, n) = (matrices.rows, matrices.columns)
    let k = Swift.min(m, n)
    var upper: [[Double]] = []
    let q = try matrices.results(m, k) { i in
      let (q, r) = LAPACK.qr(matrices[i], m, n)
      upper.append(r)
      return q
    }
    let r = try matrices.results(k, n) { upper[$0] }
    let areIndependent = upper.allSatisfy { r in
      let diagonal = (0..<k).map { Swift.abs(r[$0 * k + $0]) }
      let limit = cutoff([diagonal.max() ?? 0], m, n)
      return diagonal.allSatisfy { $0 > limit }
    }
    let slopes = QRSlopes(a: a.detach(), q: q, r: r, areIndependent: areIndependent)
    return (q.recorded([a]) { [try slopes.byQ($0)] }, r.recorded([a]) { [try slopes.byR($0)] })
  }

  /// The thin decomposition U diag(S) Vh of [..., m, n]: U [..., m, k], S [..., k] descending, Vh [..., k, n]. Gradients of U and Vh want singular
  /// values that differ, and none of them zero where m and n differ.
  public static func svd(_ a: Tensor) throws -> (u: Tensor, s: Tensor, vh: Tensor) { try factors(a, "svd") }

  private static func factors(_ a: Tensor, _ name: StaticString) throws -> (u: Tensor, s: Tensor, vh: Tensor) {
    let matrices = try MatrixBatch(a, name)
    let (m, n) = (matrices.rows, matrices.columns)
    let k = Swift.min(m, n)
    var (values, right): ([[Double]], [[Double]]) = ([], [])
    let u = try matrices.results(m, k) { i in
      let (u, s, vh) = try LAPACK.svd(matrices[i], m, n, vectors: true)
      values.append(s)
      right.append(vh)
      return u
    }
    let (s, vh) = (try matrices.vectors(k) { values[$0] }, try matrices.results(k, n) { right[$0] })
    let slopes = SVDSlopes(u: u, s: s, vh: vh, matrices: matrices, exact: values)
    return (
      u.recorded([a]) { [try slopes.byU($0)] }, s.recorded([a]) { [try slopes.byS($0)] }, vh.recorded([a]) { [try slopes.byVh($0)] }
    )
  }

  /// Singular values of [..., m, n], descending, [..., k].
  public static func svdvals(_ a: Tensor) throws -> Tensor {
    guard a.requiresGrad, Tensor.recording else {
      let matrices = try MatrixBatch(a, "svdvals")
      let (m, n) = (matrices.rows, matrices.columns)
      return try matrices.vectors(Swift.min(m, n)) { try LAPACK.svd(matrices[$0], m, n, vectors: false).values }
    }
    return try factors(a, "svdvals").s
  }

  /// Eigenvalues of symmetric [..., n, n], ascending, [..., n], and orthonormal eigenvectors, the columns of [..., n, n].
  public static func eigh(_ a: Tensor) throws -> (values: Tensor, vectors: Tensor) {
    let (values, vectors, _) = try spectrum(a, "eigh")
    return (values, vectors)
  }

  /// The eigenvalues alone.
  public static func eigvalsh(_ a: Tensor) throws -> Tensor {
    guard a.requiresGrad, Tensor.recording else {
      let matrices = try MatrixBatch(square: a, "eigvalsh")
      return try matrices.vectors(matrices.rows) { try LAPACK.eigh(matrices.symmetric($0), matrices.rows, vectors: false).values }
    }
    return try spectrum(a, "eigvalsh").values
  }

  private static func spectrum(_ a: Tensor, _ name: StaticString) throws -> (values: Tensor, vectors: Tensor, exact: [[Double]]) {
    let matrices = try MatrixBatch(square: a, name)
    let n = matrices.rows
    var exact: [[Double]] = []
    let q = try matrices.results(n, n) { i in
      let (values, vectors) = try LAPACK.eigh(matrices.symmetric(i), n, vectors: true)
      exact.append(values)
      return vectors
    }
    let spectra = exact
    let values = try matrices.vectors(n) { spectra[$0] }.recorded([a]) { g in
      guard a.count > 0 else { return [Tensor.zeros(a.shape)] }
      return [try (q * g.unsqueeze(-2)).matmul(q.transposed())]
    }
    // Magnus 1985: dq_j = Σ_i q_i (q_iᵀ dA q_j) / (λ_j - λ_i).
    let vectors = q.recorded([a]) { g in
      guard a.count > 0 else { return [Tensor.zeros(a.shape)] }
      let gaps = try matrices.results(n, n) { try inverseGaps(spectra[$0], "eigenvectors have no gradient where eigenvalues are equal") { $1 - $0 } }
      let inner = try gaps * q.transposed().matmul(g)
      let slope = try q.matmul(inner).matmul(q.transposed())
      return [try 0.5 * (slope + slope.transposed())]
    }
    return (values, vectors, spectra)
  }
}

// MARK: What falls out

extension LinearAlgebra {
  /// The smallest ‖a x - b‖, and of those x the smallest: a [..., m, n], b [..., m, k] or [m]. Singular values below `cutoff` count as zero; a's gradient
  /// wants full rank.
  public static func lstsq(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    if b.rank == 1 {
      let x = try lstsq(a, b.reshape([b.shape[0], 1]))
      return try x.reshape(Array(x.shape.dropLast()))
    }
    guard a.rank >= 2, b.rank >= 2, a.shape[a.rank - 2] == b.shape[b.rank - 2] else {
      throw UsageError("lstsq wants [..., m, n] and [..., m, k] or [m], got shapes \(a.shape) and \(b.shape)")
    }
    let batch = try Broadcast.shape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    return try leastSquares(a.expand(to: batch + a.shape.suffix(2)), b.expand(to: batch + b.shape.suffix(2)))
  }

  /// a and b have the same leading dimensions.
  private static func leastSquares(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    let (left, right) = (try MatrixBatch(a, "lstsq"), try MatrixBatch(b, "lstsq"))
    let (m, n, k) = (left.rows, left.columns, right.columns)
    guard left.count > 0 else {
      return Tensor.zeros(left.batch + [n, k]).recorded([a, b]) { _ in [Tensor.zeros(a.shape), Tensor.zeros(b.shape)] }
    }
    var (inverses, ranks): ([[Double]], [Int]) = ([], [])
    let keeps = Tensor.recording && (a.requiresGrad || b.requiresGrad)
    let x = try right.results(n, k) { i in
      let (inverse, rank) = try pseudoInverse(left[i], m, n)
      if keeps {
        inverses.append(inverse)
        ranks.append(rank)
      }
      return product(inverse, [Double](repeating: 1, count: m), right[i], n, m, k)
    }
    guard keeps, right.count > 0 else { return x.recorded([a, b]) { _ in [Tensor.zeros(a.shape), Tensor.zeros(b.shape)] } }
    let kept = inverses
    let inverse = try left.results(n, m) { kept[$0] }
    let slope = PseudoInverseSlope(name: "lstsq", a: a.detach(), inverse: inverse, ranks: ranks)
    return x.recorded([a, b]) { g in
      [a.requiresGrad ? try slope(g.matmul(b.transposed())) : nil, b.requiresGrad ? try inverse.transposed().matmul(g) : nil]
    }
  }

  /// The Moore-Penrose inverse, [..., n, m] for [..., m, n]. Singular values below `cutoff` count as zero; the gradient wants full rank.
  public static func pinv(_ a: Tensor) throws -> Tensor {
    let matrices = try MatrixBatch(a, "pinv")
    let (m, n) = (matrices.rows, matrices.columns)
    var ranks: [Int] = []
    let inverse = try matrices.results(n, m) { i in
      let (inverse, rank) = try pseudoInverse(matrices[i], m, n)
      ranks.append(rank)
      return inverse
    }
    let slope = PseudoInverseSlope(name: "pinv", a: a.detach(), inverse: inverse, ranks: ranks)
    return inverse.recorded([a]) { [try slope($0)] }
  }

  private static func pseudoInverse(_ a: [Double], _ m: Int, _ n: Int) throws -> (inverse: [Double], rank: Int) {
    let (u, s, vh) = try LAPACK.svd(a, m, n, vectors: true)
    let limit = cutoff(s, m, n)
    let transpose = product(u, s.map { $0 > limit ? 1 / $0 : 0 }, vh, m, s.count, n)
    return ((0..<m * n).map { transpose[$0 % n * m + $0 / n] }, s.count { $0 > limit })
  }

  /// float32's ε times the larger size times the largest singular value: what rounding the elements may have made of a zero.
  static func cutoff(_ s: [Double], _ m: Int, _ n: Int) -> Double { (s.first ?? 0) * Double(Swift.max(m, n)) * 0x1p-23 }

  /// How many singular values of [..., m, n] exceed `tolerance`, [...]; by default max(m, n) times float32's ε times the largest.
  public static func matrixRank(_ a: Tensor, tolerance: Double? = nil) throws -> Tensor {
    if let tolerance, !(tolerance >= 0) { throw UsageError("matrix_rank wants a tolerance of zero or more, got \(tolerance)") }
    let matrices = try MatrixBatch(a, "matrix_rank")
    let (m, n) = (matrices.rows, matrices.columns)
    return try matrices.numbers(empty: 0) { i in
      let s = try LAPACK.svd(matrices[i], m, n, vectors: false).values
      let limit = tolerance ?? cutoff(s, m, n)
      return Double(s.count { $0 > limit })
    }
  }

  /// The largest over the smallest singular value of [..., m, n], [...]; infinite for a singular matrix.
  public static func cond(_ a: Tensor) throws -> Tensor {
    guard a.rank < 2 || a.shape.suffix(2).allSatisfy({ $0 > 0 }) else { throw UsageError("cond wants matrices with elements, got shape \(a.shape)") }
    guard a.requiresGrad, Tensor.recording else {
      let matrices = try MatrixBatch(a, "cond")
      let (m, n) = (matrices.rows, matrices.columns)
      return try matrices.numbers(empty: .infinity) { i in
        let s = try LAPACK.svd(matrices[i], m, n, vectors: false).values
        return s[s.count - 1] > 0 ? s[0] / s[s.count - 1] : .infinity
      }
    }
    let s = try svdvals(a)
    let k = s.shape[s.rank - 1]
    return try s.select(-1, 0) / s.select(-1, k - 1)
  }

  public enum Norm: String, CaseIterable, Sendable {
    /// √Σ of squares.
    case frobenius = "fro"
    /// Σ of the singular values.
    case nuclear = "nuc"
    /// The largest singular value.
    case spectral = "2"
    /// The largest column's and row's sum of magnitudes.
    case columns = "1"
    case rows = "inf"
  }

  /// A norm of each matrix in [..., m, n], [...]; of a vector only the Frobenius norm, its length.
  public static func norm(_ a: Tensor, _ kind: Norm = .frobenius) throws -> Tensor {
    guard a.rank >= 2 || (a.rank == 1 && kind == .frobenius) else { throw UsageError("norm wants matrices, [..., m, n], got shape \(a.shape)") }
    guard a.rank == 1 || a.shape.suffix(2).allSatisfy({ $0 > 0 }) else { return Tensor.zeros(Array(a.shape.dropLast(2))) }
    return switch kind {
    case .frobenius: a.rank == 1 ? try a.norm() : try a.reshape(Array(a.shape.dropLast(2)) + [-1]).norm(-1)
    case .nuclear: try svdvals(a).sum(-1)
    case .spectral: try svdvals(a).max(-1)
    case .columns: try a.abs().sum(-2).max(-1)
    case .rows: try a.abs().sum(-1).max(-1)
    }
  }
}
