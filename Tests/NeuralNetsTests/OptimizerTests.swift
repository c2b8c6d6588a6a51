import Tensors
import Testing

@testable import NeuralNets

private func make(_ name: String, _ parameters: [NamedTensor]) throws -> any Optimizer {
  var adam = name.hasPrefix("adamw") ? Adam.Config.adamW : Adam.Config()
  adam.learningRate = 0.05
  var sgd = SGD.Config()
  sgd.learningRate = 0.02
  switch name {
  case "adam": break
  case "adam_l2_betas": (adam.beta1, adam.beta2, adam.epsilon, adam.weightDecay) = (0.5, 0.9, 1e-3, 0.1)
  case "adamw": (adam.beta1, adam.weightDecay) = (0.95, 0.1)
  case "adamw_clipped", "adam_clipped": adam.maxGradNorm = 1
  case "sgd": return try SGD(parameters, sgd)
  case "sgd_nesterov":
    (sgd.momentum, sgd.nesterov, sgd.weightDecay) = (0.8, true, 0.05)
    return try SGD(parameters, sgd)
  case "sgd_momentum_clipped":
    (sgd.momentum, sgd.weightDecay, sgd.maxGradNorm) = (0.9, 0.1, 1)
    return try SGD(parameters, sgd)
  default: throw UsageError("no optimiser is called \(name)")
  }
  return try Adam(parameters, adam)
}

/// Σ curvature (p - target)² / 2
private func loss(_ parameters: [NamedTensor], _ fixture: Fixture.Optimiser) throws -> Tensor {
  var total = Tensor.scalar(0)
  for (index, parameter) in parameters.enumerated() {
    let gap = try parameter.tensor - fixture.target[index].tensor()
    total = try total + 0.5 * (gap.squared() * fixture.curvature[index].tensor()).sum()
  }
  return total
}

/// Ten steps as PyTorch takes them, the rate halved after five; once more in two parts, with the state saved between them.
@Test func optimisersAgreeWithPyTorch() throws {
  for fixture in try Fixture.read().optimisers + Fixture.read("torch_layers").optimisers {
    let parameters: [NamedTensor] = try fixture.start.enumerated().map { ("p\($0)", try $1.tensor().trackGradient()) }
    var optimizer = try make(fixture.name, parameters)
    for (step, wanted) in fixture.path.enumerated() {
      if step == 3 {
        let saved = optimizer.state.map { (name: $0.name, tensor: $0.tensor.copied()) }
        optimizer = try make(fixture.name, parameters)
        try optimizer.load(state: Dictionary(uniqueKeysWithValues: saved.map { ($0.name, $0.tensor) }))
      }
      if step == 5 { optimizer.learningRate /= 2 }
      let norm = try optimizer.descend(loss(parameters, fixture))
      for (index, parameter) in parameters.enumerated() {
        #expect(distance(parameter.tensor, try wanted[index].tensor()) < 1e-6, "\(fixture.name), step \(step)")
      }
      #expect((norm == nil) == fixture.norms.isEmpty)
      if let norm { #expect(abs(norm / fixture.norms[step] - 1) < 1e-6) }
    }
  }
}

/// The fused loop on many elements and threads against the same numbers one by one.
@Test func adamDoesNotDependOnSizeOrThreads() throws {
  var stream = RandomStream(seed: 3)
  let (start, gradient) = (try Tensor.randn([300_001], using: &stream), try Tensor.randn([300_001], using: &stream))
  func step(_ rows: Range<Int>, threads: Int) throws -> [Float] {
    let p = try Tensor(Array(start.values[rows]), shape: [rows.count]).trackGradient()
    try p.setGrad(try Tensor(Array(gradient.values[rows]), shape: [rows.count]))
    let before = Threads.count
    try Threads.use(threads)
    defer { do { try Threads.use(before) } catch { Issue.record(error) } }
    try Adam([("p", p)]).step()
    return p.values
  }
  let whole = try step(0..<300_001, threads: 2)
  #expect(try step(0..<300_001, threads: 1) == whole)
  #expect(try step(7..<10, threads: 1) == Array(whole[7..<10]))
}

@Test func gradientNormCountsWhatHasAGradient() throws {
  let (a, b) = (try Tensor.zeros([20_011]).trackGradient(), try Tensor.zeros([3]).trackGradient())
  try a.setGrad(Tensor.full(0.5, [20_011]))
  #expect(abs(gradientNorm([a, b]) / (20_011 * 0.25 as Float).squareRoot() - 1) < 1e-6)
}

@Test func clippingScalesToTheNormAndLeavesSmallGradients() throws {
  let (a, b) = (try Tensor.zeros([2]).trackGradient(), try Tensor.zeros([1]).trackGradient())
  try a.setGrad(Tensor([3, 0]))
  try b.setGrad(Tensor([4]))
  #expect(try clipGradNorm([a, b, Tensor.zeros([1])], to: 10) == 5)
  #expect(a.grad?.values == [3, 0])
  #expect(try clipGradNorm([a, b], to: 2.5) == 5)
  #expect(abs(gradientNorm([a, b]) - 2.5) < 1e-5)
  #expect(complaint { try clipGradNorm([a], to: 0) } == "max_norm wants to be positive, got 0.0")
}

/// With a gradient of 1, plain descent moves by the rate: the path is the schedule's sum, also when it is saved on the way.
@Test func aScheduledOptimizerStepsAtTheSchedulesRates() throws {
  let schedule = try Schedule(.cosine, learningRate: 0.5, minimum: 0.1, warmUp: 2, steps: 7)
  let p: [NamedTensor] = [("p", try Tensor.zeros([1]).trackGradient())]
  var optimizer = ScheduledOptimizer(try SGD(p), schedule)
  var place: Float = 0
  for step in 0..<9 {
    if step == 4 {
      let state = optimizer.state
      optimizer = ScheduledOptimizer(try SGD(p), schedule)
      try optimizer.load(state: Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor) }))
    }
    #expect(optimizer.learningRate == schedule(step))
    try p[0].tensor.setGrad(Tensor([1]))
    try optimizer.step()
    place -= schedule(step)
    #expect(abs(p[0].tensor.values[0] - place) < 1e-6)
  }
  #expect(complaint { try optimizer.load(state: [:]) } == "the optimiser's state does not fit; missing: schedule_step")
}

@Test func optimisersRefuse() throws {
  let p: [NamedTensor] = [("p", Tensor.zeros([2]))]
  var adam = Adam.Config()
  func config(_ edit: (inout Adam.Config) -> Void) -> Adam.Config {
    adam = Adam.Config()
    edit(&adam)
    return adam
  }
  let other = try Adam([("q", Tensor.zeros([3]))])
  let state = Dictionary(uniqueKeysWithValues: other.state.map { ($0.name, $0.tensor) })
  let table: [(String, () throws -> Void)] = [
    ("learning_rate wants to be zero or more, got -1.0", { _ = try Adam(p, config { $0.learningRate = -1 }) }),
    ("learning_rate wants to be zero or more, got nan", { _ = try Adam(p, config { $0.learningRate = .nan }) }),
    ("betas want to be in [0, 1), got 0.9 and 1.0", { _ = try Adam(p, config { $0.beta2 = 1 }) }),
    ("max_grad_norm wants to be positive, got 0.0", { _ = try Adam(p, config { $0.maxGradNorm = 0 }) }),
    (
      "the optimiser's state does not fit; missing: first_moment.p, second_moment.p; unexpected: first_moment.q, second_moment.q",
      { try Adam(p).load(state: state) }
    ),
  ]
  for (wanted, body) in table { #expect(complaint(body) == wanted) }
}

@Test(arguments: [0, 1, 3000, 1 << 20, (1 << 24) + 1, (1 << 39) + 12345])
func countersAreExact(steps: Int) throws { #expect(try count(of: counter(steps)) == steps) }
