import Testing

/// Lua in, what it returns out; the numbers are computed by hand.
private let results: [(String, String)] = [
  ("return dsrl.linalg.solve(dsrl.tensor{{2, 0}, {0, 4}}, dsrl.tensor{2, 2}):to_table(), dsrl.linalg.inv(dsrl.tensor{{2, 0}, {0, 4}}):to_table()",
   "{1.0, 0.5}, {{0.5, 0.0}, {0.0, 0.25}}"),
  ("return dsrl.linalg.det(dsrl.tensor{{0, 2}, {3, 0}}):item(), dsrl.linalg.slogdet(dsrl.tensor{{0, -1}, {1, 0}}):item()", "-6.0, 1.0"),
  ("return dsrl.linalg.cholesky(dsrl.tensor{{4, 2}, {2, 5}}):to_table()", "{{2.0, 0.0}, {1.0, 2.0}}"),
  ("local q, r = dsrl.linalg.qr(dsrl.zeros(4, 2)) return q.shape, r.shape", "{4, 2}, {2, 2}"),
  ("local u, s, vh = dsrl.linalg.svd(dsrl.tensor{{3, 0, 0}, {0, -4, 0}}) return u.shape, s:to_table(), vh.shape", "{2, 2}, {4.0, 3.0}, {2, 3}"),
  ("return dsrl.linalg.svdvals(dsrl.zeros(5, 3, 2)).shape, dsrl.linalg.eigvalsh(dsrl.tensor{{0, 2}, {2, 0}}):to_table()", "{5, 2}, {-2.0, 2.0}"),
  ("local values, vectors = dsrl.linalg.eigh(dsrl.eye(3)) return values:to_table(), vectors.shape", "{1.0, 1.0, 1.0}, {3, 3}"),
  ("local a = dsrl.tensor{{1, -2}, {3, 4}} local n = dsrl.linalg.norm return n(a, 1):item(), n(a, math.huge):item(), n(dsrl.tensor{3, 4}):item(), n(dsrl.eye(4), 'nuc'):item(), n(dsrl.eye(4) * 3, 2):item()",
   "6.0, 7.0, 5.0, 4.0, 3.0"),
  ("return dsrl.linalg.matrix_rank(dsrl.ones(3, 3)):item(), dsrl.linalg.matrix_rank(dsrl.eye(3), 2):item(), dsrl.linalg.cond(dsrl.tensor{{2, 0}, {0, 1}}):item(), dsrl.linalg.cond(dsrl.zeros(2, 2)):item()", "1.0, 0.0, 2.0, math.huge"),
  ("local a = dsrl.linalg.pinv(dsrl.ones(2, 2)) return math.abs(a[{1, 1}] - 0.25) < 1e-6, dsrl.linalg.lstsq(dsrl.tensor{{2}, {0}}, dsrl.tensor{4, 1}):to_table()", "true, {2.0}"),
  ("local a = dsrl.tensor{{2, 0}, {0, 4}}:requires_grad(); dsrl.linalg.slogdet(a); select(2, dsrl.linalg.slogdet(a)):backward() return a.grad:to_table()", "{{0.5, 0.0}, {0.0, 0.25}}"),
  ("local a = dsrl.tensor{{3, 0}, {0, -4}}:requires_grad(); select(2, dsrl.linalg.svd(a)):sum():backward() return a.grad:to_table()", "{{1.0, 0.0}, {0.0, -1.0}}"),
]

/// A mistake, and what the error must say.
let linearAlgebraMistakes: [(String, String)] = [
  ("dsrl.linalg.solve(dsrl.zeros(2, 2), dsrl.zeros(2))", "solve wants an invertible matrix, pivot 1 of 2 is zero"),
  ("dsrl.linalg.inv(dsrl.zeros(2, 3))", "inv wants square matrices, [..., n, n], got shape [2, 3]"),
  ("dsrl.linalg.svd(dsrl.tensor{{0/0}})", "svd wants finite numbers, got NaN or infinity"),
  ("dsrl.linalg.svd(dsrl.eye(2):requires_grad()):sum():backward()", "singular vectors have no gradient where singular values are equal, as 1 and 2 are here"),
  ("dsrl.linalg.cholesky(-1 * dsrl.eye(3))", "cholesky wants a positive definite matrix, the leading minor of order 1 is not"),
  ("dsrl.linalg.norm(dsrl.eye(2), 'frob')", "'fro', 'nuc', 1, 2 or math.huge expected, got string 'frob'"),
  ("dsrl.linalg.matrix_rank(dsrl.eye(2), -1)", "matrix_rank wants a tolerance of zero or more, got -1.0"),
  ("dsrl.linalg.svd(dsrl.zeros(1):expand(20000, 20000))", "svd: a matrix of 20000x20000 is too large, it may have 2^27 elements"),
  ("dsrl.linalg.cond(dsrl.zeros(0, 3))", "cond wants matrices with elements, got shape [0, 3]"),
  ("dsrl.linalg.det{1}", "bad argument #1 to 'det' (Tensor expected, got table)"),
]

@Suite struct LinearAlgebraLibraryTests {
  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }
}
