import Diffusion
import Environments
import NeuralNets
import Tensors

@testable import Agents

/// One step an episode: observes c in [-1, 1], pays -(a - c/2)² for the action's mean a, and ends (or is cut off, with `truncates`).
final class Guess: Environment {
  let id = "Guess"
  let observationSpace = Box(symmetric: 1, count: 1)
  let actionSpace: Box
  let maxEpisodeSteps: Int? = nil
  let runsOnAnyThread = true
  var stream = RandomStream(seed: 0, purpose: "env")
  let truncates: Bool
  private var context = 0.0

  init(actions: Int = 1, bound: Double = 1, truncates: Bool = false) {
    actionSpace = Box(symmetric: bound, count: actions)
    self.truncates = truncates
  }

  func reset() -> [Double] {
    context = stream.uniform(-1, 1)
    return [context]
  }
  func step(_ action: [Double]) -> Step {
    let error = action.reduce(0, +) / Double(action.count) - 0.5 * context
    return Step(observation: [9], reward: -error * error, terminated: !truncates, truncated: truncates)
  }
  var state: EnvironmentState { EnvironmentState(id: id, numbers: [context], stream: stream) }
  func restore(_ state: EnvironmentState) { (context, stream) = (state.numbers[0], state.stream) }
}

/// x' = x + a/2, pays -(x² + a²/10), cut off after 20 steps.
final class Regulator: Environment {
  let id = "Regulator"
  let observationSpace = Box(symmetric: 3, count: 1)
  let actionSpace = Box(symmetric: 2, count: 1)
  let maxEpisodeSteps: Int? = 20
  let runsOnAnyThread = true
  var stream = RandomStream(seed: 0, purpose: "env")
  private var x = 0.0

  func reset() -> [Double] {
    x = stream.uniform(-1, 1)
    return [x]
  }
  func step(_ action: [Double]) -> Step {
    let reward = -(x * x + 0.1 * action[0] * action[0])
    x = min(max(x + 0.5 * action[0], -3), 3)
    return Step(observation: [x], reward: reward, terminated: false)
  }
  var state: EnvironmentState { EnvironmentState(id: id, numbers: [x], stream: stream) }
  func restore(_ state: EnvironmentState) { (x, stream) = (state.numbers[0], state.stream) }
}

/// A chunk of one action: a triangle wave of the noise, of period 2 and range [-1, 1], so that several noises make the same action.
final class TrianglePolicy: BasePolicy {
  let observationSize: Int
  let actionSize = 1
  let horizon: Int
  var latentSize: Int { horizon }
  /// Every noise that was decoded.
  var largestNoise: Float = 0
  var decodedRows: [Int] = []

  private let map: (Float) -> Float

  /// Unless told otherwise a triangle wave: each action of several noises, on both sides of 0.
  init(observationSize: Int = 1, horizon: Int = 1, map: @escaping (Float) -> Float = { 1 - 2 * abs(($0 - 2 * ($0 / 2).rounded())) }) {
    (self.observationSize, self.horizon, self.map) = (observationSize, horizon, map)
  }

  func normalize(_ observation: Tensor) -> Tensor { observation * 2 }
  func denormalize(_ chunk: Tensor) -> Tensor { chunk * 0.8 }
  func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    decodedRows.append(noise.shape[0])
    largestNoise = noise.values.reduce(largestNoise) { max($0, abs($1)) }
    return try Tensor(noise.values.map(map), shape: noise.shape)
  }
}

func guesses(_ count: Int = 4, chunk: Int = 1, bound: Double = 1, truncates: Bool = false) throws -> VectorEnvironment {
  try VectorEnvironment(count: count, chunk: chunk) { _ in Guess(bound: bound, truncates: truncates) }
}

/// A small DSRL-NA on Guess that learns from its second round on.
func smallSteering(_ policy: TrianglePolicy = TrianglePolicy(), _ change: (inout DSRLNA.Options) -> Void = { _ in }) throws -> DSRLNA {
  var options = DSRLNA.Options()
  (options.hidden, options.batchSize, options.initRolloutSteps) = ([16, 16], 16, 3)
  (options.gradientSteps, options.noiseCriticGradSteps, options.learningRate) = (3, 2, 1e-3)
  change(&options)
  return try DSRLNA(guesses(chunk: policy.horizon), policy: policy, options)
}

/// A small DSRL-SAC on Guess that learns from its second round on.
func smallNoiseSAC(_ policy: TrianglePolicy = TrianglePolicy(), _ change: (inout SteeringSACOptions) -> Void = { _ in }) throws -> SAC {
  var options = SteeringSACOptions()
  (options.hidden, options.batchSize, options.initRolloutSteps) = ([16, 16], 16, 3)
  (options.gradientSteps, options.learningRate) = (3, 1e-3)
  change(&options)
  return try SAC(guesses(chunk: policy.horizon), policy: policy, options)
}

func smallSAC(_ change: (inout SAC.Options) -> Void = { _ in }) throws -> SAC {
  var options = SAC.Options()
  (options.hidden, options.batchSize, options.learningStarts, options.learningRate) = ([16], 16, 12, 1e-3)
  change(&options)
  return try SAC(guesses(), options)
}

/// Makes head i answer values[i] everywhere.
func answer(_ critics: Critics, with values: [Float]) throws {
  for (head, value) in zip(critics.heads.members, values) {
    for block in head.blocks { try block.linear.weight.assign(.zeros(block.linear.weight.shape)) }
    try head.blocks[head.blocks.count - 1].linear.bias.assign(Tensor([value]))
  }
}

/// Every number that an agent has learned, without its replay.
func learned(_ agent: some Agent) -> [String: [Float]] {
  Dictionary(uniqueKeysWithValues: agent.tensors.filter { !$0.name.hasPrefix("replay.") }.map { ($0.name, $0.tensor.values) })
}
