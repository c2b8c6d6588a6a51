import Testing
@testable import Tensors

/// Serialised: one of them changes the number of threads.
@Suite(.serialized) struct PanelProductTests {
  private func matrix(_ rows: Int, _ columns: Int, seed: Int) throws -> Tensor {
    var stream = RandomStream(seed: seed, purpose: "matrix")
    return try Tensor.randn([rows, columns], using: &stream)
  }

  private func product(_ a: Tensor, _ b: Tensor, onto start: Tensor? = nil) throws -> Tensor {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    func layout(_ t: Tensor) -> MatrixLayout {
      MatrixLayout(pointer: UnsafePointer(t.storage.pointer + t.offset), rowStride: t.strides[0], columnStride: t.strides[1])
    }
    let out = try start.map { try Tensor($0.values, shape: $0.shape) } ?? Tensor.full(.nan, [m, n])
    try withExtendedLifetime((a, b)) {
      try MatrixProduct(m: m, n: n, k: k, a: layout(a), b: layout(b), out: out.storage.pointer, adds: start != nil).inPanels()
    }
    return out
  }

  private func expectEqual(_ got: Tensor, _ a: Tensor, _ b: Tensor, onto start: Tensor? = nil) {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    let (x, y, z, s) = (a.values, b.values, got.values, start?.values)
    for i in 0..<m {
      for j in 0..<n {
        var sum = Double(s?[i * n + j] ?? 0)
        var size = abs(sum)
        for l in 0..<k {
          sum += Double(x[i * k + l]) * Double(y[l * n + j])
          size += abs(Double(x[i * k + l]) * Double(y[l * n + j]))
        }
        #expect(abs(Double(z[i * n + j]) - sum) <= 1e-6 * size)
      }
    }
  }

  /// Rows and columns that are no multiple of a kernel's, and more inputs and columns than are taken at a time.
  @Test(arguments: [(1, 1, 1), (6, 16, 3), (5, 17, 40), (61, 33, 130), (67, 31, 513), (3, 1030, 9), (13, 1039, 1030)])
  func agreesWithDoublePrecision(m: Int, n: Int, k: Int) throws {
    let (a, b) = (try matrix(m, k, seed: 1), try matrix(k, n, seed: 2))
    expectEqual(try product(a, b), a, b)
    let transposed = try matrix(k, m, seed: 3).transposed()
    expectEqual(try product(transposed, b), transposed, b)
    let start = try matrix(m, n, seed: 4)
    expectEqual(try product(a, b, onto: start), a, b, onto: start)
  }

  @Test func partsOfLargerMatrices() throws {
    let (whole, other) = (try matrix(80, 90, seed: 5), try matrix(70, 60, seed: 6))
    let a = try whole.narrow(0, 7, 66).narrow(1, 11, 50)
    let b = try other.narrow(0, 3, 50).narrow(1, 2, 37)
    expectEqual(try product(a, b), a, b)
  }

  @Test func threadsDoNotChangeAResult() throws {
    let before = Threads.count
    defer { try? Threads.use(before) }
    let (a, b) = (try matrix(300, 520, seed: 7), try matrix(520, 130, seed: 8))
    try Threads.use(1)
    let single = try product(a, b).values
    for threads in [2, 3, 7] {
      try Threads.use(threads)
      #expect(try product(a, b).values == single)
    }
  }
}
