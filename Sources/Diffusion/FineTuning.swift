import NeuralNets
import Tensors

// What a method needs that changes the policy itself, and steering does not.
extension DiffusionPolicy {
  /// A policy of its own with the same weights, normalisation, sampler and precision. Throws for one that was never fitted and for a network of its user's own.
  public func copy() throws -> DiffusionPolicy {
    if case .own = config.network { throw UsageError("a policy whose network is a module of the script's own cannot be copied; wanted one of residual_mlp, mlp, unet1d, transformer") }
    guard let normalization else { throw UsageError("this policy has no normalisation yet, so it is not copied: fit it to data first") }
    var stream = RandomStream(seed: 0, purpose: "init")
    let copy = try DiffusionPolicy(config, sampler: sampler, using: &stream)
    try copy.network.load(network)
    try copy.setNormalization(observation: normalization.observation, action: normalization.action)
    try copy.setPrecision(precision)
    return copy
  }

  /// The sampler's map as `decode` has it, in float32 and with its gradient through every denoising step: [n, observation], [n, latent] ->
  /// [n, horizon · action]. Its memory grows with the steps. Throws for a sampler that draws noise inside.
  public func unrolled(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    guard schedule.isDeterministic else {
      throw UsageError("a gradient through the denoising steps wants a deterministic sampler, got a \(sampler.kind.rawValue) sampler that draws noise inside")
    }
    try checkObservation(observation)
    guard noise.shape == [observation.shape[0], latentSize] else {
      throw UsageError("this policy wants noise of shape [\(observation.shape[0]), \(latentSize)], got \(noise.shape)")
    }
    return try schedule.run(from: noise) { x, move in try epsilon(x, Float(schedule.moves[move].time), observation) }
  }

  /// The loss by which the policy was trained, on chunks [n, horizon · action] in [-1, 1] at normalised observations; times and noises come from `stream`.
  public func imitationLoss(normalized observation: Tensor, chunk: Tensor, using stream: inout RandomStream) throws -> Tensor {
    try config.process.lesson(chunk, alphaBars, using: &stream).loss(network, observation)
  }
}
