import NeuralNets
import Tensors

/// Reads the sizes of DPPO's U-Net (Ren et al. 2024) off its arrays, and gives the arrays the names that ours have. What convolutions do not tell,
/// the horizon, the groups and ε of its norms, comes from the options.
struct DPPOUNet {
  let config: UNet1d.Config
  /// Under our names.
  let state: [String: Tensor]

  static func isOne(_ state: [String: Tensor]) -> Bool { state.keys.contains { $0.hasPrefix("down_modules.") } }

  /// Throws for arrays that make no such network.
  init(_ state: [String: Tensor], _ options: DPPOImport, observation: Int, action: Int) throws {
    func tensor(_ name: String, rank: Int) throws -> Tensor {
      guard let tensor = state[name] else { throw UsageError("the checkpoint has no '\(name)'") }
      guard tensor.rank == rank else { throw UsageError("'\(name)' wants \(rank) dimensions, got \(tensor.shape)") }
      return tensor
    }
    if state.keys.contains(where: { $0.hasPrefix("cond_mlp.") }) { throw UsageError("the checkpoint is of a U-Net with layers for the observation (cond_mlp), which is not read") }
    guard options.activation == .mish else { throw UsageError("a U-Net has Mish for activation, got \(options.activation.rawValue)") }
    guard let horizon = options.horizon else { throw UsageError("a U-Net's file does not tell how many actions are in a chunk: wanted horizon") }
    var config = UNet1d.Config(observationSize: observation, actionSize: action, horizon: horizon)
    config.downDims = []
    while let first = state["down_modules.\(config.downDims.count).0.blocks.0.block.0.weight"] {
      guard first.rank == 3 else { throw UsageError("the convolutions of down_modules want three dimensions, got \(first.shape)") }
      config.downDims.append(first.shape[0])
      config.kernelSize = first.shape[2]
    }
    let seen = try tensor("down_modules.0.0.blocks.0.block.0.weight", rank: 3).shape[1]
    guard seen == action else { throw UsageError("the network is of actions of \(seen) numbers, its normalization of \(action)") }
    config.diffusionStepEmbedDim = try tensor("time_mlp.1.weight", rank: 2).shape[1]
    config.largerEncoder = state["down_modules.0.0.cond_encoder.0.weight"] != nil
    let encoder = try tensor("down_modules.0.0.cond_encoder.\(config.largerEncoder ? 0 : 1).weight", rank: 2).shape
    config.condPredictScale = encoder[0] == 2 * config.downDims[0]
    let heard = encoder[1] - config.diffusionStepEmbedDim
    guard heard > 0, heard % observation == 0 else {
      throw UsageError("the network sees \(heard) numbers of observation, which is no multiple of the \(observation) in its normalization")
    }
    config.observationSteps = heard / observation
    (config.nGroups, config.groupnormEps) = (options.nGroups ?? config.nGroups, options.groupnormEps ?? config.groupnormEps)
    self.config = config
    var named: [String: Tensor] = [:]
    for (name, tensor) in state {
      // Between a convolution and its norm DPPO has a layer that only reshapes.
      let ours = name.hasPrefix("time_mlp.") ? "diffusion_step_encoder." + name.dropFirst("time_mlp.".count) : name
      named[ours.replacing(".block.2.", with: ".block.1.")] = tensor
    }
    self.state = named
  }
}
