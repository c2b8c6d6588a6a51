import Files
import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// Checkpoints in DPPO's own format, with what DPPO's own code computes from them (Tests/Fixtures/dppo).
struct DPPOImportTests {
  private struct Sizes: Codable {
    var observation_size, action_size, horizon, time_size, steps, ddim_steps: Int
    var hidden: [Int]
    var cond_hidden: [Int]?
    var activation: Activation
  }

  private func folder(_ name: String) -> String { sharedFixture("dppo/" + name) }

  private func load(
    _ name: String, weights: DPPOImport.Weights? = nil, normalization: String? = nil, change: (inout DPPOImport) -> Void = { _ in }
  ) throws -> (DiffusionPolicy, Sizes) {
    let folder = folder(name)
    let sizes = try JSON.decode(Sizes.self, from: readBytes(folder + "/config.json"), source: name)
    var options = DPPOImport()
    (options.activation, options.weights) = (sizes.activation, weights)
    change(&options)
    var (process, sampler) = (DDPM(), DDIM())
    (process.steps, sampler.steps) = (sizes.steps, sizes.ddim_steps)
    let ranges = normalization ?? folder + "/normalization.npz"
    return (try .dppo(folder + "/state.pt", normalization: ranges, options, process: process, sampler: .ddim(sampler)), sizes)
  }

  @Test(arguments: ["small_relu", "small_cond"]) func computesAsDPPODoes(_ name: String) throws {
    let (policy, sizes) = try load(name)
    guard case .mlp(let network) = policy.config.network else { throw UsageError("an MLP was wanted") }
    #expect([network.observationSize, network.actionSize, network.horizon, network.timeSize] == [sizes.observation_size, sizes.action_size, sizes.horizon, sizes.time_size])
    #expect(network.hidden == sizes.hidden && network.conditionHidden == sizes.cond_hidden)

    let expected = try NPZ.read(folder(name) + "/expected.npz")
    let (observation, noise) = (try #require(expected["obs"]), try #require(expected["noise"]))
    let (times, epsilons, actions) = (try #require(expected["t"]), try #require(expected["eps"]), try #require(expected["actions"]))
    let x = try noise.reshape([noise.shape[0], policy.latentSize])
    let chunks = try actions.reshape(x.shape)
    for (row, time) in times.values.enumerated() {
      #expect(worst(try policy.epsilon(x, time, observation).detach(), try epsilons.select(0, row).reshape(x.shape)) < 1e-5, "t = \(time)")
    }
    #expect(worst(try policy.decode(normalized: observation, noise: noise), chunks) < 1e-5)

    let (model, _) = try load(name, weights: .model)
    #expect(worst(try model.decode(normalized: observation, noise: noise), chunks) > 1e-3)

    // In the environment's units: the ranges of normalization.npz.
    let ranges = try NPZ.read(folder(name) + "/normalization.npz")
    let (low, high) = (try #require(ranges["obs_min"]), try #require(ranges["obs_max"]))
    let raw = try (observation + 1) / 2 * (high - low + 1e-6) + low
    let (least, most) = (try #require(ranges["action_min"]), try #require(ranges["action_max"]))
    let wanted = try (actions + 1) / 2 * (most - least) + least
    #expect(worst(try policy.decode(raw, noise: x), wanted) < 2e-5)
  }

  @Test func takesTheFineTunedActor() throws {
    let (expected, folder) = (try load("small_relu").0, folder("small_relu"))
    let arrays = try NPZ.read(folder + "/expected.npz")
    let (observation, noise) = (try #require(arrays["obs"]), try #require(arrays["noise"]))
    var options = DPPOImport()
    options.activation = .relu
    let tuned = try DiffusionPolicy.dppo(folder + "/../../torch/finetuned.pt", normalization: folder + "/normalization.npz", options)
    #expect(try tuned.decode(observation, noise: noise).values == expected.decode(observation, noise: noise).values)
    options.weights = .ema
    #expect(throws: UsageError.self) { try DiffusionPolicy.dppo(folder + "/../../torch/finetuned.pt", normalization: folder + "/normalization.npz", options) }
  }

  /// A network of chunks of 8 numbers, 4 of the time and `seen` of the observation.
  private func state(seen: Int) -> [String: Tensor] {
    ["time_embedding.1.weight": .zeros([8, 4]), "mlp_mean.layers.0.weight": .zeros([16, 8 + 4 + seen]), "mlp_mean.layers.1.weight": .zeros([8, 16])]
  }

  @Test func tellsHowManyObservationsItSees() throws {
    let config = try DPPOShape(state(seen: 9)).config(observation: 3, action: 2)
    #expect([config.observationSteps, config.observationSize, config.horizon, config.actionSize] == [3, 3, 4, 2])
  }

  @Test func executesAsManyActionsAsItIsTold() throws {
    func policy(_ actions: Int) throws -> DiffusionPolicy {
      var options = DPPOImport()
      (options.activation, options.actionSteps) = (.relu, actions)
      return try .dppo(folder("small_relu") + "/state.pt", normalization: folder("small_relu") + "/normalization.npz", options)
    }
    let (whole, few) = (try load("small_relu").0, try policy(1))
    #expect(few.actionSteps == 1 && few.horizon == whole.horizon && whole.actionSteps == whole.horizon)
    #expect(throws: UsageError.self) { try policy(whole.horizon + 1) }
  }

  @Test func refusesWhatDoesNotFit() throws {
    func text(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "nothing was thrown"
      } catch { return "\(error)" }
    }
    #expect(text { _ = try load("small_relu", normalization: folder("small_cond") + "/normalization.npz") }.contains("multiple of the 3"))
    #expect(text { _ = try load("small_relu", normalization: folder("small_relu") + "/expected.npz") }.contains("obs_min"))
    #expect(text { _ = try DPPOShape(state(seen: 8)).config(observation: 3, action: 2) }.contains("8 numbers of observation, which is no multiple of the 3"))
    func shape(_ names: [String]) -> String { text { _ = try DPPOShape(Dictionary(names.map { ($0, Tensor([1])) }) { first, _ in first }) } }
    #expect(text { _ = try load("small_relu", change: { $0.nGroups = 4 }) }.contains("n_groups and groupnorm_eps are for U-Nets"))
    #expect(shape(["backbone.vit.weight", "mlp_mean.layers.0.weight"]).contains("vision"))
    #expect(shape(["mlp_mean.layers.0.weight", "logvar"]).contains("no diffusion MLP"))
  }
}
