extension DiffusionPolicy.Training {
  /// The published ways to train a denoiser.
  public enum Recipe: String, CaseIterable, Sendable {
    /// Ren et al. 2024, their gym tasks: cfg/gym/pretrain/hopper-medium-v2/pre_diffusion_mlp.yaml, agent/pretrain/train_agent.py. Their
    /// learning rate moves once an epoch, here with every step.
    case dppo
    /// Chi et al. 2023, state observations: diffusion_policy/config/train_diffusion_unet_lowdim_workspace.yaml.
    case diffusionPolicy = "diffusion_policy"
  }

  /// Every option as a recipe has it.
  public init(_ recipe: Recipe) {
    self.init()
    switch recipe {
    case .dppo:
      (epochs, batchSize) = (200, 128)
      (learningRate, finalLearningRate, learningRateSchedule, warmupEpochs) = (1e-3, 1e-4, .cosineRestarts, 1)
      weightDecay = 1e-6
      // Their epochs count from 1, and before epoch 20 the average is set to the weights.
      (emaDecay, emaWarmupEpochs, emaEvery) = (0.995, 19, 10)
    case .diffusionPolicy:
      (epochs, batchSize) = (5000, 256)
      (learningRate, finalLearningRate, learningRateSchedule, warmupSteps) = (1e-4, 0, .cosine, 500)
      (betas, weightDecay) = ([0.95, 0.999], 1e-6)
      (emaDecay, emaPower, emaInvGamma, emaMinDecay, emaWarmupEpochs, emaEvery) = (0.9999, 0.75, 1, 0, 0, 1)
    }
  }
}
