import Environments
import NeuralNets
import Tensors
import Testing

import func Foundation.log
import func Foundation.tanh

@testable import Agents

private func column(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [values.count, 1]) }

// MARK: DSRL-SAC

/// The replay holds the noise in [-1, 1]; what was executed is the policy's chunk of b times that, made once, the first data too.
@Test func noiseSACDecodesOnceAndRemembersTheNoise() throws {
  let policy = TrianglePolicy(horizon: 2)
  let agent = try smallNoiseSAC(policy) { $0.actionMagnitude = 0.7 }
  for _ in 0..<4 { _ = try agent.advance() }
  #expect(policy.decodedRows == Array(repeating: 4, count: 8))  // one decode for each vector step, none in the updates
  let batch = agent.replay.gather(Array(0..<agent.replay.count))
  #expect(batch.action.values.allSatisfy { abs($0) <= 1 } && batch.action.values.contains { abs($0) > 0.9 })
  for index in 0..<agent.replay.count {
    let chunk = (0..<2).map { (j: Int) -> Float in
      let w = 0.7 * batch.action.values[2 * index + j]
      return 0.8 * (1 - 2 * abs(w - 2 * (w / 2).rounded()))
    }
    // Guess pays -(a - c/2)² and is over at the first action of a chunk; the policy shows twice the observation.
    let error = chunk[0] - 0.25 * batch.observation.values[index]
    #expect(abs(batch.reward.values[index] + error * error) < 1e-5)
  }
}

/// The first noises are the standard normal restricted to the box: of variance 0.0792 for b = 0.5, without heaps at the faces.
@Test func noiseSACBeginsWithRestrictedNormals() throws {
  let agent = try smallNoiseSAC(TrianglePolicy(horizon: 4)) { ($0.actionMagnitude, $0.initRolloutSteps) = (0.5, 2000) }
  while agent.counts.vectorSteps < 2000 { _ = try agent.advance() }
  let noise = agent.replay.gather(Array(0..<8000)).action.values.map { 0.5 * Double($0) }
  #expect(noise.count { abs($0) == 0.5 } == 0)
  #expect(abs(noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count) / 0.0792 - 1) < 0.03)
}

// MARK: The noise

private func steering(horizon: Int = 3, _ change: (inout SteeringOptions) -> Void) throws -> Steering {
  var options = SteeringOptions()
  options.actionMagnitude = 2
  change(&options)
  return try Steering(TrianglePolicy(horizon: horizon), options)
}

@Test func tyingRepeatsOrInterpolates() throws {
  let full = try steering { _ in }
  #expect(full.size == 3)
  #expect(try full.noise(Tensor([0.1, 0.2, 0.3], shape: [1, 3])).values == [0.2, 0.4, 0.6])
  let repeated = try steering { $0.noiseTying = .repeated }
  #expect(repeated.size == 1)
  #expect(try repeated.noise(column([0.25, -0.5])).values == [0.5, 0.5, 0.5, -1, -1, -1])
  let two = try steering { $0.noiseTying = .interpolated }
  #expect(try two.noise(Tensor([0.5, -0.25], shape: [1, 2])).values == [1, 0.25, -0.5])
  let three = try steering(horizon: 5) { ($0.noiseTying, $0.noiseKnots) = (.interpolated, 3) }
  #expect(try three.noise(Tensor([0, 0.5, -0.5], shape: [1, 3])).values == [0, 0.5, 1, 0, -1])
  #expect(throws: UsageError.self) { try steering { ($0.noiseTying, $0.noiseKnots) = (.interpolated, 4) } }
  #expect(throws: UsageError.self) { try steering { ($0.noiseTying, $0.noiseKnots) = (.interpolated, 1) } }
}

@Test(arguments: [NoiseTying.repeated, .interpolated])
func tiedAgentsLearn(tying: NoiseTying) throws {
  let agent = try smallSteering(TrianglePolicy(horizon: 3)) { $0.noiseTying = tying }
  #expect(agent.actor.actionSize == (tying == .repeated ? 1 : 2))
  #expect(agent.temperature.targetEntropy == 0)
  for _ in 0..<3 { _ = try agent.advance() }
  let noise = try agent.noise(for: column([0.4]), deterministic: false).values
  #expect(noise.count == 3)
  #expect(tying == .repeated ? noise[0] == noise[2] : abs(noise[1] - 0.5 * (noise[0] + noise[2])) < 1e-5)
}

/// ln p(u) or ln p(b u) in double precision, for u = tanh(x) or tanh(x / b), x ~ N(mean, std²).
@Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
func densitiesFollowTheScale(inside: Bool, ofNoise: Bool) throws {
  let (b, mean, std) = (2.0, 0.3, 0.5)
  let map = try steering(horizon: 1) { ($0.magnitudeInsideTanh, $0.entropyOf) = (inside, ofNoise ? .noise : .unit) }
  var stream = RandomStream(seed: 1)
  let actor = try map.makeActor(NetworkOptions(hidden: [4], activation: .relu, layerNorm: false), using: &stream)
  for head in [actor.mean, actor.logStd] { try head.weight.assign(.zeros(head.weight.shape)) }
  try actor.mean.bias.assign(Tensor([Float(mean)]))
  try actor.logStd.bias.assign(Tensor([Float(log(std))]))
  var copy = stream
  let (action, logProb) = try actor.sample(Tensor.zeros([40, 1]), using: &stream)
  let noise = try Tensor.randn([40, 1], using: &copy).values
  for i in 0..<40 {
    let (z, gain) = (Double(noise[i]), inside ? 1 / b : 1)
    let u = tanh(gain * (mean + std * z))
    let slope = gain * (1 - u * u) * (ofNoise ? b : 1)
    let expected = -0.5 * z * z - log(std) - 0.5 * log(2 * Double.pi) - log(slope)
    #expect(abs(Double(action.values[i]) - u) < 1e-5)
    #expect(abs(Double(logProb.values[i]) - expected) < 1e-4 * max(1, abs(expected)))
  }
  #expect(abs(Double(try actor.mode(Tensor.zeros([1, 1])).item()) - tanh(mean * (inside ? 1 / b : 1))) < 1e-5)
}

/// However the scale is applied, the start that is nearly the base policy's is the same.
@Test func gaussianStartKnowsTheGain() throws {
  for inside in [false, true] {
    let map = try steering(horizon: 1) { ($0.magnitudeInsideTanh, $0.actorInit) = (inside, .gaussian) }
    var stream = RandomStream(seed: 1)
    let actor = try map.makeActor(NetworkOptions(hidden: [4], activation: .relu, layerNorm: false), using: &stream)
    let noise = try map.noise(actor.sample(Tensor.zeros([100_000, 1]), using: &stream).action).values
    let std = (noise.reduce(0.0) { $0 + Double($1) * Double($1) } / 1e5).squareRoot()
    #expect(abs(std / 0.8796 - 1) < 0.01)  // of the standard normal cut at ±2
  }
}

/// The first noises at the box: drawn again, clipped (13.4 % lie outside ±1.5) or left outside.
@Test(arguments: [InitNoise.restricted, .clipped, .unbounded])
func firstNoisesMeetTheBoxAsTold(law: InitNoise) throws {
  let map = try steering(horizon: 1) { ($0.actionMagnitude, $0.initNoise) = (1.5, law) }
  var stream = RandomStream(seed: 2)
  let noise = try map.firstActions(20_000, using: &stream).values
  #expect(abs(Double(noise.count { abs($0) == 1 }) / 20_000 - (law == .clipped ? 0.1336 : 0)) < 0.01)
  #expect(abs(Double(noise.count { abs($0) > 1 }) / 20_000 - (law == .unbounded ? 0.1336 : 0)) < 0.01)
}

@Test func parityIsASetOfDefaults() throws {
  let (ours, published) = (DSRLNA.Options(), DSRLNA.Options(.dsrl2025))
  #expect(published.actionMagnitude == 1 && published.initNoise == .unbounded && published.timeLimits == .terminate)
  #expect(published.distillationNoise == .standardNormal && published.distillationTarget == .headToHead)
  #expect(published.updateOrder == .actorBeforeDistillation && published.entropyInBackup && published.targetEntropy == 0)
  var same = published
  (same.actionMagnitude, same.initNoise, same.timeLimits) = (1.5, .restricted, .bootstrap)
  same.distillationNoise = .gaussian
  #expect(same == ours)
}
