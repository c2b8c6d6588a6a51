import Files
import NeuralNets
import Testing
import Tensors

@testable import Diffusion

struct DDIMTests {
  /// reference/dsrl.md 3.2, recomputed there from DPPO's code: times, √ᾱ at the start, ᾱ from start to end.
  @Test(arguments: [
    (20, 5, [16, 12, 8, 4, 0], [0.0537, 0.2692, 0.5715, 0.8470, 0.9920]),
    (20, 8, [14, 12, 10, 8, 6, 4, 2, 0], [0.1443, 0.2692, 0.4163, 0.5715, 0.7199, 0.8470, 0.9407, 0.9920]),
    (100, 8, [84, 72, 60, 48, 36, 24, 12, 0], [0.0537, 0.1669, 0.3261, 0.5094, 0.6914, 0.8470, 0.9546, 0.9994]),
  ]) func leadingTimesAndSignal(_ levels: Int, _ steps: Int, _ times: [Int], _ alphaBars: [Double]) throws {
    var process = DDPM(), sampler = DDIM()
    (process.steps, sampler.steps) = (levels, steps)
    let plan = try sampler.plan(for: process)
    #expect(plan.moves.map(\.time) == times.map(Double.init))
    for (move, expected) in zip(plan.moves, alphaBars) { #expect(abs(move.signal * move.signal - expected) < 6e-5) }
  }

  @Test(arguments: [(0, 20), (21, 20), (5, 0)]) func impossibleCountsThrow(_ steps: Int, _ levels: Int) {
    var process = DDPM(), sampler = DDIM()
    (process.steps, sampler.steps) = (levels, steps)
    #expect(throws: UsageError.self) { try sampler.plan(for: process) }
  }

  private struct Sizes: Codable {
    var observation_size, action_size, horizon, time_size, steps, ddim_steps: Int
    var hidden: [Int]
    var cond_hidden: [Int]?
    var activation: Activation
  }

  /// What DPPO's own code made of the same weights (Tests/NeuralNetsTests/Fixtures, from shared fixtures by scripts/fixtures/torch_nets.py).
  @Test(arguments: ["dppo_small_relu", "dppo_small_cond"]) func decodesAsDPPODoes(_ name: String) throws {
    let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = try Safetensors.read("/\(here)/NeuralNetsTests/Fixtures/\(name).safetensors")
    let sizes = try JSON.decode(Sizes.self, from: Array(#require(file.metadata["config"]).utf8), source: name)
    var network = DiffusionMLP.Config(observationSize: sizes.observation_size, actionSize: sizes.action_size, horizon: sizes.horizon)
    (network.timeSize, network.hidden, network.activation, network.conditionHidden) = (sizes.time_size, sizes.hidden, sizes.activation, sizes.cond_hidden)
    var config = DiffusionPolicy.Config(network: network)
    var process = DDPM()
    process.steps = sizes.steps
    config.process = .ddpm(process)
    var sampler = DDIM()
    sampler.steps = sizes.ddim_steps
    var stream = RandomStream(seed: 1)
    let policy = try DiffusionPolicy(config, sampler: .ddim(sampler), using: &stream)
    try policy.network.load(stateDict: file.tensors.filter { !$0.key.hasPrefix("expected.") })
    policy.weightsChanged()

    let (observation, noise) = (try #require(file.tensors["expected.obs"]), try #require(file.tensors["expected.noise"]))
    let expected = try #require(file.tensors["expected.actions"])
    let packed = try policy.decode(normalized: observation, noise: noise)
    let start = try noise.reshape([16, policy.latentSize])
    let plain = try policy.schedule.run(from: start) { x, move in try policy.epsilon(x, Float(policy.schedule.moves[move].time), observation) }
    for (decoded, way) in [(packed, "packed"), (plain.detach(), "plain")] {
      let worst = zip(decoded.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 1e-5, "\(way) chain of \(name)")
    }
  }
}
