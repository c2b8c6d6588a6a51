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
@Test(arguments: [(Float(0.9), Float?.none, 0, 1), (0.9, nil, 3, 2), (0.7, 0.75, 0, 1), (0.9999, 0.75, 2, 3)])
func averageFollowsItsRecursion(decay: Float, power: Float?, warmUp: Int, every: Int) throws {
  var config = EMA.Config()
  (config.decay, config.power, config.warmUp, config.every) = (decay, power, warmUp, every)
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
      let updates = Double((k - warmUp) / every)
      let chi = power.map { exponent in 1 - pow(1 + updates, -Double(exponent)) }
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
  let table: [(String, () throws -> Void)] = [
    ("tau wants to be in [0, 1], got 1.5", { try polyak(module, module, tau: 1.5) }),
    ("tau wants to be in [0, 1], got nan", { try polyak(module, module, tau: .nan) }),
    ("polyak wants parameters of the same shapes, got [[2, 2]] and [[2]]", { try polyak([module.weight], [module.bias], tau: 0.5) }),
    ("an average wants every >= 1 and warm_up >= 0, got 0 and 0", { _ = try EMA(module, config) }),
  ]
  for (wanted, body) in table { #expect(complaint(body) == wanted) }
}
