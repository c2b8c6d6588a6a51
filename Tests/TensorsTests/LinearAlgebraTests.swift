import FoundationEssentials
import Testing

@testable import Tensors

/// What NumPy computed in float64; scripts/fixtures/linalg.py writes it.
private struct Fixture: Decodable {
  struct Numbers: Decodable {
    var shape: [Int]
    var values: [Double]
    func tensor() throws -> Tensor { try Tensor(values.map { Float($0) }, shape: shape) }
  }
  var square: [[String: Numbers]]
  var general: [[String: Numbers]]

  static func read() throws -> Fixture {
    let path = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/Fixtures/linalg/linalg.json"
    return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: URL(filePath: path)))
  }
}

/// Whether `got` has the wanted shape and numbers, within `tolerance` relative to the largest wanted number.
private func expect(
  _ got: Tensor, _ wanted: Fixture.Numbers?, _ name: String, _ tolerance: Double = 2e-6, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let wanted else { return #expect(Bool(false), "no fixture for \(name)", sourceLocation: sourceLocation) }
  #expect(got.shape == wanted.shape, "\(name)", sourceLocation: sourceLocation)
  let scale = max(1, wanted.values.map { abs($0) }.max() ?? 1)
  let worst = zip(got.values, wanted.values).map { abs(Double($0) - $1) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
  #expect(worst <= tolerance * scale, "\(name): off by \(worst)", sourceLocation: sourceLocation)
}

/// The largest element of |a - b|.
private func distance(_ a: Tensor, _ b: Tensor) throws -> Float { a.count == 0 ? 0 : try (a - b).abs().max().item() }

struct LinearAlgebraTests {
  @Test func agreesWithNumPyOnSquareMatrices() throws {
    for fixture in try Fixture.read().square {
      guard let a = try fixture["a"]?.tensor(), let b = try fixture["b"]?.tensor() else { throw UsageError("no a or b") }
      expect(try LinearAlgebra.solve(a, b), fixture["solve"], "solve")
      expect(try LinearAlgebra.inv(a), fixture["inv"], "inv")
      expect(try LinearAlgebra.det(a), fixture["det"], "det")
      let (sign, log) = try LinearAlgebra.slogdet(a)
      expect(sign, fixture["sign"], "sign")
      expect(log, fixture["log"], "log")
      guard let symmetric = try fixture["symmetric"]?.tensor(), let positive = try fixture["positive"]?.tensor() else { throw UsageError("no symmetric") }
      expect(try LinearAlgebra.eigvalsh(symmetric), fixture["eigvalsh"], "eigvalsh")
      expect(try LinearAlgebra.eigh(symmetric).values, fixture["eigvalsh"], "eigh")
      expect(try LinearAlgebra.cholesky(positive), fixture["cholesky"], "cholesky")
    }
  }

  @Test func agreesWithNumPyOnAnyMatrices() throws {
    for fixture in try Fixture.read().general {
      guard let a = try fixture["a"]?.tensor(), let b = try fixture["b"]?.tensor(), let deficient = try fixture["deficient"]?.tensor() else { throw UsageError("no a") }
      expect(try LinearAlgebra.svdvals(a), fixture["svdvals"], "svdvals")
      expect(try LinearAlgebra.pinv(a), fixture["pinv"], "pinv")
      expect(try LinearAlgebra.lstsq(a, b), fixture["lstsq"], "lstsq")
      expect(try LinearAlgebra.cond(a), fixture["cond"], "cond")
      expect(try LinearAlgebra.matrixRank(deficient), fixture["rank"], "matrix_rank")
      for (kind, name) in [(LinearAlgebra.Norm.frobenius, "fro"), (.nuclear, "nuc"), (.spectral, "two"), (.columns, "one"), (.rows, "inf")] {
        expect(try LinearAlgebra.norm(a, kind), fixture[name], name)
      }
    }
  }

  /// A x = b, Qᵀ Q = 1, Q R = A, U S Vh = A, A Q = Q Λ, L Lᵀ = A, on views that are not contiguous and batches that broadcast.
  @Test(arguments: [(7, 3), (3, 7), (40, 40), (1, 1)]) func definingEquations(m: Int, n: Int) throws {
    var stream = RandomStream(seed: 3, purpose: "equations")
    let a = try Tensor.randn([2, n, m], using: &stream).transposed()
    let (q, r) = try LinearAlgebra.qr(a)
    let k = min(m, n)
    let one = try LinearAlgebra.inv(LinearAlgebra.inv(identity(k)))
    #expect(try distance(q.transposed().matmul(q), one.expand(to: [2, k, k])) < 1e-5)
    #expect(try distance(q.matmul(r), a) < 1e-4)
    for i in 0..<k { for j in 0..<i { #expect(try r.select(0, 1).select(0, i).select(0, j).item() == 0) } }
    let (u, s, vh) = try LinearAlgebra.svd(a)
    #expect(try distance((u * s.reshape([2, 1, k])).matmul(vh), a) < 1e-4)
    #expect(try distance(u.transposed().matmul(u), one.expand(to: [2, k, k])) < 1e-5)
    #expect(try distance(vh.matmul(vh.transposed()), one.expand(to: [2, k, k])) < 1e-5)

    let square = try a.matmul(a.transposed()) + identity(m)
    let (values, vectors) = try LinearAlgebra.eigh(square)
    #expect(try distance(square.matmul(vectors), vectors * values.reshape([2, 1, m])) < 1e-3)
    let lower = try LinearAlgebra.cholesky(square)
    #expect(try distance(lower.matmul(lower.transposed()), square) < 1e-3)
    let b = try Tensor.randn([3, 1, m, 2], using: &stream)
    let x = try LinearAlgebra.solve(square, b)
    #expect(x.shape == [3, 2, m, 2])
    #expect(try distance(square.matmul(x), b.expand(to: [3, 2, m, 2])) < 1e-3)
    let vector = try Tensor.randn([m], using: &stream)
    let solution = try LinearAlgebra.solve(square, vector)
    #expect(solution.shape == [2, m])
    #expect(try distance(square.matmul(solution.reshape([2, m, 1])).reshape([2, m]), vector.expand(to: [2, m])) < 1e-3)
  }

  private func identity(_ n: Int) throws -> Tensor { try Tensor((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n]) }

  @Test func emptyMatricesHaveAnswers() throws {
    let none = Tensor.zeros([0, 0]), few = Tensor.zeros([0, 3, 3]), flat = Tensor.zeros([2, 0, 3])
    #expect(try LinearAlgebra.det(none).values == [1] && LinearAlgebra.det(Tensor.zeros([2, 0, 0])).values == [1, 1])
    #expect(try LinearAlgebra.slogdet(none).sign.values == [1] && LinearAlgebra.slogdet(none).logAbs.values == [0])
    #expect(try LinearAlgebra.inv(few).shape == [0, 3, 3] && LinearAlgebra.inv(none).shape == [0, 0])
    #expect(try LinearAlgebra.solve(none, Tensor.zeros([0, 2])).shape == [0, 2] && LinearAlgebra.solve(identity(3), Tensor.zeros([3, 0])).shape == [3, 0])
    #expect(try LinearAlgebra.solve(none, Tensor.zeros([0])).shape == [0])
    #expect(try LinearAlgebra.qr(flat).q.shape == [2, 0, 0] && LinearAlgebra.qr(flat).r.shape == [2, 0, 3])
    #expect(try LinearAlgebra.svd(flat).vh.shape == [2, 0, 3] && LinearAlgebra.svdvals(flat).shape == [2, 0])
    #expect(try LinearAlgebra.eigh(few).values.shape == [0, 3] && LinearAlgebra.cholesky(few).shape == [0, 3, 3])
    #expect(try LinearAlgebra.pinv(flat).shape == [2, 3, 0] && LinearAlgebra.lstsq(flat, Tensor.zeros([2, 0, 4])).shape == [2, 3, 4])
    #expect(try LinearAlgebra.matrixRank(flat).values == [0, 0] && LinearAlgebra.norm(flat).values == [0, 0] && LinearAlgebra.norm(flat, .nuclear).values == [0, 0])
    let leaf = try Tensor.zeros([2, 0, 0]).trackGradient()
    try (LinearAlgebra.det(leaf).sum() + LinearAlgebra.inv(leaf).sum() + LinearAlgebra.cholesky(leaf).sum() + LinearAlgebra.eigh(leaf).values.sum()).backward()
    #expect(leaf.grad?.shape == [2, 0, 0])
    let thin = try Tensor.zeros([2, 0, 3]).trackGradient()
    let right = try Tensor.ones([2, 0, 4]).trackGradient()
    try (LinearAlgebra.pinv(thin).sum() + LinearAlgebra.lstsq(thin, right).sum() + LinearAlgebra.qr(thin).r.sum() + LinearAlgebra.svd(thin).vh.sum()).backward()
    #expect(thin.grad?.shape == [2, 0, 3] && right.grad?.shape == [2, 0, 4])
  }

  @Test func mistakesAreSentences() throws {
    func message(_ body: () throws -> Void) -> String { do { try body(); return "nothing" } catch { return "\(error)" } }
    let one = try identity(2)
    let singular = try Tensor([1, 2, 2, 4], shape: [2, 2])
    let tracked = try identity(2).trackGradient()
    #expect(message { _ = try LinearAlgebra.solve(Tensor.zeros([2, 3]), one) }.contains("solve wants [..., n, n] and [..., n, k] or [n], got shapes [2, 3] and [2, 2]"))
    #expect(message { _ = try LinearAlgebra.solve(one, Tensor.zeros([3])) }.contains("got shapes [2, 2] and [3, 1]"))
    #expect(message { _ = try LinearAlgebra.solve(one, .scalar(1)) }.contains("got shapes [2, 2] and []"))
    #expect(message { _ = try LinearAlgebra.inv(singular) } == "inv wants an invertible matrix, pivot 2 of 2 is zero")
    #expect(message { _ = try LinearAlgebra.inv(Tensor.stack([one, singular])) }.hasSuffix("pivot 2 of 2 is zero (matrix 2 of the batch)"))
    #expect(message { _ = try LinearAlgebra.det(Tensor.zeros([3])) } == "det wants square matrices, [..., n, n], got shape [3]")
    #expect(message { _ = try LinearAlgebra.cholesky(Tensor([4, 2, 2, -1], shape: [2, 2])) }.contains("the leading minor of order 2 is not"))
    #expect(message { _ = try LinearAlgebra.cholesky(Tensor([1, 2, 0, 1], shape: [2, 2])) }.contains("row 2, column 1 holds 0.0 and its mirror image 2.0"))
    for bad in [Float.nan, .infinity, -.infinity] {
      let matrix = try Tensor([1, 0, bad, 1], shape: [2, 2])
      for (name, body) in [("svd", { _ = try LinearAlgebra.svd(matrix) }), ("eigh", { _ = try LinearAlgebra.eigh(matrix) }), ("det", { _ = try LinearAlgebra.det(matrix) })] as [(String, () throws -> Void)] {
        #expect(message(body) == "\(name) wants finite numbers, got NaN or infinity")
      }
    }
    let deficient = try Tensor([1, 2, 2, 4, 3, 6], shape: [3, 2]).trackGradient()
    for (wanted, body) in [
      ("as 1 and 2 are here", { try LinearAlgebra.svd(tracked).u.sum().backward() }), ("as 1 and 2 are here", { try LinearAlgebra.svd(tracked).vh.sum().backward() }),
      ("a gradient only where no singular value is zero", { try LinearAlgebra.svd(deficient).u.sum().backward() }),
      ("only where the first 2 columns are linearly independent", { try LinearAlgebra.qr(deficient).q.sum().backward() }),
      ("pinv has a gradient only where a matrix has full rank; here one of 3x2 has rank 1", { try LinearAlgebra.pinv(deficient).sum().backward() }),
      ("lstsq has a gradient only where a matrix has full rank", { try LinearAlgebra.lstsq(deficient, Tensor.ones([3])).sum().backward() }),
    ] as [(String, () throws -> Void)] {
      #expect(message(body).contains(wanted), "got \(message(body))")
    }
    try LinearAlgebra.svd(tracked).s.sum().backward()
    let zero = try Tensor.zeros([2, 3]).trackGradient()
    try LinearAlgebra.norm(zero).backward()
    #expect(zero.grad?.values == [0, 0, 0, 0, 0, 0])
    #expect(message { _ = try LinearAlgebra.svd(Tensor.zeros([1]).expand(to: [20000, 20000])) }.contains("too large"))
    #expect(message { try LinearAlgebra.eigh(tracked).vectors.sum().backward() }.contains("as 1 and 2 are here"))
    let lost = try Tensor([1, 2, 2, 4], shape: [2, 2]).trackGradient()
    #expect(message { try LinearAlgebra.slogdet(lost).logAbs.backward() }.contains("whose determinant is 0"))
  }

  /// d det/dA of a singular matrix is its matrix of cofactors.
  @Test func detOfASingularMatrixHasAGradient() throws {
    let a = try Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], shape: [3, 3]).trackGradient()
    try LinearAlgebra.det(a).backward()
    let wanted: [Float] = [-3, 6, -3, 6, -12, 6, -3, 6, -3]
    for (got, wanted) in zip(try #require(a.grad).values, wanted) { #expect(abs(got - wanted) < 1e-4) }
  }
}
