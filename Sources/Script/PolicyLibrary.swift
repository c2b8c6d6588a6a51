import Diffusion
import Environments
import LuaBridge
import NeuralNets
import Tensors

extension Interpreter {
  /// dsrl.policy and the type Policy, dsrl.sampler and the type Sampler.
  func installPolicies(_ roles: TensorRoles) {
    module("dsrl.policy", doc: "Policies learned from behaviour data: what is steered.") { m in
      m.function("diffusion", "(options: table) -> Policy",
        "A diffusion policy of action chunks. env, or observation_size and action_size of one observation and one action; observation_steps (env's, else 1): the last observations that it sees, oldest first; horizon (action_steps + action_offset, for unet1d rounded up to what its levels can halve): actions that it predicts; action_steps (env's chunk, else all from the present on): how many of them are executed; action_offset: how many lie before the present; 0: it predicts from now on, as in DPPO (default of residual_mlp, mlp and modules), observation_steps - 1: from the first observation on, as in Diffusion Policy (of unet1d and transformer); network = {kind = \"residual_mlp\" (or \"mlp\"), hidden, activation, time_size, layer_norm, condition_hidden} or {kind = \"unet1d\", down_dims, kernel_size, n_groups, diffusion_step_embed_dim, cond_predict_scale, larger_encoder, groupnorm_eps} or {kind = \"transformer\", n_layer, n_head, n_emb, p_drop_emb, p_drop_attn, causal_attn} or a module with forward(self, x, t, observation): [n, latent], [n], [n, observation_steps * observation] to [n, latent]; process = {kind = \"ddpm\", steps, schedule, prediction, min_snr} or {kind = \"edm\", sigma_data, p_mean, p_std} or {kind = \"flow\", direction, time_law, ...}; sampler; precision (\"float32\" or \"bfloat16\"); normalization = {observation_min, observation_max, action_min, action_max}, lists of ranges that become [-1, 1], as data:normalization() gives them (fit finds them in the data); seed (0).",
        options: MLPDenoiserOptions.self) { (options: LuaTable) in try makeDiffusionPolicy(options, roles) }
      m.function("load", "(folder: string, options?: {network: Module?, seed: integer?}) -> Policy",
        "What policy:save left. network: the module that takes the weights, where the policy's network was one of the script's own; seed (0): of the noise it acts with.") {
        (folder: String, options: LuaTable?) throws -> PolicyObject in
        var options = options ?? LuaTable()
        let seed: Int = try options.takeOptional("seed") ?? 0
        let network: LuaValue? = try options.takeOptional("network")
        try options.finish()
        return PolicyObject(try loadPolicy(folder, network, roles), seed: seed)
      }
    }
    installSamplers()
    type(PolicyObject.self, doc: "A diffusion policy with its normalisation and its sampler.") { t in
      declarePolicy(t)
      declarePolicyExport(t)
      declarePolicySizes(t)
    }
  }

  private func declarePolicy(_ t: LuaType<PolicyObject>) {
    t.method("decode", "(observation: Tensor | table, noise: Tensor | table) -> Tensor",
      "The whole chunks that noises lead to: [n, observation], [n, latent] to [n, horizon, action]; [observation], [latent] to [horizon, action]. The same noise gives the same chunk. Of observation_steps above 1 the observations are [n, observation_steps * observation] or [n, observation_steps, observation], as env shows them.") {
      (policy: PolicyObject, observation: TensorLike, noise: TensorLike) in try policy.decode(observation.tensor, noise.tensor)
    }
    t.method("act", "(observation: Tensor | table) -> Tensor", "What is executed of the chunks that noise from the standard normal leads to: [n, observation] to [n, action_steps, action], [observation] to [action_steps, action].") {
      (policy: PolicyObject, observation: TensorLike) in try policy.act(observation.tensor)
    }
    t.method("set_sampler", "(sampler: Sampler)", "Changes how noise becomes actions; the network stays.") { (policy: PolicyObject, sampler: SamplerObject) in
      try policy.diffusion(for: "set_sampler").setSampler(sampler.sampler)
    }
    t.method("set_precision", "(precision: string)", "How the frozen network is evaluated, \"float32\" or \"bfloat16\"; training is float32 always.") {
      (policy: PolicyObject, name: String) in try policy.diffusion(for: "set_precision").setPrecision(precision(name))
    }
    t.method("save", "(folder: string)", "Writes network, normalisation and sampler to a folder.") { (policy: PolicyObject, folder: String) in
      try policy.diffusion(for: "save").save(to: folder)
    }
  }
}

private func declarePolicySizes(_ t: LuaType<PolicyObject>) {
  t.property("horizon", "integer", "Actions in a chunk: what is predicted.") { $0.policy.horizon }
  t.property("action_steps", "integer", "Actions of a chunk that are executed before the next decision.") { $0.policy.actionSteps }
  t.property("action_offset", "integer", "Actions of a chunk that lie before the present; the executed ones follow them.") { $0.policy.actionOffset }
  t.property("observation_steps", "integer", "Observations that it sees at once.") { $0.policy.observationSteps }
  t.property("latent_size", "integer", "Numbers of noise that one chunk takes.") { $0.policy.latentSize }
  t.property("observation_size", "integer", "Numbers in one observation.") { $0.policy.observationSize }
  t.property("action_size", "integer", "Numbers in one action.") { $0.policy.actionSize }
  t.property("parameters", "integer?", "Numbers trained; nil of a black box, as all that follows.") { $0.diffusion?.network.parameterCount }
  t.property("sampler", "Sampler?", "How noise becomes actions.") { $0.diffusion.map { SamplerObject($0.sampler) } }
  t.property("precision", "string?", "How the network is evaluated.") { $0.diffusion?.precision.rawValue }
  t.property("network", "table?", "The denoiser's kind and shape.") { try $0.diffusion?.config.network.luaTable() }
  t.property("normalization_hash", "string?", "SHA-256 of the ranges that observations and actions are scaled by; nil before it is fitted.") { $0.diffusion?.normalizationHash }
  t.property("process", "table?", "The noising it was trained under.") { try $0.diffusion?.config.process.luaTable() }
}

private func makeDiffusionPolicy(_ options: LuaTable, _ roles: TensorRoles) throws -> PolicyObject {
  var table = options
  let env: EnvironmentObject? = try table.takeOptional("env")
  let observation: Int? = try table.takeOptional("observation_size")
  let action: Int? = try table.takeOptional("action_size")
  let network: LuaValue? = try table.takeOptional("network")
  let horizons = try PolicyHorizons(&table, env: env?.recipe, network: network)
  let process = try table.takeOptional("process").map(makeProcess) ?? .ddpm(DDPM())
  let sampler: SamplerObject? = try table.takeOptional("sampler")
  let evaluation: String? = try table.takeOptional("precision")
  let ranges: LuaTable? = try table.takeOptional("normalization")
  let seed: Int = try table.takeOptional("seed") ?? 0
  try table.finish()

  guard let observationSize = observation ?? env?.frameSize, let actionSize = action ?? env?.actionSpace.box.count, let horizon = horizons.horizon else {
    throw LuaError("missing 'env', or else 'observation_size', 'action_size' and 'horizon'")
  }
  for (name, size) in [("observation_size", observationSize), ("action_size", actionSize), ("horizon", horizon)] { try checkSize(name, size) }
  try process.check()
  let sizes = try DenoiserSizes(observation: observationSize, steps: horizons.observationSteps, action: actionSize, horizon: horizon)
  let own = try network.flatMap { try ownNetwork($0, sizes, roles) }
  var config = DiffusionPolicy.Config(network: try own == nil ? DenoiserConfig(shape(network), sizes: sizes) : .own(sizes))
  (config.process, config.actionSteps, config.actionOffset) = (process, horizons.actionSteps, horizons.actionOffset)
  var stream = RandomStream(seed: seed, purpose: "init")
  let policy = try DiffusionPolicy(config, sampler: sampler?.sampler, own: own, using: &stream)
  if let ranges { try setNormalization(of: policy, ranges) }
  if let evaluation { try policy.setPrecision(precision(evaluation)) }
  return PolicyObject(policy, seed: seed)
}

/// From `normalization = {observation_min = {...}, observation_max = {...}, action_min = {...}, action_max = {...}}`.
private func setNormalization(of policy: DiffusionPolicy, _ ranges: LuaTable) throws {
  var table = ranges
  func normalizer(_ name: String) throws -> Normalizer {
    let (low, high): ([Float], [Float]) = (try table.take(name + "_min"), try table.take(name + "_max"))
    return try Normalizer(minimum: Tensor(low), maximum: Tensor(high))
  }
  let (observation, action) = (try normalizer("observation"), try normalizer("action"))
  let hash: String? = try table.takeOptional("hash")
  try table.finish()
  if let hash, try hash != Normalizer.hash(observation: observation, action: action) {
    throw UsageError("these ranges are not the ones that the hash \(hash.prefix(16))... is of")
  }
  try policy.setNormalization(observation: observation, action: action)
}

private func shape(_ network: LuaValue?) throws -> LuaTable {
  switch network {
  case nil: return LuaTable()
  case .table(let table): return table
  case let other?: throw LuaError("'network' must be a table of options or a module written in Lua, got \(other.brief)")
  }
}

/// The denoiser that a module written in Lua is; nil for any other value.
private func ownNetwork(_ value: LuaValue, _ sizes: DenoiserSizes, _ roles: TensorRoles) throws -> LuaDenoiser? {
  guard case .other(let reference) = value, try reference.isTable(of: ModuleObject.luaName) else { return nil }
  return try LuaDenoiser(reference, sizes: sizes, roles: roles)
}

private func loadPolicy(_ folder: String, _ network: LuaValue?, _ roles: TensorRoles) throws -> DiffusionPolicy {
  guard let network else { return try .load(from: folder) }
  return try .load(from: folder) { sizes in
    guard let own = try ownNetwork(network, sizes, roles) else { throw LuaError("'network' must be a module written in Lua, got \(network.brief)") }
    return own
  }
}

private func precision(_ name: String) throws -> Precision {
  guard let precision = Precision(rawValue: name) else {
    throw UsageError("precision is one of \(Precision.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")), got '\(name)'")
  }
  return precision
}
