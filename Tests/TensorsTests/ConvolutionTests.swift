import Testing

@testable import Tensors

/// The definition, in double precision.
private func direct(_ x: Tensor, _ w: Tensor, _ window: ConvolutionWindow) -> [Double] {
  let (n, length) = (x.shape[0], x.shape[2])
  let (filters, members, kernel) = (w.shape[0], w.shape[1], w.shape[2])
  let places = (length + 2 * window.padding - window.dilation * (kernel - 1) - 1) / window.stride + 1
  let (a, b) = (x.values.map(Double.init), w.values.map(Double.init))
  var result: [Double] = []
  for sample in 0..<n {
    for filter in 0..<filters {
      for place in 0..<places {
        var total = 0.0
        for member in 0..<members {
          let channel = filter / (filters / window.groups) * members + member
          for tap in 0..<kernel {
            let entry = place * window.stride + tap * window.dilation - window.padding
            if (0..<length).contains(entry) { total += a[(sample * x.shape[1] + channel) * length + entry] * b[(filter * members + member) * kernel + tap] }
          }
        }
        result.append(total)
      }
    }
  }
  return result
}

private struct Setting: Sendable {
  var n: Int, channels: Int, length: Int, filters: Int, kernel: Int
  var window = ConvolutionWindow()

  init(_ n: Int, _ channels: Int, _ length: Int, _ filters: Int, _ kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    (self.n, self.channels, self.length, self.filters, self.kernel) = (n, channels, length, filters, kernel)
    (window.stride, window.padding, window.dilation, window.groups) = (stride, padding, dilation, groups)
  }
  func tensors() throws -> (x: Tensor, w: Tensor) {
    var stream = RandomStream(seed: n + kernel)
    return (try Tensor.randn([n, channels, length], using: &stream), try Tensor.randn([filters, channels / window.groups, kernel], using: &stream))
  }
}

private let settings = [
  Setting(1, 1, 1, 1, 1), Setting(2, 3, 9, 4, 3), Setting(5, 4, 16, 6, 5, padding: 2), Setting(3, 4, 7, 2, 3, stride: 2, padding: 1, groups: 2),
  Setting(2, 2, 3, 2, 3, stride: 5, padding: 7, dilation: 3), Setting(1, 5, 50, 7, 4, stride: 3, padding: 1), Setting(130, 70, 4, 40, 5, padding: 2),
  Setting(600, 3, 2, 18, 5, padding: 2), Setting(128, 6, 4, 20, 3, stride: 2, padding: 1), Setting(2, 530, 3, 17, 2), Setting(300, 2, 3, 3, 3, padding: 1), Setting(40, 8, 16, 8, 5, stride: 3, padding: 2, dilation: 2, groups: 4),
]

@Suite struct ConvolutionTests {
  @Test(arguments: settings.indices) func agreesWithTheDefinition(_ index: Int) throws {
    let (x, w) = try settings[index].tensors()
    let wanted = direct(x, w, settings[index].window)
    let got = try x.conv1d(w, nil, settings[index].window).values
    #expect(got.count == wanted.count)
    for (a, b) in zip(got, wanted) { #expect(abs(Double(a) - b) < 1e-4) }
  }

  /// ⟨conv(x), g⟩ = ⟨x, convᵀ(g)⟩ and both are linear in the weight, which pins all gradients to the value.
  @Test(arguments: settings.indices) func gradientsAreAdjoint(_ index: Int) throws {
    let (x, w) = try settings[index].tensors()
    try x.trackGradient()
    try w.trackGradient()
    let y = try x.conv1d(w, nil, settings[index].window)
    var stream = RandomStream(seed: 99)
    let g = try Tensor.randn(y.shape, using: &stream)
    let value = try (y * g).sum()
    try value.backward()
    func inner(_ a: Tensor, _ b: Tensor?) throws -> Double { zip(a.values, try #require(b).values).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let exact = try inner(y, g)
    let tolerance = 1e-5 * (1 + y.values.reduce(0) { $0 + Double(abs($1)) })
    #expect(try abs(inner(x, x.grad) - exact) < tolerance)
    #expect(try abs(inner(w, w.grad) - exact) < tolerance)
  }

  /// A view goes in as what it shows, and the number of threads changes nothing.
  @Test func viewsAndThreads() throws {
    var stream = RandomStream(seed: 8)
    let base = try Tensor.randn([70, 16, 12], using: &stream)
    let w = try Tensor.randn([20, 12, 3], using: &stream).trackGradient()
    let view = try base.transposed(1, 2)
    func both() throws -> ([Float], [Float]) {
      w.zeroGrad()
      let y = try view.conv1d(w, nil)
      try y.squared().sum().backward()
      return (y.values, try #require(w.grad).values)
    }
    let before = Threads.count
    defer { do { try Threads.use(before) } catch { Issue.record(error) } }
    try Threads.use(1)
    let one = try both()
    #expect(one.0 == (try view.contiguous().conv1d(w, nil).values))
    try Threads.use(2)
    let two = try both()
    #expect(one.0 == two.0 && one.1 == two.1)
  }

  @Test func emptyBatchesStayEmpty() throws {
    let w = try Tensor.ones([2, 3, 3]).trackGradient()
    let y = try Tensor.zeros([0, 3, 5]).conv1d(w, nil)
    #expect(y.shape == [0, 2, 3])
    try y.sum().backward()
    #expect(w.grad?.values.allSatisfy { $0 == 0 } == true)
    #expect(try Tensor.zeros([0, 2, 5]).convTranspose1d(w, nil).shape == [0, 3, 7])
    #expect(try Tensor.zeros([0, 4, 5]).groupNorm(2, Tensor.ones([4]), Tensor.zeros([4])).shape == [0, 4, 5])
  }
}
