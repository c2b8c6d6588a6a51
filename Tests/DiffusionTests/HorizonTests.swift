import Foundation
import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// Which actions a trained policy predicts for which moments, on episodes that are all alike: t = 0 ..< 10 is observed, the action is sin(1.3 t).
struct HorizonTests {
  private func action(_ t: Int) -> Float { Float(sin(1.3 * Double(max(0, min(t, 9))))) }

  private func policy(steps: Int, offset: Int?, actionSteps: Int?) throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 5)
    (network.observationSteps, network.hidden, network.activation) = (steps, [96, 96, 96], .relu)
    var config = DiffusionPolicy.Config(network: network)
    (config.actionOffset, config.actionSteps) = (offset, actionSteps)
    var stream = RandomStream(seed: 2)
    return try DiffusionPolicy(config, using: &stream)
  }

  private func data(steps: Int, offset: Int, padAfter: Int) throws -> ActionChunks {
    let episodes = (0..<100).map { 10 * $0..<10 * $0 + 10 }
    return try ActionChunks(
      observations: Tensor((0..<1000).map { Float($0 % 10) }, shape: [1000, 1]), actions: Tensor((0..<1000).map { action($0 % 10) }, shape: [1000, 1]),
      starts: episodes.flatMap { $0.lowerBound...$0.upperBound - (5 - offset - padAfter) }, horizon: 5, observationSteps: steps, actionOffset: offset,
      padAfter: padAfter, episodes: episodes)
  }

  /// The prediction at t is of the moments t - offset, ..., padded at both ends by the episode's first and last action; two of them are executed.
  @Test(arguments: [(1, 0), (2, 1)]) func predictsTheMomentsItSays(steps: Int, offset: Int) throws {
    let policy = try policy(steps: steps, offset: offset, actionSteps: 2)
    var options = DiffusionPolicy.Training()
    (options.epochs, options.batchSize, options.learningRate) = (400, 250, 2e-3)
    try policy.fit(data(steps: steps, offset: offset, padAfter: 4 - offset), options)
    var stream = RandomStream(seed: 3)
    let noise = try Tensor.randn([10, 5], using: &stream)
    let times = (0..<10).flatMap { t in (0..<steps).map { Float(max(0, t - steps + 1 + $0)) } }
    let observation = try Tensor(times, shape: [10, steps])

    let predicted = try policy.decode(observation, noise: noise)
    let wanted = (0..<10).flatMap { t in (0..<5).map { action(t - offset + $0) } }
    let errors = zip(predicted.values, wanted).map { abs($0 - $1) }
    let moments = (0..<10).flatMap { t in (0..<5).map { t - offset + $0 } }
    let padded = zip(errors, moments).filter { !(0..<10).contains($1) }.map(\.0)
    #expect(padded.count == (offset == 0 ? 10 : 7))
    for part in [errors, padded] { #expect(part.reduce(0, +) / Float(part.count) < 0.2, "\(part)") }  // a moment further on the actions are 0.8 away

    let executed = try policy.act(observation, noise: noise)
    #expect(executed.shape == [10, 2, 1])
    #expect(executed.values == (try predicted.narrow(1, offset, 2).values))
  }

  @Test func sizesAreChecked() throws {
    func text(_ steps: Int, _ offset: Int?, _ actions: Int?) -> String {
      do { _ = try policy(steps: steps, offset: offset, actionSteps: actions) } catch { return "\(error)" }
      return "nothing was thrown"
    }
    #expect(text(2, 1, 4) == "nothing was thrown")
    #expect(text(2, 1, 5) == "action_steps wants a number from 1 to 4 (horizon 5, action_offset 1), got 5")
    #expect(text(1, nil, 0) == "action_steps wants a number from 1 to 5 (horizon 5, action_offset 0), got 0")
    #expect(text(2, 2, nil) == "action_offset wants a number from 0 to 1, of actions since the first of 2 observations, got 2")
    #expect(text(3, -1, nil) == "action_offset wants a number from 0 to 2, of actions since the first of 3 observations, got -1")
    let whole = try policy(steps: 2, offset: 1, actionSteps: nil)
    #expect((whole.actionSteps, whole.actionOffset, whole.latentSize, whole.conditionSize) == (4, 1, 5, 2))
    #expect(throws: UsageError("this policy wants windows of observation_steps 2, horizon 5, action_offset 1, got 1, 5, 0")) {
      try whole.fit(data(steps: 1, offset: 0, padAfter: 0))
    }
  }

  @Test func observationsAreNormalisedOneByOne() throws {
    let policy = try policy(steps: 2, offset: 1, actionSteps: nil)
    try policy.setNormalization(
      observation: Normalizer(minimum: Tensor([0]), maximum: Tensor([10])), action: Normalizer(minimum: Tensor([-1]), maximum: Tensor([1])))
    let seen = try policy.normalize(Tensor([0, 10, 5, 2.5], shape: [2, 2]))
    #expect(seen.shape == [2, 2])
    #expect(zip(seen.values, [-1, 1, 0, -0.5] as [Float]).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(throws: UsageError("this policy wants observations of shape [n, 2] (2 observations of 1), got [2, 3]")) { try policy.normalize(.zeros([2, 3])) }
  }
}
