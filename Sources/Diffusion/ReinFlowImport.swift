import NeuralNets
import Tensors

extension DiffusionPolicy {
  /// The flow policy in `path`, a .pt file of ReinFlow (Zhang et al. 2025), with the ranges of its normalization.npz. ReinFlow builds on DPPO, and its
  /// network is DPPO's diffusion MLP, which tells the velocity at t in [0, 1], noise at 0. Of a fine-tuned checkpoint the fine-tuned policy is taken,
  /// without the noise that it explored with.
  public static func reinFlow(
    _ path: String, normalization: String, _ options: DPPOImport = DPPOImport(), sampler: Sampler? = nil
  ) throws -> DiffusionPolicy {
    try imported(path, .reinFlow, normalization: normalization, options, process: .flow(Flow()), sampler: sampler ?? .flow(.reinFlow))
  }
}

extension FlowSampler {
  /// As ReinFlow evaluates its policies: four of Euler's steps, every point clipped to [-1, 1].
  public static var reinFlow: FlowSampler {
    var sampler = FlowSampler()
    (sampler.steps, sampler.spacing, sampler.pointClip) = (4, .linspace, 1)
    return sampler
  }
}
