import Files
import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// Checkpoints in ReinFlow's format, with what PyTorch computes from the published architecture (scripts/fixtures/reinflow.py).
struct ReinFlowImportTests {
  private struct Sizes: Codable {
    var observation_size, action_size, horizon, time_size, steps: Int
    var hidden: [Int]
    var cond_hidden: [Int]?
    var activation: Activation
  }

  private func load(_ name: String, weights: DPPOImport.Weights? = nil, sampler: Sampler? = nil) throws -> (DiffusionPolicy, Sizes) {
    let folder = sharedFixture("reinflow/" + name)
    let sizes = try JSON.decode(Sizes.self, from: readBytes(folder + "/config.json"), source: name)
    var options = DPPOImport()
    (options.activation, options.weights) = (sizes.activation, weights)
    return (try .reinFlow(folder + "/state.pt", normalization: folder + "/normalization.npz", options, sampler: sampler), sizes)
  }

  @Test(arguments: ["pretrained", "finetuned"]) func computesAsReinFlowDoes(_ name: String) throws {
    let (policy, sizes) = try load(name)
    #expect([policy.observationSize, policy.actionSize, policy.horizon] == [sizes.observation_size, sizes.action_size, sizes.horizon])
    let expected = try NPZ.read(sharedFixture("reinflow/" + name) + "/expected.npz")
    let (observation, noise) = (try #require(expected["obs"]), try #require(expected["noise"]))
    let (times, velocities, actions) = (try #require(expected["t"]), try #require(expected["velocity"]), try #require(expected["actions"]))
    for (row, time) in times.values.enumerated() {
      #expect(worst(try policy.epsilon(noise, time, observation).detach(), try velocities.select(0, row)) < 1e-5, "t = \(time)")
    }
    #expect(worst(try policy.decode(normalized: observation, noise: noise), actions) < 1e-5)

    // Each of the sampler's choices shows.
    for change: (inout FlowSampler) -> Void in [{ $0.pointClip = nil }, { $0.spacing = .leading }, { $0.steps = 5 }] {
      var other = FlowSampler.reinFlow
      change(&other)
      try policy.setSampler(.flow(other))
      #expect(worst(try policy.decode(normalized: observation, noise: noise), actions) > 1e-4)
    }
  }

  @Test func takesTheWeightsThatAreAskedFor() throws {
    let expected = try NPZ.read(sharedFixture("reinflow/pretrained/expected.npz"))
    let (observation, noise) = (try #require(expected["obs"]), try #require(expected["noise"]))
    let (model, _) = try load("pretrained", weights: .model)
    #expect(worst(try model.decode(normalized: observation, noise: noise), try #require(expected["actions"])) > 1e-3)
    #expect(throws: UsageError.self) { try load("finetuned", weights: .ema) }
  }

  @Test func refusesWhatDoesNotFit() throws {
    func text(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "nothing was thrown"
      } catch { return "\(error)" }
    }
    let ranges = sharedFixture("reinflow/finetuned/normalization.npz")
    #expect(text { _ = try DiffusionPolicy.reinFlow(sharedFixture("torch/finetuned.pt"), normalization: ranges) }.contains("flow policy of ReinFlow"))
    #expect(text { _ = try DiffusionPolicy.reinFlow(sharedFixture("torch/hostile.pt"), normalization: ranges) }.contains("hostile.pt"))
    #expect(text { _ = try DiffusionPolicy.dppo(sharedFixture("reinflow/finetuned/state.pt"), normalization: ranges) }.contains("no checkpoint of a DPPO policy"))
    #expect(text { _ = try load("pretrained", sampler: .ddim(DDIM())) }.contains("sampled by flow"))
    #expect(text { _ = try DPPOShape(["vel_head.layers.0.weight": Tensor([1]), "t_emb.0.weight": Tensor([1])]) }.contains("shortcut flow"))
  }

  /// Network, points and clips in one chain, against the plan's own arithmetic; with both clips there is no chain.
  @Test func clippedPointsAreThoseOfThePlan() throws {
    let (policy, _) = try load("pretrained")
    let expected = try NPZ.read(sharedFixture("reinflow/pretrained/expected.npz"))
    let (observation, noise) = (try #require(expected["obs"]), try #require(expected["noise"]))
    for change: (inout FlowSampler) -> Void in [{ $0.pointClip = 0.5 }, { ($0.pointClip, $0.clip) = (0.6, 0.8) }, { ($0.spacing, $0.steps) = (.leading, 7) }] {
      var sampler = FlowSampler.reinFlow
      change(&sampler)
      try policy.setSampler(.flow(sampler))
      let plan = policy.schedule
      let plain = try plan.run(from: noise, watch: { i, point, _ in
        if i > 0, let bound = plan.moves[i].bound { #expect(point.values.allSatisfy { abs($0) <= Float(bound) }) }
      }) { x, move in try policy.epsilon(x, Float(plan.moves[move].time), observation) }
      #expect(worst(plain, try policy.decode(normalized: observation, noise: noise)) < 1e-5)
    }
  }

  @Test func eulersOptionsAreEulersAlone() throws {
    func text(_ change: (inout FlowSampler) -> Void) -> String {
      var sampler = FlowSampler()
      change(&sampler)
      do {
        _ = try sampler.plan(for: Flow())
        return "nothing was thrown"
      } catch { return "\(error)" }
    }
    #expect(text { $0.pointClip = -1 }.contains("positive point_clip"))
    #expect(text { ($0.pointClip, $0.method) = (1, .heun) }.contains("'euler' only"))
    #expect(text { ($0.spacing, $0.method) = (.linspace, .rk4) }.contains("spacing 'linspace'"))
    #expect(text { ($0.spacing, $0.steps) = (.linspace, 1) } == "nothing was thrown")
  }
}
