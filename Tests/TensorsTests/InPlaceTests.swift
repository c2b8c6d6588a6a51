import Testing
@testable import Tensors

private let needed = UsageError("a gradient still needs these elements: write after its backward(), or into a clone()")
private let inside = UsageError("a tensor that requires gradients is written inside no_grad only")

struct InPlaceTests {
  @Test func whatAGradientNeedsIsNotWritten() throws {
    let (x, w) = (Tensor([1, 2]), try Tensor([3, 4]).trackGradient())
    let loss = try (x * w).sum()
    for tensor in [x, try x.narrow(0, 0, 1), try x.reshape([2, 1])] { #expect(throws: needed) { try tensor.fill_(0) } }
    _ = Tensor.withoutGrad { #expect(throws: needed) { try w.add_(.scalar(1)) } }
    try loss.backward()
    try x.fill_(0)
    #expect(w.grad?.values == [1, 2])
    #expect(throws: inside) { try w.fill_(0) }
    _ = try Tensor.withoutGrad { try w.sub_(w.grad ?? .scalar(0), alpha: 0.5) }
    #expect(w.values == [2.5, 3])
    #expect(try loss.item() == 11)
  }

  @Test func theResultOfARecordedStepIsNotWritten() throws {
    let w = try Tensor([3, 4]).trackGradient()
    let y = w.exp()
    #expect(throws: needed) { try y.detach().fill_(0) }
    #expect(throws: needed) { try y.fill_(0) }
    try y.sum().backward()
    try y.detach().fill_(0)
  }

  @Test func writingDoesNotLoseTheGradientOfWhatIsWritten() throws {
    let (x, w) = (Tensor([1, 2]), try Tensor([3, 4]).trackGradient())
    let lost = UsageError("writing would lose the gradient of what is written: detach() it, or write inside no_grad")
    #expect(throws: lost) { try x.copy_(w) }
    #expect(throws: lost) { try x.indexWrite(0, [1], w.sum()) }
    try x.copy_(w.detach())
    #expect(x.values == [3, 4])
  }

  @Test func aWalkUsesTheGraphUp() throws {
    let w = try Tensor([1, 2, 3]).trackGradient()
    let used = UsageError("this graph was already used; pass retain_graph = true to the first backward")
    let shared = w.squared()
    let (first, second) = (shared.sum(), shared.mean())
    try first.backward(retainGraph: true)
    try first.backward()
    #expect(w.grad?.values == [4, 8, 12])
    #expect(throws: used) { try first.backward() }
    #expect(throws: used) { try second.backward() }
    #expect(w.grad?.values == [4, 8, 12], "a refused walk collects nothing")
  }

  /// A chain a hundred times longer than the stack would hold, walked and forgotten.
  @Test(arguments: [true, false]) func longChainsAreLetGo(_ walked: Bool) throws {
    let w = try Tensor([1]).trackGradient()
    var chain = w
    for _ in 0..<100_000 { chain = chain + 1 }
    if walked { try chain.backward() }
    chain = w
    #expect(!w.isNeededByGradient)
  }

  @Test func leavesHaveGradientsOfTheirOwn() throws {
    let (a, b) = (try Tensor([1, 2]).trackGradient(), try Tensor([3, 4]).trackGradient())
    let seed = Tensor([5, 6])
    try (a + b).backward(seed)
    try a.grad?.fill_(0)
    #expect(b.grad?.values == [5, 6])
    #expect(seed.values == [5, 6])
    try a.setGrad(a)
    #expect(a.grad !== a)
  }

  @Test func overlappingPartsAreCopiedFirst() throws {
    let t = Tensor([1, 2, 3, 4, 5])
    try t.narrow(0, 1, 4).copy_(t.narrow(0, 0, 4))
    #expect(t.values == [1, 1, 2, 3, 4])
    try t.narrow(0, 0, 4).add_(t.narrow(0, 1, 4))
    #expect(t.values == [2, 3, 5, 7, 4])
    let square = try Tensor([1, 2, 3, 4], shape: [2, 2])
    try square.add_(square.transposed())
    #expect(square.values == [2, 5, 5, 8])
    try square.mul_(square)
    #expect(square.values == [4, 25, 25, 64])
    try square.sub_(square.select(0, 0))
    #expect(square.values == [0, 0, 21, 39])
    try square.indexWrite(0, [0, 1], square.flip([0]))
    #expect(square.values == [21, 39, 0, 0])
    try square.indexWrite(0, [1, 0], square)
    #expect(square.values == [0, 0, 21, 39])
  }

  @Test(arguments: [
    ("an expanded tensor of shape [3, 2] shares its elements among places: write into a clone()", { @Sendable in _ = try Tensor.zeros([2]).expand(to: [3, 2]).fill_(1) }),
    ("cannot write shape [3] into shape [2]", { _ = try Tensor.zeros([2]).copy_(.zeros([3])) }),
    ("cannot write shape [2, 1] into shape [2]", { _ = try Tensor.zeros([2]).add_(.zeros([2, 1])) }),
    ("cannot write shape [3] into shape [1, 2]", { _ = try Tensor.zeros([4, 2]).indexWrite(0, [1], .zeros([3])) }),
    ("index 4 is outside dimension 0 of shape [4, 2]", { _ = try Tensor.zeros([4, 2]).indexWrite(0, [4], .zeros([2])) }),
    ("3 entries from 1 on in steps of 2 are outside dimension 0 of shape [5]", { _ = try Tensor.zeros([5]).narrow(0, 1, 3, step: 2) }),
    ("dimension 3 is outside 0...2", { _ = try Tensor.zeros([4, 2]).unsqueeze(3) }),
    ("outer wants two vectors, got shapes [2, 2] and [2]", { _ = try Tensor.zeros([2, 2]).outer(.zeros([2])) }),
    ("tril wants a matrix, got shape [2]", { _ = try Tensor.zeros([2]).tril() }),
    ("a mask of shape [3, 2] does not fit shape [2]", { _ = try Tensor.zeros([2]).maskedSelect(.zeros([3, 2])) }),
    ("gather along dimension 0 of shape [2] wants an index of as many dimensions and no larger elsewhere, got shape [1, 1]",
     { _ = try Tensor.zeros([2]).gather(0, [0], shape: [1, 1]) }),
    ("topk wants 0 to 2 elements of dimension 0 of shape [2], got 3", { _ = try Tensor.zeros([2]).topK(3) }),
    ("an empty dimension has no largest or smallest element, shape [0]", { _ = try Tensor.zeros([0]).argmax(0) }),
  ] as [(String, @Sendable () throws -> Void)])
  func mistakesAreNamed(_ message: String, _ mistake: @Sendable () throws -> Void) {
    #expect(throws: UsageError(message)) { try mistake() }
  }
}
