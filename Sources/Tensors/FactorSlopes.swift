// What gradients by the factors of matrices [..., m, n] make of the matrices'. One factor's gradient at a time: the rules are linear.

/// Of the thin factors Q R of a. Square and tall: Liao et al. 2019, "Differentiable programming tensor networks", section on QR; wide: Roberts and
/// Roberts 2020, "QR and LQ decomposition matrix backpropagation algorithms for square, wide, and deep matrices".
struct QRSlopes {
  let a, q, r: Tensor
  /// Whether the first min(m, n) columns of every matrix are linearly independent.
  let areIndependent: Bool

  func byQ(_ g: Tensor) throws -> Tensor { try slope(g, Tensor.zeros(r.shape)) }
  func byR(_ g: Tensor) throws -> Tensor { try slope(Tensor.zeros(q.shape), g) }

  private func slope(_ gQ: Tensor, _ gR: Tensor) throws -> Tensor {
    guard a.count > 0 else { return Tensor.zeros(a.shape) }
    let (m, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    guard areIndependent else {
      throw UsageError("qr has a gradient only where the first \(Swift.min(m, n)) columns are linearly independent, which they are not here")
    }
    guard m < n else { return try tall(gQ, r, gR) }
    // a = [x y] and R = [u v]: x = Q u, and v = Qᵀ y.
    let rest = n - m
    let (y, gV) = (try a.narrow(-1, m, rest), try gR.narrow(-1, m, rest))
    let x = try tall(gQ + y.matmul(gV.transposed()), r.narrow(-1, 0, m), gR.narrow(-1, 0, m))
    return try Tensor.cat([x, q.matmul(gV)], dim: -1)
  }

  /// (gQ + Q sym(R gRᵀ - gQᵀ Q)) R⁻ᵀ; sym mirrors the lower triangle.
  private func tall(_ gQ: Tensor, _ r: Tensor, _ gR: Tensor) throws -> Tensor {
    let inner = try r.matmul(gR.transposed()) - gQ.transposed().matmul(q)
    let mirrored = try inner.tril() + inner.tril(-1).transposed()
    let sum = try gQ + q.matmul(mirrored)
    return try LinearAlgebra.solve(r, sum.transposed()).transposed()
  }
}

/// Of the thin factors U diag(S) Vh: Townsend 2016, "Differentiating the singular value decomposition".
struct SVDSlopes {
  let u, s, vh: Tensor
  let matrices: MatrixBatch
  /// The singular values in double precision.
  let exact: [[Double]]

  private var isEmpty: Bool { u.count == 0 || vh.count == 0 }
  private var nothing: Tensor { Tensor.zeros(matrices.batch + [matrices.rows, matrices.columns]) }
  private var row: Tensor { get throws { try s.unsqueeze(-2) } }
  private var column: Tensor { get throws { try s.unsqueeze(-1) } }

  func byS(_ g: Tensor) throws -> Tensor {
    isEmpty ? nothing : try (u * g.unsqueeze(-2)).matmul(vh)
  }

  /// U (F ∘ (Uᵀ g - gᵀ U)) S Vh + (1 - U Uᵀ) g S⁻¹ Vh
  func byU(_ g: Tensor) throws -> Tensor {
    guard !isEmpty else { return nothing }
    let along = try u.transposed().matmul(g)
    let turn = try gaps() * (along - along.transposed()) * row
    let inside = try u.matmul(turn)
    guard matrices.rows > matrices.columns else { return try inside.matmul(vh) }
    try checkRank()
    let outside = try (g - u.matmul(along)) / row
    return try (inside + outside).matmul(vh)
  }

  /// U (S (F ∘ (Vᵀ g - gᵀ V)) Vh + S⁻¹ gᵀ (1 - V Vᵀ)), g being the gradient by V
  func byVh(_ g: Tensor) throws -> Tensor {
    guard !isEmpty else { return nothing }
    let along = try g.matmul(vh.transposed())
    let turn = try column * gaps() * (along.transposed() - along)
    let inside = try turn.matmul(vh)
    guard matrices.columns > matrices.rows else { return try u.matmul(inside) }
    try checkRank()
    let outside = try (g - along.matmul(vh)) / column
    return try u.matmul(inside + outside)
  }

  /// F: 1 / (s_j² - s_i²) at row i, column j; 0 on the diagonal.
  private func gaps() throws -> Tensor {
    let k = Swift.min(matrices.rows, matrices.columns)
    return try matrices.results(k, k) { i in
      try inverseGaps(exact[i], "singular vectors have no gradient where singular values are equal") { ($1 - $0) * ($1 + $0) }
    }
  }

  private func checkRank() throws {
    let smallest = exact.allSatisfy { s in (s.last ?? 0) > LinearAlgebra.cutoff(s, matrices.rows, matrices.columns) }
    guard smallest else { throw UsageError("singular vectors of a matrix that is not square have a gradient only where no singular value is zero, as one is here") }
  }
}

/// Of the Moore-Penrose inverse P of a: Golub and Pereyra 1973, equation 4.12, its transpose applied to g.
struct PseudoInverseSlope {
  let name: StaticString
  let a, inverse: Tensor
  /// The ranks of the batch's matrices.
  let ranks: [Int]

  /// -Pᵀ g Pᵀ + (1 - a P) gᵀ P Pᵀ + Pᵀ P gᵀ (1 - P a)
  func callAsFunction(_ g: Tensor) throws -> Tensor {
    guard a.count > 0 else { return Tensor.zeros(a.shape) }
    let (m, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    if let rank = ranks.first(where: { $0 < Swift.min(m, n) }) {
      throw UsageError("\(name) has a gradient only where a matrix has full rank; here one of \(m)x\(n) has rank \(rank)")
    }
    let (p, pt, gt) = (inverse, try inverse.transposed(), try g.transposed())
    let turned = try -pt.matmul(g).matmul(pt)
    if m > n { return try turned + (gt - a.matmul(p.matmul(gt))).matmul(p).matmul(pt) }
    if m < n { return try turned + pt.matmul(p).matmul(gt - gt.matmul(p).matmul(a)) }
    return turned
  }
}

/// 1 / gap(value i, value j) at row i, column j of a matrix that lies column by column; 0 on the diagonal. Throws `mistake` where two values are equal.
func inverseGaps(_ values: [Double], _ mistake: String, _ gap: (Double, Double) -> Double) throws -> [Double] {
  let n = values.count
  let limit = Double(n) * 0x1p-52 * values.reduce(0) { Swift.max($0, Swift.abs($1)) }
  return try (0..<n * n).map { place in
    let (i, j) = (place % n, place / n)
    guard i != j else { return 0 }
    guard Swift.abs(values[j] - values[i]) > limit else {
      throw UsageError("\(mistake), as \(Swift.min(i, j) + 1) and \(Swift.max(i, j) + 1) are here")
    }
    return 1 / gap(values[i], values[j])
  }
}
