import Files
import NeuralNets
import Tensors

/// What a checkpoint of DPPO or ReinFlow does not tell of the policy that it holds.
public struct DPPOImport: Codable, Equatable, Sendable {
  public enum Weights: String, Codable, CaseIterable, Sendable {
    /// The average that training kept: what these programs evaluate and DSRL steers.
    case ema
    case model
  }

  /// nil: "ema" where the file has it, else "model" (a fine-tuned checkpoint has no average).
  public var weights: Weights?
  public var activation = Activation.mish
  /// Actions of a chunk that are executed; nil: all.
  public var actionSteps: Int?
  /// Actions of a chunk, which a U-Net's file does not tell; of an MLP it must be what the file tells.
  public var horizon: Int?
  /// Of a U-Net's norms, and of no other network: nil is 8, and 1e-5.
  public var nGroups: Int?
  public var groupnormEps: Float?

  public init() {}
}

extension DiffusionPolicy {
  /// The policy in `path`, a .pt file of DPPO (Ren et al. 2024), with the ranges of its normalization.npz.
  /// Sizes come from the arrays' shapes; of a fine-tuned checkpoint the fine-tuned actor is taken for every step.
  public static func dppo(
    _ path: String, normalization: String, _ options: DPPOImport = DPPOImport(), process: DDPM = DDPM(), sampler: Sampler? = nil
  ) throws -> DiffusionPolicy {
    try imported(path, .dppo, normalization: normalization, options, process: .ddpm(process), sampler: sampler)
  }

  static func imported(
    _ path: String, _ source: CheckpointSource, normalization: String, _ options: DPPOImport, process: Process, sampler: Sampler?
  ) throws -> DiffusionPolicy {
    let (observation, action) = try Normalizer.dppo(normalization)
    let state = try source.state(path, options.weights)
    return try named(path) {
      try process.check()
      let (network, weights) = try source.network(state, options, observation: observation.size, action: action.size)
      var config = Config(network: network)
      (config.process, config.actionSteps) = (process, options.actionSteps)
      var stream = RandomStream(seed: 0, purpose: "init")
      let policy = try DiffusionPolicy(config, sampler: sampler, using: &stream)
      try policy.network.load(stateDict: weights)
      try policy.setNormalization(observation: observation, action: action)
      policy.weightsChanged()
      return policy
    }
  }
}

extension Normalizer {
  /// The ranges in DPPO's normalization.npz.
  public static func dppo(_ path: String) throws -> (observation: Normalizer, action: Normalizer) {
    let ranges = try NPZ.read(path, keys: ["obs_min", "obs_max", "action_min", "action_max"])
    func column(_ key: String) throws -> Tensor { try (ranges[key] ?? Tensor([])).reshape([-1]) }
    return try named(path) {
      try (
        Normalizer(minimum: column("obs_min"), maximum: column("obs_max")), Normalizer(minimum: column("action_min"), maximum: column("action_max"))
      )
    }
  }
}

/// Runs `body`; its errors name the file.
private func named<R>(_ path: String, _ body: () throws -> R) throws -> R {
  do { return try body() } catch let error as UsageError {
    throw UsageError("\(error)".hasPrefix("'\(path)'") ? "\(error)" : "'\(path)': \(error)")
  }
}
