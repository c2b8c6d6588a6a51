import Testing

@testable import Tensors

/// What the operators one by one give: each a result and the gradients of its inputs for one and the same dL/dresult.
private struct Both {
  var result: [Float]
  var gradients: [[Float]]

  init(_ inputs: [Tensor], _ body: () throws -> Tensor) throws {
    for input in inputs { input.zeroGrad() }
    let y = try body()
    var stream = RandomStream(seed: 77)
    try (y * Tensor.randn(y.shape, using: &stream)).sum().backward()
    result = y.values
    gradients = try inputs.map { try #require($0.grad).values }
  }

  func agrees(_ other: Both, within tolerance: Float) -> Bool {
    func near(_ a: [Float], _ b: [Float]) -> Bool { a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * (1 + abs($1)) } }
    return near(result, other.result) && zip(gradients, other.gradients).allSatisfy(near)
  }
}

@Suite struct FusedLayerTests {
  @Test(arguments: [0, 1, 2]) func groupNormMishIsItsParts(_ filmParts: Int) throws {
    var stream = RandomStream(seed: 5 + filmParts)
    func random(_ shape: [Int]) throws -> Tensor { try Tensor.randn(shape, using: &stream).trackGradient() }
    let (n, channels, length, groups) = (67, 12, 5, 3)
    let (x, gain, bias) = (try random([n, channels, length]), try random([channels]), try random([channels]))
    let film = filmParts == 0 ? nil : try random([n, filmParts * channels])
    let inputs = [x, gain, bias] + (film.map { [$0] } ?? [])
    let apart = try Both(inputs) {
      let y = try x.groupNorm(groups, gain, bias).mish()
      guard let film else { return y }
      let parts = try film.reshape([n, filmParts * channels, 1])
      return filmParts == 1 ? try y + parts : try parts.narrow(1, 0, channels) * y + parts.narrow(1, channels, channels)
    }
    let before = Threads.count
    defer { do { try Threads.use(before) } catch { Issue.record(error) } }
    try Threads.use(1)
    let one = try Both(inputs) { try x.groupNormMish(groups, gain, bias, film: film) }
    #expect(one.agrees(apart, within: 2e-5))
    try Threads.use(2)
    let two = try Both(inputs) { try x.groupNormMish(groups, gain, bias, film: film) }
    #expect(one.result == two.result && one.gradients == two.gradients)
  }

  @Test func attentionIsItsParts() throws {
    var stream = RandomStream(seed: 3)
    func random(_ shape: [Int]) throws -> Tensor { try Tensor.randn(shape, using: &stream).trackGradient() }
    let (n, heads, width) = (5, 2, 19)
    let size = heads * width
    func parts(_ x: Tensor, _ count: Int) throws -> [Tensor] {
      let apart = try x.reshape([n, x.shape[1], count, heads, width]).permute([2, 0, 3, 1, 4])
      return try (0..<count).map { try apart.select(0, $0) }
    }
    func attend(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?, _ kept: Tensor?) throws -> Tensor {
      var scores = try q.matmul(k.transposed()) / Float(width).squareRoot()
      if let mask { scores = try scores.maskedFill(mask, -.infinity) }
      var weights = try scores.softmax(-1)
      if let kept { weights = try weights * kept }
      return try weights.matmul(v).permute([0, 2, 1, 3]).reshape([n, q.shape[2], size])
    }
    for (length, places, masked) in [(1, 1, false), (4, 3, true), (7, 20, false)] {
      let (queries, memory, rows) = (try random([n, length, size]), try random([n, places, 2 * size]), try random([n, length, 3 * size]))
      func mask(_ places: Int) throws -> Tensor? { masked ? try Tensor.ones([length, places]).triu(1) : nil }
      let (kept, keptRows) = (
        try Tensor.dropoutMask([n, heads, length, places], 0.3, using: &stream), try Tensor.dropoutMask([n, heads, length, length], 0.3, using: &stream)
      )
      for dropped in [false, true] {
        let cross = try Both([queries, memory]) { try queries.attention(at: memory, heads: heads, mask: mask(places), kept: dropped ? kept : nil) }
        let crossApart = try Both([queries, memory]) {
          let rest = try parts(memory, 2)
          return try attend(parts(queries, 1)[0], rest[0], rest[1], mask(places), dropped ? kept : nil)
        }
        #expect(cross.agrees(crossApart, within: 1e-5), "\(length) queries at \(places)")
        let own = try Both([rows]) { try rows.attention(heads: heads, mask: mask(length), kept: dropped ? keptRows : nil) }
        let ownApart = try Both([rows]) {
          let all = try parts(rows, 3)
          return try attend(all[0], all[1], all[2], mask(length), dropped ? keptRows : nil)
        }
        #expect(own.agrees(ownApart, within: 1e-5), "\(length) among themselves")
      }
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let x = Tensor.zeros([2, 4, 3])
    let (four, film) = (Tensor.ones([4]), Tensor.zeros([2, 3]))
    #expect(throws: UsageError.self) { try x.groupNormMish(3, four, four) }
    #expect(throws: UsageError.self) { try x.groupNormMish(2, Tensor.ones([3]), four) }
    #expect(throws: UsageError.self) { try x.groupNormMish(2, four, four, film: film) }
    #expect(throws: UsageError.self) { try x.attention(heads: 2) }
    #expect(throws: UsageError.self) { try Tensor.zeros([2, 4, 6]).attention(heads: 1, mask: Tensor.zeros([4, 3])) }
    #expect(throws: UsageError.self) { try x.attention(at: Tensor.zeros([2, 4, 5]), heads: 1) }
    #expect(throws: UsageError.self) { try x.attention(at: Tensor.zeros([2, 4, 6]), heads: 1, kept: Tensor.zeros([2, 1, 4, 3])) }
  }

  /// The numbers are those of the blocks one after the other, whatever way the loop goes.
  @Test func dropoutDrawsBlockAfterBlock() throws {
    var (stream, same) = (RandomStream(seed: 9), RandomStream(seed: 9))
    let mask = try Tensor.dropoutMask([4099], 0.25, using: &stream).values
    var wanted: [Float] = []
    while wanted.count < 4099 {
      let (a, b, c, d) = same.block()
      for number in [a, b, c, d] { wanted.append(Double(number >> 8) / 0x1p24 < 0.25 ? 0 : 1 / 0.75) }
    }
    #expect(mask == Array(wanted.prefix(4099)))
    #expect(stream == same)
  }
}
