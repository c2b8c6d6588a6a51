import NeuralNets
import Tensors
import Testing

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder
import func Foundation.exp
import func Foundation.log
import func Foundation.tanh

@testable import Agents

/// ln p(tanh u) = ln N(u; mean, std) - ln(1 - tanh² u), in double precision.
@Test func squashedDensityIsTheClosedForm() throws {
  for (mean, std) in [(0.0, 1.0), (0.7, 0.3), (-2, 2)] {
    for z in [-2.0, -0.5, 0, 1.3] {
      let u = mean + std * z
      let expected = -0.5 * z * z - log(std) - 0.5 * log(2 * Double.pi) - log(1 - tanh(u) * tanh(u))
      let column = { (x: Double) in try Tensor([Float(x)], shape: [1, 1]) }
      let got = try squashedLogProb(column(u), noise: column(z), logStd: column(log(std))).item()
      #expect(abs(Double(got) - expected) < 2e-5 * max(1, abs(expected)), "mean \(mean), std \(std), z \(z)")
    }
  }
}

/// ∫ p(a) da = 1 over (-1, 1), substituting a = tanh u.
@Test func squashedDensityIntegratesToOne() throws {
  let step = 0.001
  let us = stride(from: -6.0, through: 6, by: step).map { $0 }
  let (mean, std) = (0.4, 0.6)
  let u = try Tensor(us.map { Float($0) }, shape: [us.count, 1])
  let noise = try Tensor(us.map { Float(($0 - mean) / std) }, shape: [us.count, 1])
  let logStd = Tensor.full(Float(log(std)), [us.count, 1])
  let density = try squashedLogProb(u, noise: noise, logStd: logStd).values
  let total = zip(us, density).reduce(0) { $0 + exp(Double($1.1)) * (1 - tanh($1.0) * tanh($1.0)) * step }
  #expect(abs(total - 1) < 1e-4)
}

@Test func actorStaysInsideTheBoxAndItsLogProbSumsOverElements() throws {
  var stream = RandomStream(seed: 1)
  let actor = try GaussianActor(observationSize: 2, actionSize: 3, network: NetworkOptions(), using: &stream)
  let observation = try Tensor.randn([50, 2], using: &stream)
  var copy = stream
  let (action, logProb) = try actor.sample(observation, using: &stream)
  #expect(action.values.allSatisfy { abs($0) < 1 })
  #expect(logProb.shape == [50])

  let (mean, logStd) = try actor.distribution(observation)
  let noise = try Tensor.randn([50, 3], using: &copy).values
  var expected = Array(repeating: 0.0, count: 50)
  for i in 0..<150 {
    let (z, s) = (Double(noise[i]), Double(logStd.values[i]))
    let u = Double(mean.values[i]) + exp(s) * z
    expected[i / 3] += -0.5 * z * z - s - 0.5 * log(2 * Double.pi) - log(1 - tanh(u) * tanh(u))
  }
  for (got, wanted) in zip(logProb.values, expected) { #expect(abs(Double(got) - wanted) < 1e-3) }
}

@Test func logStdIsClamped() throws {
  var stream = RandomStream(seed: 1)
  let actor = try GaussianActor(observationSize: 1, actionSize: 2, network: NetworkOptions(), using: &stream)
  try actor.logStd.weight.assign(.zeros(actor.logStd.weight.shape))
  try actor.logStd.bias.assign(Tensor([-50, 7]))
  #expect(try actor.distribution(Tensor.zeros([1, 1])).logStd.values == [-20, 2])
}

/// b tanh(σ x) has the standard deviation of a normal cut at ±b: 0.7426 for b = 1.5, and b/√3 (uniform) as b -> 0.
@Test(arguments: [(1.5, 0.7426), (2.5, 0.9544), (0.01, 0.005_773_5)])
func gaussianStartHasTheWidthOfTheRestrictedNormal(bound: Double, std: Double) throws {
  let sigma = standardNormalStart(bound: bound)
  var stream = RandomStream(seed: 4)
  let squares = (0..<200_000).reduce(0.0) { sum, _ in
    let w = bound * tanh(sigma * stream.normal())
    return sum + w * w
  }
  #expect(abs((squares / 200_000).squareRoot() / std - 1) < 0.01)
}

/// Inside the box, without heaps at the faces, and with the variance of the cut normal.
@Test(arguments: [(Float(1.5), 0.5515), (2.5, 0.9110), (0.5, 0.0792)])
func restrictedNormalIsTheCutNormal(bound: Float, variance: Double) throws {
  var stream = RandomStream(seed: 2)
  let noise = try restrictedNormal([50_000, 2], bound: bound, using: &stream).values
  #expect(noise.allSatisfy { abs($0) <= bound })
  #expect(noise.count { abs($0) == bound } == 0)
  let mean = noise.reduce(0.0) { $0 + Double($1) } / 1e5
  let square = noise.reduce(0.0) { $0 + Double($1) * Double($1) } / 1e5
  #expect(abs(mean) < 0.01)
  #expect(abs(square / variance - 1) < 0.015)
}

@Test func temperatureFallsWhileEntropyIsAboveItsTarget() throws {
  let surplus = try Temperature(.auto, targetEntropy: -1, learningRate: 0.1)
  let loss = try surplus.update(Tensor([-2, -4]))  // entropy 3
  #expect(surplus.value < 1)
  #expect(loss == 0)  // ln 1 = 0
  #expect(abs(try surplus.update(Tensor([-2, -4])) - (-0.1) * -(-3 - 1)) < 1e-5)

  let lack = try Temperature(.auto, targetEntropy: 2, learningRate: 0.1)
  try lack.update(Tensor([1, 1]))
  #expect(lack.value > 1)

  let fixed = try Temperature(.fixed(0.3), targetEntropy: 2, learningRate: 0.1)
  try fixed.update(Tensor([1, 1]))
  #expect(abs(fixed.value - 0.3) < 1e-6)
}

@Test(arguments: [("auto", 1, true), ("auto_0.1", 0.1, true), ("0.2", 0.2, false)] as [(String, Float, Bool)])
func entCoefIsWrittenAsStableBaselinesDoes(text: String, initial: Float, learned: Bool) throws {
  let coefficient = try EntCoef(text)
  #expect(coefficient.initial == initial && coefficient.learned == learned)
  let json = try JSONEncoder().encode(coefficient)
  #expect(try JSONDecoder().decode(EntCoef.self, from: json) == coefficient)
}

@Test func entCoefRefusesOtherWords() {
  #expect(throws: UsageError.self) { try EntCoef("automatic") }
  #expect(throws: UsageError.self) { try Temperature(.fixed(-1), targetEntropy: 0, learningRate: 1) }
}

// MARK: Replay

private func fill(_ buffer: ReplayBuffer, _ values: ClosedRange<Int>) throws {
  for value in values {
    let x = try Tensor([Float(value)], shape: [1, 1])
    try buffer.add(observation: x, action: x * 10, nextObservation: x + 1, reward: [Float(value) * 100], alive: [1], discount: [0.5])
  }
}

@Test func replayKeepsTheLatest() throws {
  let buffer = try ReplayBuffer(capacity: 5, observationSize: 1, actionSize: 1, seed: 0)
  try fill(buffer, 1...7)
  let all = buffer.gather([0, 1, 2, 3, 4])
  #expect(all.observation.values == [6, 7, 3, 4, 5])
  #expect(all.action.values == [60, 70, 30, 40, 50])
  #expect(all.nextObservation.values == [7, 8, 4, 5, 6])
  #expect(all.reward.values == [600, 700, 300, 400, 500])
  #expect(buffer.count == 5)
}

@Test func replaySamplesUniformly() throws {
  let buffer = try ReplayBuffer(capacity: 10_000, observationSize: 1, actionSize: 1, seed: 3)
  try fill(buffer, 0...9)
  var histogram = Array(repeating: 0, count: 10)
  for value in try buffer.sample(20_000).observation.values { histogram[Int(value)] += 1 }
  #expect(histogram.allSatisfy { abs($0 - 2000) < 200 })
}

@Test func replaySpansBlocksAndIsRestored() throws {
  let block = ReplayBuffer.blockRows
  let buffer = try ReplayBuffer(capacity: block + 1000, observationSize: 1, actionSize: 1, seed: 3)
  let values = (1...block + 2000).map { Float($0) }
  let x = try Tensor(values, shape: [values.count, 1])
  try buffer.add(
    observation: x, action: x * 10, nextObservation: x + 1, reward: values, alive: values.map { _ in 1 }, discount: values.map { _ in 0.5 })
  let wanted = [block, block + 1, block + 1000, block + 1001].map { Float($0) }
  #expect(buffer.gather([block - 1, block, block + 999, 0]).observation.values == wanted)
  #expect(buffer.tensors.mapValues(\.shape) == ["0": [block, 6], "1": [1000, 6]])
  let copy = try ReplayBuffer(capacity: block + 1000, observationSize: 1, actionSize: 1, seed: 9)
  try copy.load(buffer.tensors, buffer.record)
  try fill(buffer, 1...3)
  try fill(copy, 1...3)
  #expect(try copy.sample(50).observation.values == buffer.sample(50).observation.values)
}

/// What is not the buffer's own is refused, and says what was wanted.
@Test func replayRefusesWhatDoesNotFit() throws {
  let buffer = try ReplayBuffer(capacity: 10, observationSize: 1, actionSize: 1, seed: 3)
  try fill(buffer, 1...6)
  func message(capacity: Int = 10, action: Int = 1, _ tensors: [String: Tensor]) throws -> String {
    let other = try ReplayBuffer(capacity: capacity, observationSize: 1, actionSize: action, seed: 9)
    do { try other.load(tensors, buffer.record) } catch { return "\(error)" }
    return "no error"
  }
  #expect(try message(buffer.tensors) == "no error")
  #expect(try message(capacity: 11, buffer.tensors) == "the saved replay buffer has buffer_size 10, wanted 11")
  #expect(try message(action: 2, buffer.tensors) == "the saved transitions have 6 numbers, wanted 7, of observation 1 and action 2")
  #expect(try message(["0": Tensor.zeros([5, 6])]) == "the saved replay buffer of 5 transitions goes on at 6, wanted 5")
  #expect(try message(["1": Tensor.zeros([6, 6])]).hasPrefix("the saved replay buffer is not whole; got"))
  #expect(try message(["0": Tensor.zeros([6])]).hasPrefix("the saved replay buffer is not whole; got"))
}

@Test func replayRefusesEmptinessAndWrongShapes() throws {
  let buffer = try ReplayBuffer(capacity: 5, observationSize: 2, actionSize: 1, seed: 0)
  #expect(throws: UsageError.self) { try buffer.sample(1) }
  #expect(throws: UsageError.self) { try fill(buffer, 1...1) }
}
