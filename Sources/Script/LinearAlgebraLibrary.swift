import LuaBridge
import Tensors

/// A matrix norm by the name that NumPy and PyTorch give it.
private struct NormName: FromLua {
  let norm: LinearAlgebra.Norm

  static var luaExpectation: String { "'fro', 'nuc', 1, 2 or math.huge" }
  static func read(_ L: LuaState, at index: CInt) throws -> NormName {
    let value = try LuaValue.read(L, at: index)
    let norm: LinearAlgebra.Norm? =
      switch value {
      case .string(let name): ["fro": .frobenius, "nuc": .nuclear][name]
      case .int(1), .number(1): .columns
      case .int(2), .number(2): .spectral
      case .number(.infinity): .rows
      default: nil
      }
    guard let norm else { throw LuaError("\(luaExpectation) expected, got \(value.brief)") }
    return NormName(norm: norm)
  }
}

extension Interpreter {
  /// dsrl.linalg.
  func installLinearAlgebra() {
    module("dsrl.linalg", doc: "Equations, factors and spectra of matrices: the last two dimensions, the others are batches. Computed by LAPACK in double precision. What is to be symmetric may differ from its transpose by 1e-4 of its largest element; the mean of both counts.") { m in
      m.function("solve", "(a: Tensor, b: Tensor) -> Tensor",
        "x with a x = b for a [..., n, n] and b [..., n, k] or a vector [n]. A pivot that is exactly zero is an error; cond tells how sure x is.", LinearAlgebra.solve)
      m.function("lstsq", "(a: Tensor, b: Tensor) -> Tensor",
        "The x that makes |a x - b| smallest, the smallest of them, for a [..., m, n] and b [..., m, k] or [m]. a's gradient wants full rank.", LinearAlgebra.lstsq)
      m.function("inv", "(a: Tensor) -> Tensor", "The inverse of [..., n, n].", LinearAlgebra.inv)
      m.function("pinv", "(a: Tensor) -> Tensor",
        "The Moore-Penrose inverse, [..., n, m]. Singular values below max(m, n) * 1.2e-7 of the largest count as zero. The gradient wants full rank.", LinearAlgebra.pinv)
      m.function("det", "(a: Tensor) -> Tensor", "The determinant of [..., n, n], [...].", LinearAlgebra.det)
      m.function("slogdet", "(a: Tensor) -> Tensor, Tensor", "The determinant's sign and the logarithm of its magnitude, which does not overflow.") {
        (a: Tensor) throws -> (Tensor, Tensor) in
        let (sign, logAbs) = try LinearAlgebra.slogdet(a)
        return (sign, logAbs)
      }
      m.function("cholesky", "(a: Tensor) -> Tensor", "Lower triangular L with L Lᵀ = a, for symmetric positive definite [..., n, n].", LinearAlgebra.cholesky)
      m.function("qr", "(a: Tensor) -> Tensor, Tensor", "Orthonormal columns Q [..., m, k] and upper triangular R [..., k, n] with Q R = a, k = min(m, n). Gradients want the first k columns linearly independent.") {
        (a: Tensor) throws -> (Tensor, Tensor) in
        let (q, r) = try LinearAlgebra.qr(a)
        return (q, r)
      }
      m.function("svd", "(a: Tensor) -> Tensor, Tensor, Tensor",
        "U [..., m, k], S [..., k] descending and Vh [..., k, n] with U diag(S) Vh = a, k = min(m, n). Gradients of U and Vh want singular values that differ, and none of them zero where m and n differ.") {
        (a: Tensor) throws -> (Tensor, Tensor, Tensor) in
        let (u, s, vh) = try LinearAlgebra.svd(a)
        return (u, s, vh)
      }
      m.function("svdvals", "(a: Tensor) -> Tensor", "Singular values of [..., m, n], descending, [..., k].", LinearAlgebra.svdvals)
      m.function("eigh", "(a: Tensor) -> Tensor, Tensor", "Eigenvalues of symmetric [..., n, n], ascending, and orthonormal eigenvectors, as columns.") {
        (a: Tensor) throws -> (Tensor, Tensor) in
        let (values, vectors) = try LinearAlgebra.eigh(a)
        return (values, vectors)
      }
      m.function("eigvalsh", "(a: Tensor) -> Tensor", "Eigenvalues of symmetric [..., n, n], ascending, [..., n].", LinearAlgebra.eigvalsh)
      m.function("matrix_rank", "(a: Tensor, tolerance?: number) -> Tensor",
        "How many singular values exceed the tolerance, by default max(m, n) * 1.2e-7 of the largest.") {
        (a: Tensor, tolerance: Double?) throws -> Tensor in try LinearAlgebra.matrixRank(a, tolerance: tolerance)
      }
      m.function("cond", "(a: Tensor) -> Tensor", "The largest over the smallest singular value; infinite for a singular matrix.", LinearAlgebra.cond)
      m.function("norm", "(a: Tensor, kind?: string | number) -> Tensor",
        "'fro' (default): root of the sum of squares, also of a vector; 'nuc': sum of singular values; 2: the largest of them; 1, math.huge: largest column's, row's sum of magnitudes.") {
        (a: Tensor, kind: NormName?) throws -> Tensor in try LinearAlgebra.norm(a, kind?.norm ?? .frobenius)
      }
    }
  }
}
