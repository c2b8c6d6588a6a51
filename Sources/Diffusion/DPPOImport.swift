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
    _ path: String, normalization: String, _ options: DPPOImport = DPPOImport(), process: DDPM = DDPM(), sampler: DDIM? = nil
  ) throws -> DiffusionPolicy {
    let ranges = try NPZ.read(normalization, keys: ["obs_min", "obs_max", "action_min", "action_max"])
    let (observation, action) = try named(normalization) {
      func column(_ key: String) throws -> Tensor { try (ranges[key] ?? Tensor([])).reshape([-1]) }
      return try (
        Normalizer(minimum: column("obs_min"), maximum: column("obs_max")), Normalizer(minimum: column("action_min"), maximum: column("action_max"))
      )
    }
    let state = try dppoState(path, options.weights)
    return try named(path) {
      try process.check()
      var config = Config(network: try DPPOShape(state).config(observation: observation.size, action: action.size))
      config.network.activation = options.activation
      config.process = process
      var stream = RandomStream(seed: 0, purpose: "init")
      let policy = try DiffusionPolicy(config, sampler: sampler, using: &stream)
      try policy.network.load(stateDict: state)
      try policy.setNormalization(observation: observation, action: action)
      policy.weightsChanged()
      return policy
    }
  }

  private static func named<R>(_ path: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as UsageError {
      throw UsageError("\(error)".hasPrefix("'") ? "\(error)" : "'\(path)': \(error)")
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

/// Reads a denoiser's sizes off its arrays' names and shapes.
struct DPPOShape {
  let state: [String: Tensor]

  /// Throws naming the kind of a network that is no diffusion MLP.
  init(_ state: [String: Tensor]) throws {
    self.state = state
    func has(_ part: String) -> Bool { state.keys.contains { $0.hasPrefix(part) } }
    if has("backbone.") || has("compress") { throw UsageError("the checkpoint is of a vision policy (it has image layers); policies of state observations are read") }
    if has("down_modules.") || has("mid_modules.") { throw UsageError("the checkpoint is of a UNet (it has down_modules); diffusion MLPs are read") }
    guard has("time_embedding."), has("mlp_mean.") else {
      throw UsageError("the checkpoint is of no diffusion MLP: wanted time_embedding and mlp_mean, got \(state.keys.sorted().prefix(6).joined(separator: ", "))")
    }
  }

  func config(observation: Int, action: Int) throws -> DiffusionMLP.Config {
    let plain = state["mlp_mean.moduleList.0.linear_1.weight"] != nil
    let trunk = try plain ? list("mlp_mean.moduleList.", ".linear_1.weight") : residual()
    guard let first = trunk.first, let last = trunk.last, trunk.count > 1 else { throw UsageError("the checkpoint's mlp_mean has fewer than two layers") }
    let (chunk, time) = (last[0], try size("time_embedding.1.weight")[1])
    guard chunk > 0, chunk % action == 0 else {
      throw UsageError("the network puts out \(chunk) numbers, which is no multiple of the \(action) of an action in its normalization")
    }
    var config = DiffusionMLP.Config(observationSize: observation, actionSize: action, horizon: chunk / action)
    config.kind = plain ? .mlp : .residualMLP
    config.timeSize = time
    config.hidden = trunk.dropLast().map { $0[0] }
    config.layerNorm = state.keys.contains { $0.hasPrefix("mlp_mean.") && $0.contains("norm") }
    let condition = try list("cond_mlp.moduleList.", ".linear_1.weight")
    if !condition.isEmpty { config.conditionHidden = condition.map { $0[0] } }
    let seen = condition.first?[1] ?? first[1] - chunk - time
    guard seen == observation else {
      let several = seen > observation && seen % observation == 0
      throw UsageError(
        "the network sees \(seen) numbers of observation, its normalization has \(observation)"
          + (several ? ": it was trained on \(seen / observation) observations at once, and policies here see one" : ""))
    }
    return config
  }

  /// [out, in] of each layer, a block's two layers among them.
  private func residual() throws -> [[Int]] {
    var shapes = [try size("mlp_mean.layers.0.weight")]
    var index = 1
    while state["mlp_mean.layers.\(index).l1.weight"] != nil {
      shapes += [try size("mlp_mean.layers.\(index).l1.weight"), try size("mlp_mean.layers.\(index).l2.weight")]
      index += 1
    }
    return shapes + [try size("mlp_mean.layers.\(index).weight")]
  }

  private func list(_ start: String, _ end: String) throws -> [[Int]] {
    var shapes: [[Int]] = []
    while state[start + String(shapes.count) + end] != nil { shapes.append(try size(start + String(shapes.count) + end)) }
    return shapes
  }

  private func size(_ name: String) throws -> [Int] {
    guard let tensor = state[name] else { throw UsageError("the checkpoint has no '\(name)'") }
    guard tensor.rank == 2 else { throw UsageError("'\(name)' wants two dimensions, got \(tensor.shape)") }
    return tensor.shape
  }
}
