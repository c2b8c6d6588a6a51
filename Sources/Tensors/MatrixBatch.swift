/// The matrices in a tensor's last two dimensions, as LAPACK wants them: checked, in double precision, column by column.
struct MatrixBatch {
  let batch: [Int]
  let rows: Int
  let columns: Int
  /// How many matrices there are; 0 where a size of theirs is 0, since none then needs computing.
  let count: Int
  private let name: StaticString
  private let values: Tensor

  /// `name` is the operation, for errors. Throws for less than two dimensions, NaN, infinities, and what LAPACK cannot count.
  init(_ a: Tensor, _ name: StaticString) throws {
    guard a.rank >= 2 else { throw UsageError("\(name) wants matrices, [..., m, n], got shape \(a.shape)") }
    (rows, columns, batch) = (a.shape[a.rank - 2], a.shape[a.rank - 1], Array(a.shape.dropLast(2)))
    try Tensor.check(a.shape)
    guard rows * columns < 1 << 27 else { throw UsageError("\(name): a matrix of \(rows)x\(columns) is too large, it may have 2^27 elements") }
    try Tensor.check([24, rows, columns])  // its copies and workspaces
    count = a.count == 0 ? 0 : batch.reduce(1, *)
    self.name = name
    values = a.detach().contiguous()
    let total = a.count
    let isFinite = values.withPointer { x in
      var worst: Float = 0
      for i in 0..<total { worst += x[i] - x[i] }  // NaN once one is not finite
      return worst == 0
    }
    guard isFinite else { throw UsageError("\(name) wants finite numbers, got NaN or infinity") }
  }

  /// The same for square matrices.
  init(square a: Tensor, _ name: StaticString) throws {
    guard a.rank >= 2, a.shape[a.rank - 1] == a.shape[a.rank - 2] else { throw UsageError("\(name) wants square matrices, [..., n, n], got shape \(a.shape)") }
    try self.init(a, name)
  }

  /// Matrix i of the batch.
  subscript(i: Int) -> [Double] {
    let (rows, columns) = (rows, columns)
    return values.withPointer { source in
      let from = source + i * rows * columns
      return [Double](unsafeUninitializedCapacity: rows * columns) { to, length in
        for column in 0..<columns { for row in 0..<rows { to.initializeElement(at: column * rows + row, to: Double(from[row * columns + column])) } }
        length = rows * columns
      }
    }
  }

  /// Matrix i, the mean of itself and its transpose; throws where they differ by more than 1e-4 of the largest element.
  func symmetric(_ i: Int) throws -> [Double] {
    var a = self[i]
    let limit = 1e-4 * a.reduce(0) { Swift.max($0, Swift.abs($1)) }
    for row in 0..<rows {
      for column in 0..<row {
        let (low, high) = (a[column * rows + row], a[row * rows + column])
        guard Swift.abs(low - high) <= limit else {
          throw UsageError("\(name) wants a symmetric matrix; row \(row + 1), column \(column + 1) holds \(Float(low)) and its mirror image \(Float(high))\(place(i))")
        }
        (a[column * rows + row], a[row * rows + column]) = ((low + high) / 2, (low + high) / 2)
      }
    }
    return a
  }

  /// " (matrix 2 of the batch)".
  func place(_ i: Int) -> String { batch.isEmpty ? "" : " (matrix \(i + 1) of the batch)" }

  /// A tensor [batch..., m, n] whose matrices `body` computes, column by column; zeros where there is nothing to compute.
  func results(_ m: Int, _ n: Int, _ body: (Int) throws -> [Double]) throws -> Tensor {
    try Tensor.check(batch + [m, n])
    guard count > 0 else { return Tensor.zeros(batch + [m, n]) }
    let span = Profile.Span(name); defer { span.end() }
    return try Tensor.filled(batch + [m, n]) { target in
      for i in 0..<count {
        try Interrupt.check()
        let matrix = try body(i)
        let to = target + i * m * n
        for row in 0..<m { for column in 0..<n { to[row * n + column] = Float(matrix[column * m + row]) } }
      }
    }
  }

  /// A tensor [batch..., k] of vectors.
  func vectors(_ k: Int, _ body: (Int) throws -> [Double]) throws -> Tensor { try results(k, 1, body).reshape(batch + [k]) }

  /// A tensor [batch...] of numbers; `empty` for matrices without elements.
  func numbers(empty: Float, _ body: (Int) throws -> Double) throws -> Tensor {
    guard rows * columns > 0 else { return Tensor.full(empty, batch) }
    return try results(1, 1) { [try body($0)] }.reshape(batch)
  }
}
