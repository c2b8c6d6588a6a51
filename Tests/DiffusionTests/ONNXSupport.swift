import NeuralNets
import Tensors

@testable import Diffusion

/// Small policies of every kind that has an ONNX form, with weights that matter and ranges that are not [-1, 1].
enum ONNXPolicies {
  static func policy(
    _ change: (inout DiffusionMLP.Config) -> Void = { _ in }, process: Process = .ddpm(DDPM()), sampler: Sampler? = nil
  ) throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 5, actionSize: 2, horizon: 4)
    network.hidden = [16, 16, 16]
    change(&network)
    return try policy(.mlp(network), process: process, sampler: sampler)
  }

  static func policy(_ network: DenoiserConfig, process: Process = .ddpm(DDPM()), sampler: Sampler? = nil) throws -> DiffusionPolicy {
    var config = DiffusionPolicy.Config(network: network)
    config.process = process
    var stream = RandomStream(seed: 3, purpose: "init")
    return try ready(DiffusionPolicy(config, sampler: sampler, using: &stream))
  }

  /// Norms and biases do not begin at what they begin with, so that a forgotten one shows.
  static func ready(_ policy: DiffusionPolicy) throws -> DiffusionPolicy {
    var stream = RandomStream(seed: 4)
    for parameter in policy.network.parameters {
      try parameter.assign(parameter.detach() + 0.1 * Tensor.randn(parameter.shape, using: &stream))
    }
    try policy.setNormalization(
      observation: Normalizer(minimum: Tensor([-2, 0, 1, -5, 3]), maximum: Tensor([2, 1, 4, 5, 3])),
      action: Normalizer(minimum: Tensor([-3, 0.5]), maximum: Tensor([1, 2])))
    policy.weightsChanged()
    return policy
  }

  /// Observations in the environment's units and noises.
  static func inputs(_ policy: DiffusionPolicy, rows: Int) throws -> (observation: Tensor, noise: Tensor) {
    var stream = RandomStream(seed: 5)
    return (try Tensor.randn([rows, policy.observationSize], using: &stream), try Tensor.randn([rows, policy.latentSize], using: &stream))
  }
}
