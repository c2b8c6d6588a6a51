// Parts and products of matrices and vectors that need no multiplication routine.

extension Tensor {
  /// The elements [i, j] with j <= i + k of the last two dimensions, 0 elsewhere.
  public func tril(_ k: Int = 0) throws -> Tensor { try triangle("tril", k) { $0 <= $1 } }
  /// The elements [i, j] with j >= i + k of the last two dimensions, 0 elsewhere.
  public func triu(_ k: Int = 0) throws -> Tensor { try triangle("triu", k) { $0 >= $1 } }

  private func triangle(_ name: String, _ k: Int, _ isKept: @escaping (Int, Int) -> Bool) throws -> Tensor {
    guard rank >= 2 else { throw UsageError("\(name) wants a matrix, got shape \(shape)") }
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    guard -rows...columns ~= k else { throw UsageError("\(name): diagonal \(k) is outside shape \(shape)") }
    let result = clone()
    let target = result.storage.pointer
    for row in 0..<(columns == 0 ? 0 : result.count / columns) {
      for column in 0..<columns where !isKept(column, row % rows + k) { target[row * columns + column] = 0 }
    }
    return result.recorded([self]) { g in [try g.triangle(name, k, isKept)] }
  }

  /// A vector as the `k`th diagonal of a square matrix of zeros; of a matrix its `k`th diagonal.
  public func diag(_ k: Int = 0) throws -> Tensor {
    guard rank == 1 else { return try diagonal(k) }
    guard -1 << 30...1 << 30 ~= k else { throw UsageError("diagonal \(k) is too far out") }
    let side = shape[0] + Swift.abs(k)
    try Tensor.check([side, side])
    let result = Tensor.zeros([side, side])
    try result.diagonalView(k).write(self) { $1 }
    return result.recorded([self]) { g in [try g.diagonal(k)] }
  }

  /// a bᵀ of two vectors.
  public func outer(_ b: Tensor) throws -> Tensor {
    guard rank == 1, b.rank == 1 else { throw UsageError("outer wants two vectors, got shapes \(shape) and \(b.shape)") }
    return try unsqueeze(1) * b.unsqueeze(0)
  }

  /// Σ a b of two vectors of one size, rank 0.
  public func dotProduct(_ b: Tensor) throws -> Tensor {
    guard rank == 1, b.shape == shape else { throw UsageError("dot wants two vectors of one size, got shapes \(shape) and \(b.shape)") }
    return try (self * b).sum()
  }
}
