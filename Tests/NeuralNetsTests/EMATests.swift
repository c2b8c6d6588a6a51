import Glibc
import Tensors
import Testing

@testable import NeuralNets

private func layer() throws -> Linear {
  var stream = RandomStream(seed: 1)
  return try Linear(2, 2, using: &stream)
}
private func set(_ module: Linear, _ value: Float) throws {
  try module.weight.assign(Tensor.full(value, [2, 2]))
  try module.bias.assign(Tensor.full(value, [2]))
}

/// The parameters are k² at the k-th call; the averages come from the recursion written out in double precision.
@Test(arguments: [
  (Float(0.9), Float?.none, 0, 1, Float(1), Float(0)), (0.9, nil, 3, 2, 1, 0), (0.7, 0.75, 0, 1, 1, 0), (0.9999, 0.75, 2, 3, 1, 0),
  (0.9, 0.75, 1, 1, 4, 0.3),
])
func averageFollowsItsRecursion(decay: Float, power: Float?, warmUp: Int, every: Int, invGamma: Float, minDecay: Float) throws {
  var config = EMA.Config()
  (config.decay, config.power, config.warmUp, config.every) = (decay, power, warmUp, every)
  (config.invGamma, config.minDecay) = (invGamma, minDecay)
  let module = try layer()
  try set(module, 5)
  var average = try EMA(module, config)
  var wanted = 5.0
  for k in 0..<12 {
    try set(module, Float(k * k))
    if k == 7 {
      let state = Dictionary(uniqueKeysWithValues: average.state.map { ($0.name, $0.tensor.copied()) })
      average = try EMA(module, config)
      try average.load(state: state)
    }
    try average.update(module)
    if k % every == 0 {
      // step = max(0, optimization_step - update_after_step - 1), and 0 where that is 0.
      let updates = Double((k - warmUp) / every - 1)
      let chi = power.map { updates <= 0 ? 0 : max(Double(minDecay), 1 - pow(1 + updates / Double(invGamma), -Double($0))) }
      let keep = k < warmUp ? 0 : min(Double(decay), chi ?? 1)
      wanted = keep * wanted + (1 - keep) * Double(k * k)
    }
    #expect(abs(Double(average.average[0].tensor.values[3]) - wanted) <= 1e-5 * wanted)
  }
  try average.copy(to: module)
  #expect(abs(module.bias.values[1] / Float(wanted) - 1) < 1e-5)
}

@Test func polyakMovesByTau() throws {
  let (target, source) = (try layer(), try layer())
  try set(target, 1)
  try set(source, 3)
  try polyak(target, source, tau: 0.25)
  #expect(target.parameters.allSatisfy { $0.values.allSatisfy { $0 == 1.5 } })
  #expect(source.parameters.allSatisfy { $0.values.allSatisfy { $0 == 3 } })
  try polyak(target, source, tau: 1)
  #expect(target.weight.values == source.weight.values)
}

@Test func averagesRefuse() throws {
  let module = try layer()
  var config = EMA.Config()
  config.every = 0
  var high = EMA.Config()
  high.minDecay = 0.999
  let table: [(String, () throws -> Void)] = [
    ("tau wants to be in [0, 1], got 1.5", { try polyak(module, module, tau: 1.5) }),
    ("tau wants to be in [0, 1], got nan", { try polyak(module, module, tau: .nan) }),
    ("polyak wants parameters of the same shapes, got [[2, 2]] and [[2]]", { try polyak([module.weight], [module.bias], tau: 0.5) }),
    ("an average's min_decay wants to be in [0, 0.995], its decay, got 0.999", { _ = try EMA(module, high) }),
    ("an average wants every >= 1 and warm_up >= 0, got 0 and 0", { _ = try EMA(module, config) }),
  ]
  for (wanted, body) in table { #expect(complaint(body) == wanted) }
}
