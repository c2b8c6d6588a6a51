import Testing
@testable import Tensors

struct TensorTests {
  @Test func viewsShareMemoryAndReadInTheirOwnOrder() throws {
    let t = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(try t.transposed().values == [1, 4, 2, 5, 3, 6])
    #expect(try t.select(1, -1).values == [3, 6])
    #expect(try t.narrow(1, 1, 2).values == [2, 3, 5, 6])
    #expect(try t.permute([1, 0]).reshape([6]).values == [1, 4, 2, 5, 3, 6])
    let row = try t.select(0, 1)
    row.withMutablePointer { $0[0] = 40 }
    #expect(t.values == [1, 2, 3, 40, 5, 6])
  }

  @Test func emptyTensorsPassThrough() throws {
    let t = Tensor.zeros([0, 3])
    #expect(try t.sum(0).values == [0, 0, 0])
    #expect(try t.matmul(Tensor.ones([3, 2])).shape == [0, 2])
    #expect(try Tensor.zeros([2, 0]).matmul(Tensor.ones([0, 2])).values == [0, 0, 0, 0])
    #expect((t * 2).shape == [0, 3])
    #expect(try t.linear(Tensor.ones([2, 3]), Tensor([1, 1])).shape == [0, 2])
  }

  @Test func sixDimensionsBroadcast() throws {
    let a = try Tensor((0..<12).map(Float.init), shape: [1, 2, 1, 3, 1, 2])
    let b = try Tensor((0..<6).map { 100 * Float($0) }, shape: [3, 1, 2, 1])
    let sum = try a + b
    #expect(sum.shape == [1, 2, 3, 3, 2, 2])
    // element [0, 1, 2, 0, 1, 1]: a[0, 1, 0, 0, 0, 1] = 7, b[2, 0, 1, 0] = 500
    #expect(try sum.select(0, 0).select(0, 1).select(0, 2).select(0, 0).select(0, 1).select(0, 1).item() == 507)
  }

  /// Sums in double precision of products of the same numbers.
  @Test(arguments: [(1, 1, 1), (1, 7, 5), (33, 17, 65), (128, 256, 64)]) func productsAgreeWithPlainSums(_ m: Int, _ k: Int, _ n: Int) throws {
    var stream = RandomStream(seed: m * k * n)
    let (a, b) = (try Tensor.randn([m, k], using: &stream), try Tensor.randn([k, n], using: &stream))
    let (x, y, product) = (a.values, b.values, try a.matmul(b).values)
    for i in 0..<m {
      for j in 0..<n {
        let exact = (0..<k).reduce(0.0) { $0 + Double(x[i * k + $1]) * Double(y[$1 * n + j]) }
        #expect(abs(Double(product[i * n + j]) - exact) < 1e-5 * Double(k))
      }
    }
  }

  @Test(arguments: [
    ("cannot broadcast shape [2, 3] with [4, 3]", { @Sendable in _ = try Tensor.ones([2, 3]) + Tensor.ones([4, 3]) }),
    ("cannot multiply shape [2, 3] by [4, 3]", { _ = try Tensor.ones([2, 3]).matmul(Tensor.ones([4, 3])) }),
    ("cannot reshape [2, 3] to [4, -1]", { _ = try Tensor.ones([2, 3]).reshape([4, -1]) }),
    ("dimension 2 is outside a tensor of 2 dimensions, shape [2, 3]", { _ = try Tensor.ones([2, 3]).sum(2) }),
    ("index 5 is outside dimension 0 of shape [2, 3]", { _ = try Tensor.ones([2, 3]).select(0, 5) }),
    ("shape [2, 2] holds 4 numbers, got 3", { _ = try Tensor([1, 2, 3], shape: [2, 2]) }),
    ("3 entries from 9223372036854775807 on are outside dimension 0 of shape [2, 3]", { _ = try Tensor.ones([2, 3]).narrow(0, .max, 3) }),
    ("a tensor of shape [0, 4611686018427387904, 4] is too large", { _ = try Tensor([], shape: [0, 1 << 62, 4]) }),
    ("a tensor of shape [2, 4611686018427387904] is too large", { _ = try Tensor.ones([2, 1]).expand(to: [2, 1 << 62]) }),
    ("item() wants a tensor with one element, got shape [2]", { _ = try Tensor.ones([2]).item() }),
    ("cannot cat shape [3, 1] to [2, 1] along dimension 1", { _ = try Tensor.cat([.ones([2, 1]), .ones([3, 1])], dim: 1) }),
    ("linear wants an input of 3 columns for a weight of shape [2, 3], got shape [5, 4]", { _ = try Tensor.ones([5, 4]).linear(.ones([2, 3]), nil) }),
    ("backward() wants one element, got shape [2]; reduce it with mean() or sum()", { try (Tensor.ones([2]).trackGradient() * 2).backward() }),
  ] as [(String, @Sendable () throws -> Void)])
  func mistakesAreNamed(_ message: String, _ mistake: @Sendable () throws -> Void) {
    #expect(throws: UsageError(message)) { try mistake() }
  }
}

struct MemoryTests {
  /// Each would be larger than any machine's memory.
  @Test(arguments: [
    { @Sendable in _ = try Tensor.zeros([1]).expand(to: [1 << 20, 1 << 20]) },
    { let column = Tensor.zeros([1 << 20, 1]); _ = try column + column.transposed() },
    { let column = Tensor.zeros([1 << 20, 1]); _ = try column.matmul(column.transposed()) },
    { var stream = RandomStream(seed: 1); _ = try Tensor.randn([1 << 20, 1 << 20], using: &stream) },
  ] as [@Sendable () throws -> Void])
  func whatDoesNotFitIsRefused(_ ask: @Sendable () throws -> Void) {
    let error = #expect(throws: UsageError.self) { try ask() }
    #expect(error?.description.contains("is too large: it wants 4194304 MiB") == true)
  }
}

struct RandomStreamTests {
  /// Known answers of Philox 4x32-10 with counter, key all zero and all ones (Random123's published vectors).
  @Test func matchesThePublishedVectors() {
    var zeros = RandomStream(key: 0, counter: 0, purpose: 0)
    #expect(zeros.block() == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    var ones = RandomStream(key: .max, counter: .max, purpose: .max)
    #expect(ones.block() == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
  }

  @Test func normalNumbersHaveTheRightMoments() throws {
    var stream = RandomStream(seed: 3, purpose: "moments")
    let x = try Tensor.randn([200_000], using: &stream).values.map(Double.init)
    let n = Double(x.count)
    let mean = x.reduce(0, +) / n
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let kurtosis = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) * ($1 - mean) } / n / (variance * variance)
    #expect(abs(mean) < 0.01)
    #expect(abs(variance - 1) < 0.015)
    #expect(abs(kurtosis - 3) < 0.06)
  }

  @Test func purposesAndIndicesAreIndependent() throws {
    var streams = [RandomStream(seed: 1, purpose: "env", index: 0), RandomStream(seed: 1, purpose: "env", index: 1), RandomStream(seed: 1, purpose: "actor"), RandomStream(seed: 2, purpose: "env")]
    let draws = streams.indices.map { i in (0..<50).map { _ in streams[i].next() } }
    #expect(Set(draws.flatMap { $0 }).count == 200)
    var again = RandomStream(seed: 1, purpose: "env", index: 1)
    #expect((0..<50).map { _ in again.next() } == draws[1])
  }
}

struct ThreadsTests {
  @Test func everyRowIsVisitedOnceAndErrorsComeBack() throws {
    try Threads.use(3)
    defer { try! Threads.use(1) }
    let seen = Tensor.zeros([1000])
    try Threads.parallel(rows: 1000, minimum: 10) { rows in seen.withMutablePointer { for row in rows { $0[row] += 1 } } }
    #expect(seen.values.allSatisfy { $0 == 1 })
    #expect(throws: UsageError("row 500")) {
      try Threads.parallel(rows: 1000) { rows in if rows.contains(500) { throw UsageError("row 500") } }
    }
  }
}
