import Diffusion
import Environments
import LuaBridge
import NeuralNets
import Tensors

/// How many observations go into a policy's decision, how many actions come out and which of them are executed: what dsrl.policy.diffusion takes of it.
struct PolicyHorizons {
  let observationSteps: Int
  /// nil where nothing says it.
  let horizon: Int?
  /// nil: all of the horizon from the present on.
  let actionSteps: Int?
  let actionOffset: Int

  /// Removes them from the table; what it lacks is the environment's, and the offset is that of the papers which the network's kind comes from.
  init(_ table: inout LuaTable, env: EnvironmentRecipe?, network: LuaValue?) throws {
    observationSteps = try table.takeOptional("observation_steps") ?? env?.observationSteps ?? 1
    actionSteps = try table.takeOptional("action_steps") ?? env?.chunk
    try checkSize("observation_steps", observationSteps)
    if let actionSteps { try checkSize("action_steps", actionSteps) }
    let latest = observationSteps - 1
    let kind = PolicyHorizons.kind(of: network)
    actionOffset = try table.takeOptional("action_offset") ?? (kind == .unet1d || kind == .transformer ? latest : 0)
    let before = max(0, min(actionOffset, latest))  // an offset out of these is refused by the policy
    let multiple = kind == .unet1d ? PolicyHorizons.multiple(ofUNet: network) : 1
    horizon = try table.takeOptional("horizon") ?? actionSteps.map { ($0 + before + multiple - 1) / multiple * multiple }
  }

  /// nil where the network's options do not say it.
  private static func kind(of network: LuaValue?) -> DenoiserConfig.Kind? {
    guard case .table(let options)? = network, case .string(let kind)? = options["kind"] else { return nil }
    return DenoiserConfig.Kind(rawValue: kind)
  }

  /// What a U-Net's horizon must be a multiple of, since every level but the last halves it; 1 for levels that none has.
  private static func multiple(ofUNet network: LuaValue?) -> Int {
    var levels = UNetDenoiserOptions().downDims.count
    if case .table(let options)? = network, case .table(let widths)? = options["down_dims"] { levels = widths.list.count }
    return (1...16).contains(levels) ? 1 << (levels - 1) : 1
  }
}

extension ActionChunks {
  /// The windows of `data` that `policy` is trained on; `padAfter` actions of a window may lie after its episode.
  init(_ data: DataSet, for policy: any BasePolicy, padAfter: Int) throws {
    try self.init(
      observations: data.observations, actions: data.actions,
      starts: data.windows(horizon: policy.horizon, actionOffset: policy.actionOffset, padAfter: padAfter), horizon: policy.horizon,
      observationSteps: policy.observationSteps, actionOffset: policy.actionOffset, padAfter: padAfter, episodes: data.episodes.map(\.range))
  }
}

extension PolicyObject {
  /// What goes in and what comes out: "observation 2 x 11 and latent 24 to 8 x 3 actions, of which numbers 2 to 5 are executed".
  var maps: String {
    let seen = policy.observationSteps == 1 ? "\(policy.observationSize)" : "\(policy.observationSteps) x \(policy.observationSize)"
    let predicted = "observation \(seen) and latent \(policy.latentSize) to \(policy.horizon) x \(policy.actionSize) actions"
    guard policy.actionSteps < policy.horizon else { return predicted }
    let first = policy.actionOffset + 1, last = policy.actionOffset + policy.actionSteps
    return predicted + (first == last ? ", of which number \(first) is executed" : ", of which numbers \(first) to \(last) are executed")
  }
}
