import Diffusion
import Environments
import Foundation
import NeuralNets
import Tensors
import Testing

@testable import Agents

/// A point that goes round a circle one way or the other, always the same way in an episode. Its place is seen, its velocity v = 1 or -1 is not;
/// pays -(a - v / 2)², cut off after 8 steps. One observation says nothing of v, two say all.
private final class Carousel: Environment {
  let id = "Carousel"
  let observationSpace = Box(symmetric: 1, count: 2)
  let actionSpace = Box(symmetric: 1, count: 1)
  let maxEpisodeSteps: Int? = 8
  let runsOnAnyThread = true
  var stream = RandomStream(seed: 0, purpose: "env")
  private(set) var velocity = 1.0
  private var angle = 0.0

  private var place: [Double] { [cos(angle), sin(angle)] }
  func reset() -> [Double] {
    (velocity, angle) = (stream.uniform() < 0.5 ? -1 : 1, stream.uniform(0, 2 * Double.pi))
    return place
  }
  func step(_ action: [Double]) -> Step {
    let error = action[0] - velocity / 2
    angle += 0.8 * velocity
    return Step(observation: place, reward: -error * error, terminated: false)
  }
  var state: EnvironmentState { EnvironmentState(id: id, numbers: [velocity, angle], stream: stream) }
  func restore(_ state: EnvironmentState) { (velocity, angle, stream) = (state.numbers[0], state.numbers[1], state.stream) }
}

struct HiddenVelocityTests {
  private func carousels(steps: Int, chunk: Int = 2) throws -> VectorEnvironment {
    try VectorEnvironment(count: 4, chunk: chunk) { _ in
      try FrameStackObservation(TimeLimit(Carousel(), maxEpisodeSteps: 8), observationSteps: steps)
    }
  }

  /// 300 episodes of a demonstrator who feels the velocity.
  private func demonstrations() throws -> DataSet {
    let carousel = Carousel()
    carousel.stream = RandomStream(seed: 3)
    var stream = RandomStream(seed: 4)
    var (observations, actions): ([Float], [Float]) = ([], [])
    for _ in 0..<300 {
      var observation = carousel.reset()
      for _ in 0..<8 {
        let action = carousel.velocity / 2 + 0.05 * stream.normal()
        observations += observation.map { Float($0) }
        actions.append(Float(action))
        observation = carousel.step([action]).observation
      }
    }
    let n = actions.count
    return try DataSet(
      observations: Tensor(observations, shape: [n, 2]), actions: Tensor(actions, shape: [n, 1]), rewards: .zeros([n]),
      terminals: Array(repeating: false, count: n), timeouts: (1...n).map { $0 % 8 == 0 })
  }

  /// Predicts four actions and executes two of them.
  private func trained(steps: Int, _ data: DataSet) throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 2, actionSize: 1, horizon: 4)
    (network.observationSteps, network.hidden, network.activation) = (steps, [64, 64, 64], .relu)
    var config = DiffusionPolicy.Config(network: network)
    (config.actionSteps, config.actionOffset) = (2, steps - 1)
    var stream = RandomStream(seed: 2)
    let policy = try DiffusionPolicy(config, using: &stream)
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize) = (60, 128)
    let chunks = try ActionChunks(
      observations: data.observations, actions: data.actions,
      starts: data.windows(horizon: 4, actionOffset: steps - 1, padAfter: 1), horizon: 4, observationSteps: steps, actionOffset: steps - 1, padAfter: 1,
      episodes: data.episodes.map(\.range))
    try policy.fit(chunks, options)
    return policy
  }

  /// A guess costs 1/2 on average: with one observation in all 8 steps, with two in the first chunk alone. Folders and agents go on from there.
  @Test func twoObservationsTellWhatOneCannot() throws {
    let data = try demonstrations()
    func cost(_ steps: Int, _ act: @escaping (Tensor) throws -> Tensor) throws -> Double {
      try -evaluate(policy: act, on: carousels(steps: steps), episodes: 200, seed: 5).mean
    }
    let blind = try cost(1, BasePolicyActor(trained(steps: 1, data), seed: 6).act)
    #expect((2.8...5).contains(blind), "\(blind)")

    let policy = try trained(steps: 2, data)
    let seeing = try cost(2, BasePolicyActor(policy, seed: 6).act)
    #expect((0.5...1.8).contains(seeing), "\(seeing)")

    let folder = "/tmp/dsrl-lua-history-\(UInt64.random(in: 0...UInt64.max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try policy.save(to: folder)
    let read = try DiffusionPolicy.load(from: folder)
    #expect((read.observationSteps, read.horizon, read.actionSteps, read.actionOffset) == (2, 4, 2, 1))
    #expect(try cost(2, BasePolicyActor(read, seed: 6).act) == seeing)

    var options = DSRLNA.Options()
    (options.hidden, options.batchSize, options.initRolloutSteps) = ([32, 32], 64, 20)
    (options.gradientSteps, options.noiseCriticGradSteps, options.trainFreq) = (2, 2, 1)
    let agent = try DSRLNA(carousels(steps: 2), policy: policy, options)
    while agent.counts.environmentSteps < 800 { _ = try agent.advance() }
    #expect(agent.counts.transitions == 400 && agent.counts.gradientSteps > 100)
    let steered = try cost(2) { try agent.act($0, deterministic: true) }
    print("Carousel: cost \(blind) with one observation, \(seeing) with two, \(steered) steered")
    #expect(steered < 2, "\(steered)")
  }
}
