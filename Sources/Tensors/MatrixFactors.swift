// Orthogonal factors and spectra, and what falls out of them.

extension LinearAlgebra {
  /// The thin factors of [..., m, n]: orthonormal columns Q [..., m, k] and upper triangular R [..., k, n], k the smaller of m and n. No gradient.
  public static func qr(_ a: Tensor) throws -> (q: Tensor, r: Tensor) {
    try refuseGradient(a, "qr")
    let matrices = try MatrixBatch(a, "qr")
    let (m, n) = (matrices.rows, matrices.columns)
    let k = Swift.min(m, n)
    var upper: [[Double]] = []
    let q = try matrices.results(m, k) { i in
      let (q, r) = LAPACK.qr(matrices[i], m, n)
      upper.append(r)
      return q
    }
    return (q, try matrices.results(k, n) { upper[$0] })
  }

  /// The thin decomposition U diag(S) Vh of [..., m, n]: U [..., m, k], S [..., k] descending, Vh [..., k, n]. No gradient; svdvals has one.
  public static func svd(_ a: Tensor) throws -> (u: Tensor, s: Tensor, vh: Tensor) {
    try refuseGradient(a, "svd")
    return try factors(a, "svd")
  }

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
    return (u, try matrices.vectors(k) { values[$0] }, try matrices.results(k, n) { right[$0] })
  }

  /// Singular values of [..., m, n], descending, [..., k].
  public static func svdvals(_ a: Tensor) throws -> Tensor {
    guard a.requiresGrad, Tensor.recording else {
      let matrices = try MatrixBatch(a, "svdvals")
      let (m, n) = (matrices.rows, matrices.columns)
      return try matrices.vectors(Swift.min(m, n)) { try LAPACK.svd(matrices[$0], m, n, vectors: false).values }
    }
    let (u, s, vh) = try factors(a, "svdvals")
    return s.recorded([a]) { g in
      guard s.count > 0 else { return [Tensor.zeros(a.shape)] }
      return [try (u * rows(g)).matmul(vh)]
    }
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
      return [try (q * rows(g)).matmul(q.transposed())]
    }
    // Magnus 1985: dq_j = Σ_i q_i (q_iᵀ dA q_j) / (λ_j - λ_i).
    let vectors = q.recorded([a]) { g in
      guard a.count > 0 else { return [Tensor.zeros(a.shape)] }
      let gaps = try matrices.results(n, n) { try inverseGaps(spectra[$0]) }
      let inner = try gaps * q.transposed().matmul(g)
      let slope = try q.matmul(inner).matmul(q.transposed())
      return [try 0.5 * (slope + slope.transposed())]
    }
    return (values, vectors, spectra)
  }

  /// 1 / (λ_j - λ_i) at row i, column j; 0 on the diagonal.
  private static func inverseGaps(_ values: [Double]) throws -> [Double] {
    let n = values.count
    let limit = Double(n) * 0x1p-52 * values.reduce(0) { Swift.max($0, Swift.abs($1)) }
    return try (0..<n * n).map { place in
      let (i, j) = (place % n, place / n)
      guard i != j else { return 0 }
      guard Swift.abs(values[j] - values[i]) > limit else {
        throw UsageError("eigenvectors have no gradient where eigenvalues are equal, as \(Swift.min(i, j) + 1) and \(Swift.max(i, j) + 1) are here")
      }
      return 1 / (values[j] - values[i])
    }
  }

  /// [..., k] as [..., 1, k]: factors of a matrix's columns.
  private static func rows(_ g: Tensor) throws -> Tensor { try g.reshape(Array(g.shape.dropLast()) + [1, g.shape[g.rank - 1]]) }

  private static func refuseGradient(_ a: Tensor, _ name: StaticString) throws {
    guard !a.requiresGrad || !Tensor.recording else {
      throw UsageError("\(name) has no gradient, and its tensor requires one; call it inside dsrl.no_grad(function() ... end), or on tensor:detach()")
    }
  }
}

// MARK: What falls out

extension LinearAlgebra {
  /// The smallest ‖a x - b‖, and of those x the smallest: a [..., m, n], b [..., m, k] or [m]. Singular values below `cutoff` count as zero. No gradient.
  public static func lstsq(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    if b.rank == 1 {
      let x = try lstsq(a, b.reshape([b.shape[0], 1]))
      return try x.reshape(Array(x.shape.dropLast()))
    }
    try refuseGradient(a, "lstsq")
    try refuseGradient(b, "lstsq")
    guard a.rank >= 2, b.rank >= 2, a.shape[a.rank - 2] == b.shape[b.rank - 2] else {
      throw UsageError("lstsq wants [..., m, n] and [..., m, k] or [m], got shapes \(a.shape) and \(b.shape)")
    }
    let batch = try Broadcast.shape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    let left = try MatrixBatch(a.expand(to: batch + a.shape.suffix(2)), "lstsq")
    let right = try MatrixBatch(b.expand(to: batch + b.shape.suffix(2)), "lstsq")
    let (m, n, k) = (left.rows, left.columns, right.columns)
    guard left.count > 0 else { return Tensor.zeros(batch + [n, k]) }
    return try right.results(n, k) { i in
      let inverse = try pseudoInverse(left[i], m, n)
      return product(inverse, [Double](repeating: 1, count: m), right[i], n, m, k)
    }
  }

  /// The Moore-Penrose inverse, [..., n, m] for [..., m, n]. Singular values below `cutoff` count as zero. No gradient.
  public static func pinv(_ a: Tensor) throws -> Tensor {
    try refuseGradient(a, "pinv")
    let matrices = try MatrixBatch(a, "pinv")
    let (m, n) = (matrices.rows, matrices.columns)
    return try matrices.results(n, m) { try pseudoInverse(matrices[$0], m, n) }
  }

  private static func pseudoInverse(_ a: [Double], _ m: Int, _ n: Int) throws -> [Double] {
    let (u, s, vh) = try LAPACK.svd(a, m, n, vectors: true)
    let limit = cutoff(s, m, n)
    let transpose = product(u, s.map { $0 > limit ? 1 / $0 : 0 }, vh, m, s.count, n)
    return (0..<m * n).map { transpose[$0 % n * m + $0 / n] }
  }

  /// float32's ε times the larger size times the largest singular value: what rounding the elements may have made of a zero.
  private static func cutoff(_ s: [Double], _ m: Int, _ n: Int) -> Double { (s.first ?? 0) * Double(Swift.max(m, n)) * 0x1p-23 }

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
    case .frobenius: a.rank == 1 ? a.squared().sum().sqrt() : try a.squared().sum(-1).sum(-1).sqrt()
    case .nuclear: try svdvals(a).sum(-1)
    case .spectral: try svdvals(a).max(-1)
    case .columns: try a.abs().sum(-2).max(-1)
    case .rows: try a.abs().sum(-1).max(-1)
    }
  }
}
