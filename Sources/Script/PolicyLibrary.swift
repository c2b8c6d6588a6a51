import Diffusion
import Environments
import LuaBridge
import NeuralNets
import Tensors

extension DiffusionPolicy.Training: LuaBridge.Options {}

extension Interpreter {
  /// dsrl.policy and the type Policy, dsrl.sampler and the type Sampler.
  func installPolicies(_ roles: TensorRoles) {
    module("dsrl.policy", doc: "Policies learned from behaviour data: what is steered.") { m in
      m.function("diffusion", "(options: table) -> Policy",
        "A diffusion policy of action chunks. env, or observation_size and action_size; horizon (env's chunk); network = {kind = \"residual_mlp\" (or \"mlp\"), hidden, activation, time_size, layer_norm, condition_hidden} or {kind = \"unet1d\", down_dims, kernel_size, n_groups, diffusion_step_embed_dim, cond_predict_scale} or {kind = \"transformer\", n_layer, n_head, n_emb, p_drop_emb, p_drop_attn, causal_attn} or a module with forward(self, x, t, observation): [n, latent], [n], [n, observation] to [n, latent]; process = {kind = \"ddpm\", steps, schedule, prediction, min_snr} or {kind = \"edm\", sigma_data, p_mean, p_std} or {kind = \"flow\", direction, time_law, ...}; sampler; precision (\"float32\" or \"bfloat16\"); normalization = {observation_min, observation_max, action_min, action_max}, lists of ranges that become [-1, 1] (fit finds them in the data); seed (0).",
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
      declarePolicySizes(t)
    }
  }

  private func declarePolicy(_ t: LuaType<PolicyObject>) {
    t.method("fit", "(data: DataSet, options?: table) -> table",
      "Trains the denoiser on the data; the weights left are the averaged ones. epochs, batch_size, learning_rate, final_learning_rate, warmup_epochs, weight_decay, ema_decay, seed; on_epoch = function({epoch, epochs, loss, learning_rate, gradient_steps}). Returns the last such table.",
      options: DiffusionPolicy.Training.self) { [unowned self] (policy: PolicyObject, data: DataObject, options: LuaTable?) in
      try long { try fit(policy.diffusion(for: "fit"), data.data, options ?? LuaTable()) }
    }
    t.method("decode", "(observation: Tensor | table, noise: Tensor | table) -> Tensor",
      "The chunks that noises lead to: [n, observation], [n, latent] to [n, horizon, action]; [observation], [latent] to [horizon, action]. The same noise gives the same chunk.") {
      (policy: PolicyObject, observation: TensorLike, noise: TensorLike) in try policy.decode(observation.tensor, noise.tensor)
    }
    t.method("act", "(observation: Tensor | table) -> Tensor", "Chunks of noise from the standard normal: [n, observation] to [n, horizon, action], [observation] to [horizon, action].") {
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

  private func fit(_ policy: DiffusionPolicy, _ data: DataSet, _ options: LuaTable) throws -> LuaTable {
    var options = options
    let report: LuaFunction? = try options.takeOptional("on_epoch")
    let chunks = try ActionChunks(
      observations: data.observations, actions: data.actions, starts: data.windows(horizon: policy.horizon), horizon: policy.horizon)
    var last = LuaTable()
    try policy.fit(chunks, options.decode()) { epoch in
      try checkInterrupt()
      last = epoch.luaTable
      try report?.call(last)
    }
    return last
  }
}

private func declarePolicySizes(_ t: LuaType<PolicyObject>) {
  t.property("horizon", "integer", "Actions in a chunk.") { $0.policy.horizon }
  t.property("latent_size", "integer", "Numbers of noise that one chunk takes.") { $0.policy.latentSize }
  t.property("observation_size", "integer", "Numbers in an observation.") { $0.policy.observationSize }
  t.property("action_size", "integer", "Numbers in one action.") { $0.policy.actionSize }
  t.property("parameters", "integer?", "Numbers trained; nil of a black box, as all that follows.") { $0.diffusion?.network.parameterCount }
  t.property("sampler", "Sampler?", "How noise becomes actions.") { $0.diffusion.map { SamplerObject($0.sampler) } }
  t.property("precision", "string?", "How the network is evaluated.") { $0.diffusion?.precision.rawValue }
  t.property("network", "table?", "The denoiser's kind and shape.") { try $0.diffusion?.config.network.luaTable() }
  t.property("process", "table?", "The noising it was trained under.") { try $0.diffusion?.config.process.luaTable() }
}

private func makeDiffusionPolicy(_ options: LuaTable, _ roles: TensorRoles) throws -> PolicyObject {
  var table = options
  let env: EnvironmentObject? = try table.takeOptional("env")
  let observation: Int? = try table.takeOptional("observation_size")
  let action: Int? = try table.takeOptional("action_size")
  let horizon: Int? = try table.takeOptional("horizon")
  let network: LuaValue? = try table.takeOptional("network")
  let process = try table.takeOptional("process").map(makeProcess) ?? .ddpm(DDPM())
  let sampler: SamplerObject? = try table.takeOptional("sampler")
  let evaluation: String? = try table.takeOptional("precision")
  let ranges: LuaTable? = try table.takeOptional("normalization")
  let seed: Int = try table.takeOptional("seed") ?? 0
  try table.finish()

  guard let observationSize = observation ?? env?.observationSpace.box.count, let actionSize = action ?? env?.actionSpace.box.count,
    let horizon = horizon ?? env?.recipe.chunk
  else { throw LuaError("missing 'env', or else 'observation_size', 'action_size' and 'horizon'") }
  for (name, size) in [("observation_size", observationSize), ("action_size", actionSize), ("horizon", horizon)] { try checkSize(name, size) }
  try process.check()
  let sizes = try DenoiserSizes(observation: observationSize, steps: 1, action: actionSize, horizon: horizon)
  let own = try network.flatMap { try ownNetwork($0, sizes, roles) }
  var config = DiffusionPolicy.Config(network: try own == nil ? DenoiserConfig(shape(network), sizes: sizes) : .own(sizes))
  config.process = process
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
  try table.finish()
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

extension DiffusionPolicy.Epoch {
  fileprivate var luaTable: LuaTable {
    LuaTable([
      ("epoch", .int(number)), ("epochs", .int(of)), ("loss", .number(Double(loss))), ("learning_rate", .number(Double(learningRate))),
      ("gradient_steps", .int(gradientSteps)),
    ])
  }
}
