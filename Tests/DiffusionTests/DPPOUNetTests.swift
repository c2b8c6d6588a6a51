import Files
import NeuralNets
import Tensors
import Testing

@testable import Diffusion

/// DPPO's U-Nets against vectors of scripts/fixtures/dppo_unet.py.
struct DPPOUNetTests {
  private struct Sizes: Decodable {
    let horizon: Int, n_groups: Int, groupnorm_eps: Float, down_dims: [Int], larger: Bool, steps: Int
  }

  private func folder(_ name: String) -> String { sharedFixture("dppo_unet/" + name) }

  private func load(_ name: String, _ change: (inout DPPOImport) -> Void = { _ in }) throws -> (DiffusionPolicy, Sizes) {
    let sizes = try JSON.decode(Sizes.self, from: readBytes(folder(name) + "/config.json"), source: "config.json")
    var options = DPPOImport()
    (options.horizon, options.nGroups, options.groupnormEps) = (sizes.horizon, sizes.n_groups, sizes.groupnorm_eps)
    change(&options)
    return (try .dppo(folder(name) + "/state.pt", normalization: folder(name) + "/normalization.npz", options), sizes)
  }

  @Test(arguments: ["larger", "smaller"]) func computesAsDPPODoes(_ name: String) throws {
    let (policy, sizes) = try load(name)
    guard case .unet(let network) = policy.config.network else { throw UsageError("a U-Net was wanted") }
    #expect(network.downDims == sizes.down_dims && network.largerEncoder == sizes.larger && network.condPredictScale == sizes.larger)
    #expect(network.observationSteps == sizes.steps && policy.horizon == sizes.horizon)

    let expected = try NPZ.read(folder(name) + "/expected.npz")
    let (observation, noise) = (try #require(expected["obs"]), try #require(expected["noise"]))
    let (times, epsilons) = (try #require(expected["t"]), try #require(expected["eps"]))
    let x = try noise.reshape([noise.shape[0], policy.latentSize])
    for (row, time) in times.values.enumerated() {
      let apart = worst(try policy.epsilon(x, time, observation).detach(), try epsilons.select(0, row).reshape(x.shape))
      #expect(apart < 1e-5, "t = \(time): \(apart)")
    }
    // The packed form, where there is one, and the plain one say the same.
    let chunk = try policy.decode(normalized: observation, noise: x)
    let plain = try policy.schedule.run(from: x) { point, move in try policy.epsilon(point, Float(policy.schedule.moves[move].time), observation) }
    #expect(worst(chunk, plain.detach()) < 1e-5)
    #expect(try load(name) { $0.weights = .model }.0.epsilon(x, 0, observation).values.allSatisfy { $0 == 0 })
  }

  @Test func whatTheFileDoesNotTellIsAskedFor() throws {
    func message(_ change: (inout DPPOImport) -> Void) -> String {
      do { _ = try load("larger", change) } catch { return "\(error)" }
      return ""
    }
    #expect(message { $0.horizon = nil }.contains("a U-Net's file does not tell how many actions are in a chunk: wanted horizon"))
    #expect(message { $0.horizon = 5 }.contains("a U-Net of 2 levels wants a horizon divisible by 2, got 5"))
    #expect(message { $0.nGroups = 3 }.contains("groups that divide its channels"))
    #expect(message { $0.activation = .relu }.contains("a U-Net has Mish for activation, got relu"))
  }
}
