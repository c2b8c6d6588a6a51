import CLAPACK
import Glibc

/// LAPACK in double precision on matrices that lie column by column. Sizes are positive and numbers finite: it may hang or stop the process otherwise.
enum LAPACK {
  /// The factors of a square matrix: L below the diagonal, U on and above it, and the rows exchanged.
  struct LU {
    let n: Int
    let factors: [Double]
    private let pivots: [Int32]
    /// The first pivot that is exactly zero, from 1; nil for an invertible matrix.
    let zeroPivot: Int?

    init(_ a: [Double], _ n: Int) {
      LAPACK.prepare()
      var (factors, pivots) = (a, [Int32](repeating: 0, count: n))
      let info = lapack_lu(Int32(n), &factors, &pivots)
      (self.n, self.factors, self.pivots, zeroPivot) = (n, factors, pivots, info > 0 ? Int(info) : nil)
    }

    /// A⁻¹ b for b [n, columns].
    func solve(_ b: [Double], _ columns: Int) -> [Double] {
      var x = b
      _ = lapack_lu_solve(Int32(n), Int32(columns), factors, pivots, &x)
      return x
    }
    var diagonal: [Double] { (0..<n).map { factors[$0 * n + $0] } }
    /// 1 or -1: whether rows were exchanged an even number of times.
    var parity: Double { pivots.enumerated().reduce(1) { $0 * (Int($1.element) == $1.offset + 1 ? 1 : -1) } }
    var determinant: Double { diagonal.reduce(parity, *) }
  }

  /// L with L Lᵀ = a, zeros above its diagonal; or the order of the leading minor that is not positive.
  static func cholesky(_ a: [Double], _ n: Int) -> (lower: [Double], failedMinor: Int?) {
    prepare()
    var lower = a
    let info = lapack_cholesky(Int32(n), &lower)
    for column in 1..<Swift.max(n, 1) { for row in 0..<column { lower[column * n + row] = 0 } }
    return (lower, info > 0 ? Int(info) : nil)
  }

  /// Q [m, k] and R [k, n], k the smaller of m and n.
  static func qr(_ a: [Double], _ m: Int, _ n: Int) -> (q: [Double], r: [Double]) {
    prepare()
    let k = Swift.min(m, n)
    var (a, tau) = (a, [Double](repeating: 0, count: k))
    withWorkspace { work, length in _ = lapack_qr(Int32(m), Int32(n), &a, &tau, work, length) }
    var r = [Double](repeating: 0, count: k * n)
    for column in 0..<n { for row in 0...Swift.min(column, k - 1) { r[column * k + row] = a[column * m + row] } }
    withWorkspace { work, length in _ = lapack_q(Int32(m), Int32(k), &a, tau, work, length) }
    return (Array(a.prefix(m * k)), r)
  }

  /// u [m, k], values descending, vh [k, n], with u diag(values) vh = a; empty u and vh unless `vectors`. Throws where the iteration does not converge.
  static func svd(_ a: [Double], _ m: Int, _ n: Int, vectors: Bool) throws -> (u: [Double], values: [Double], vh: [Double]) {
    prepare()
    let k = Swift.min(m, n)
    var (a, values) = (a, [Double](repeating: 0, count: k))
    var u = [Double](repeating: 0, count: vectors ? m * k : 1), vh = [Double](repeating: 0, count: vectors ? k * n : 1)
    var integers = [Int32](repeating: 0, count: 8 * k)
    var info: Int32 = 0
    withWorkspace { work, length in info = lapack_svd(vectors ? 1 : 0, Int32(m), Int32(n), &a, &values, &u, &vh, work, length, &integers) }
    guard info == 0 else { throw UsageError("the singular value decomposition of a \(m)x\(n) matrix did not converge") }
    return (u, values, vh)
  }

  /// Eigenvalues ascending and, if wanted, vectors as columns of a symmetric matrix. Throws where the iteration does not converge.
  static func eigh(_ a: [Double], _ n: Int, vectors: Bool) throws -> (values: [Double], vectors: [Double]) {
    prepare()
    var (a, values) = (a, [Double](repeating: 0, count: n))
    var integers: [Int32] = [0]
    var (best, info): (Double, Int32) = (0, 0)
    _ = lapack_eigh(vectors ? 1 : 0, Int32(n), &a, &values, &best, -1, &integers, -1)
    var work = [Double](repeating: 0, count: Int(best))
    integers = [Int32](repeating: 0, count: Int(integers[0]))
    info = lapack_eigh(vectors ? 1 : 0, Int32(n), &a, &values, &work, Int32(work.count), &integers, Int32(integers.count))
    guard info == 0 else { throw UsageError("the eigenvalues of a \(n)x\(n) matrix did not converge") }
    return (values, vectors ? a : [])
  }

  /// Calls twice: first to learn how much memory is wanted.
  private static func withWorkspace(_ body: (UnsafeMutablePointer<Double>, Int32) -> Void) {
    var best = 0.0
    body(&best, -1)
    let length = Swift.max(1, Int(best))
    var work = [Double](repeating: 0, count: length)
    work.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { body(base, Int32(length)) } }
  }

  /// Whichever BLAS is below is kept to the calling thread.
  private static func prepare() {
    Threads.keepOneDNNToThisThread()
    _ = withoutOwnThreads
  }
  private static let withoutOwnThreads: Void = {
    for name in ["openblas_set_num_threads", "MKL_Set_Num_Threads"] {
      guard let symbol = dlsym(nil, name) else { continue }
      unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Void).self)(1)
    }
    // BLIS counts in its own integers, 64 bits wide here.
    if let symbol = dlsym(nil, "bli_thread_set_num_threads") { unsafeBitCast(symbol, to: (@convention(c) (Int) -> Void).self)(1) }
  }()
}
