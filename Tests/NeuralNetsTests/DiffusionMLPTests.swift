import Files
import Tensors
import Testing

@testable import NeuralNets

/// config.json of a DPPO fixture.
private struct Sizes: Decodable {
  var observation_size, action_size, horizon, time_size: Int
  var hidden: [Int]
  var cond_hidden: [Int]?
  var activation: Activation
}

private func load(_ name: String) throws -> (net: DiffusionMLP, expected: [String: Tensor]) {
  let file = try Safetensors.read(Fixture.folder + "/dppo_\(name).safetensors")
  let sizes = try JSON.decode(Sizes.self, from: Array(try #require(file.metadata["config"]).utf8), source: name)
  var config = DiffusionMLP.Config(observationSize: sizes.observation_size, actionSize: sizes.action_size, horizon: sizes.horizon)
  (config.timeSize, config.hidden, config.conditionHidden, config.activation) = (sizes.time_size, sizes.hidden, sizes.cond_hidden, sizes.activation)
  var stream = RandomStream(seed: 1, purpose: "init")
  let net = try DiffusionMLP(config, using: &stream)
  try net.load(stateDict: file.tensors.filter { !$0.key.hasPrefix("expected.") })
  return (net, file.tensors.part("expected"))
}

/// ε as DPPO's own code computes it from its own checkpoints, whose keys fit unchanged.
@Test(arguments: ["small_relu", "small_cond"])
func epsilonAgreesWithDPPO(name: String) throws {
  let (net, expected) = try load(name)
  let observation = try #require(expected["obs"])
  let rows = observation.shape[0]
  let noise = try #require(expected["noise"]).reshape([rows, net.config.chunkSize])
  let wanted = try #require(expected["eps"])
  for (index, time) in try #require(expected["t"]).values.enumerated() {
    let epsilon = try wanted.select(0, index).reshape([rows, net.config.chunkSize])
    #expect(distance(try net(noise, time, observation), epsilon) < 1e-5)
    #expect(distance(try net(noise, Tensor.full(time, [rows]), observation), epsilon) < 1e-5)
  }
}

/// Every parameter gets a gradient, and one time for all rows gives the same as the time row by row.
@Test func gradientsReachEveryParameter() throws {
  let (net, expected) = try load("small_cond")
  let observation = try #require(expected["obs"])
  let noise = try #require(expected["noise"]).reshape([observation.shape[0], net.config.chunkSize])
  func gradients(_ epsilon: Tensor) throws -> [Tensor] {
    net.parameters.forEach { $0.zeroGrad() }
    try epsilon.squared().mean().backward()
    return try net.parameters.map { try #require($0.grad) }
  }
  let one = try gradients(net(noise, 3, observation))
  let rows = try gradients(net(noise, Tensor.full(3, [observation.shape[0]]), observation))
  for (a, b) in zip(one, rows) {
    #expect(a.values.contains { $0 != 0 })
    #expect(distance(a, b) < 1e-6)
  }
}

@Test func aPlainTrunkHasDPPOsNames() throws {
  var stream = RandomStream(seed: 1)
  var config = DiffusionMLP.Config(observationSize: 3, actionSize: 2, horizon: 4)
  (config.kind, config.hidden, config.observationSteps) = (.mlp, [16, 8], 2)
  let net = try DiffusionMLP(config, using: &stream)
  let weights = net.namedParameters.filter { $0.name.hasSuffix("weight") }
  #expect(
    weights.map(\.name) == ["time_embedding.1.weight", "time_embedding.3.weight"] + (0..<3).map { "mlp_mean.moduleList.\($0).linear_1.weight" })
  #expect(weights.map(\.tensor.shape) == [[32, 16], [16, 32], [16, 8 + 16 + 6], [8, 16], [8, 8]])
  #expect(try net(Tensor.zeros([5, 8]), 2, Tensor.zeros([5, 6])).shape == [5, 8])
}

@Test func wrongInputsAreNamed() throws {
  let (net, _) = try load("small_relu")  // 5 observed, chunk of 4 x 2
  func call(_ x: [Int], _ t: [Int], _ observation: [Int]) -> String? {
    complaint { _ = try net(Tensor.zeros(x), Tensor.zeros(t), Tensor.zeros(observation)) }
  }
  let table: [([Int], [Int], [Int], String?)] = [
    ([3, 8], [3], [3, 5], nil),
    ([3, 4, 2], [3], [3, 5], "the denoiser wants actions of shape [n, 8] (horizon x action), got [3, 4, 2]"),
    ([3, 8], [3], [2, 5], "the denoiser wants observations of shape [3, 5], got [2, 5]"),
    ([3, 8], [3], [3, 4], "the denoiser wants observations of shape [3, 5], got [3, 4]"),
    ([3, 8], [1], [3, 5], "the denoiser wants times of shape [3], got [1]"),
  ]
  for (x, t, observation, wanted) in table { #expect(call(x, t, observation) == wanted) }

  var stream = RandomStream(seed: 1)
  let config = DiffusionMLP.Config(observationSize: 3, actionSize: 0, horizon: 4)
  #expect(
    complaint { _ = try DiffusionMLP(config, using: &stream) }
      == "a denoiser wants positive sizes, got observation 3 x 1, action 0, horizon 4")
}
