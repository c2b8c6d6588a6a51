import Files
import NeuralNets
import Tensors

/// Whose .pt file it is: under which names it keeps the arrays of a policy's network.
struct CheckpointSource {
  /// In the words of errors: "a DPPO policy".
  let policy: String
  /// What stands before the arrays' names; the first that is there counts.
  let prefixes: [String]
  /// What stands before names that only another program's files have.
  let foreign: String

  static let dppo = CheckpointSource(policy: "a DPPO policy", prefixes: ["actor_ft.", "actor.", "network."], foreign: "actor_ft.policy.")
  static let reinFlow = CheckpointSource(policy: "a flow policy of ReinFlow", prefixes: ["actor_ft.policy.", "network."], foreign: "actor_ft.time_embedding.")

  /// What the network is, and its weights under our names.
  func network(_ state: [String: Tensor], _ options: DPPOImport, observation: Int, action: Int) throws -> (DenoiserConfig, [String: Tensor]) {
    if DPPOUNet.isOne(state) {
      let network = try DPPOUNet(state, options, observation: observation, action: action)
      return (.unet(network.config), network.state)
    }
    var config = try DPPOShape(state).config(observation: observation, action: action)
    if let wanted = options.horizon, wanted != config.horizon { throw UsageError("the checkpoint's chunks are of \(config.horizon) actions, got horizon \(wanted)") }
    guard options.nGroups == nil, options.groupnormEps == nil else { throw UsageError("n_groups and groupnorm_eps are for U-Nets; the checkpoint is of a diffusion MLP") }
    config.activation = options.activation
    return (.mlp(config), state)
  }

  /// The network's arrays, without what stands before their names.
  func state(_ path: String, _ weights: DPPOImport.Weights?) throws -> [String: Tensor] {
    let file = try PyTorchFile(path)
    var chosen = file.root
    let sets = DPPOImport.Weights.allCases.filter { file.root[$0.rawValue] != nil }
    if let wanted = weights ?? sets.first {
      guard let part = file.root[wanted.rawValue] else {
        throw UsageError("'\(path)' has no weights '\(wanted.rawValue)'; it holds \(file.root.keys.prefix(8).joined(separator: ", "))")
      }
      chosen = part
    }
    guard case .dictionary(let pairs) = chosen, let prefix = prefixes.first(where: { prefix in chosen.keys.contains { $0.hasPrefix(prefix) } }) else {
      let wanted = prefixes.reversed().map { "'\($0)'" }.joined(separator: " or ")
      throw UsageError("'\(path)' is no checkpoint of \(policy): wanted names that begin with \(wanted), got \(chosen.keys.prefix(8).joined(separator: ", "))")
    }
    if let strange = chosen.keys.first(where: { $0.hasPrefix(foreign) }) { throw UsageError("'\(path)' is no checkpoint of \(policy): it holds '\(strange)'") }
    let own = pairs.filter { $0.key.hasPrefix(prefix) }.map { (key: String($0.key.dropFirst(prefix.count)), value: $0.value) }
    return try file.tensors(in: .dictionary(own))
  }
}
