import Files
import NeuralNets
import Tensors

/// What a DPPO checkpoint does not tell of the policy that it holds.
public struct DPPOImport: Codable, Equatable, Sendable {
  public enum Weights: String, Codable, CaseIterable, Sendable {
    /// The average that training kept: what DPPO evaluates and DSRL steers.
    case ema
    case model
  }

  /// nil: "ema" where the file has it, else "model" (a fine-tuned checkpoint has no average).
  public var weights: Weights?
  public var activation = Activation.mish

  public init() {}
}

extension DiffusionPolicy {
  /// The policy in `path`, a .pt file of DPPO (Ren et al. 2024), with the ranges of its normalization.npz.
  /// Sizes come from the arrays' shapes; of a fine-tuned checkpoint the fine-tuned actor is taken for every step.
  public static func dppo(
    _ path: String, normalization: String, _ options: DPPOImport = DPPOImport(), process: DDPM = DDPM(), sampler: Sampler? = nil
  ) throws -> DiffusionPolicy {
    let (observation, action) = try Normalizer.dppo(normalization)
    let state = try dppoState(path, options.weights)
    return try named(path) {
      try process.check()
      var network = try DPPOShape(state).config(observation: observation.size, action: action.size)
      network.activation = options.activation
      var config = Config(network: network)
      config.process = .ddpm(process)
      var stream = RandomStream(seed: 0, purpose: "init")
      let policy = try DiffusionPolicy(config, sampler: sampler, using: &stream)
      try policy.network.load(stateDict: state)
      try policy.setNormalization(observation: observation, action: action)
      policy.weightsChanged()
      return policy
    }
  }

  /// The denoiser's arrays, without "network." or "actor_ft." before their names.
  private static func dppoState(_ path: String, _ weights: DPPOImport.Weights?) throws -> [String: Tensor] {
    let file = try PyTorchFile(path)
    var chosen = file.root
    let sets = DPPOImport.Weights.allCases.filter { file.root[$0.rawValue] != nil }
    if let wanted = weights ?? sets.first {
      guard let part = file.root[wanted.rawValue] else {
        throw UsageError("'\(path)' has no weights '\(wanted.rawValue)'; it holds \(file.root.keys.prefix(8).joined(separator: ", "))")
      }
      chosen = part
    }
    let prefixes = ["actor_ft.", "actor.", "network."]
    guard let prefix = prefixes.first(where: { prefix in chosen.keys.contains { $0.hasPrefix(prefix) } }) else {
      throw UsageError("'\(path)' is no checkpoint of a DPPO policy: wanted names that begin with 'network.' or 'actor_ft.', got \(chosen.keys.prefix(8).joined(separator: ", "))")
    }
    guard case .dictionary(let pairs) = chosen else { throw UsageError("'\(path)' is no checkpoint of a DPPO policy") }
    let own = pairs.filter { $0.key.hasPrefix(prefix) }.map { (key: String($0.key.dropFirst(prefix.count)), value: $0.value) }
    return try file.tensors(in: .dictionary(own))
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
