import Diffusion
import Environments
import LuaBridge
import NeuralNets
import Tensors

extension Interpreter {
  /// dsrl.policy and the type Policy, dsrl.sampler and the type Sampler.
  func installPolicies() {
    module("dsrl.policy", doc: "Policies learned from behaviour data: what is steered.") { m in
      m.function("diffusion", "(options: table) -> Policy",
        "A diffusion policy of action chunks. env, or observation_size and action_size; horizon (env's chunk); network = {kind, hidden, activation, time_size, layer_norm, condition_hidden}; process = {kind = \"ddpm\", steps, schedule, prediction, min_snr} or {kind = \"edm\", sigma_data, p_mean, p_std} or {kind = \"flow\", direction, time_law, ...}; sampler; precision (\"float32\" or \"bfloat16\"); seed (0).",
        options: PolicyNetwork.self, makeDiffusionPolicy)
      m.function("load", "(folder: string, options?: {seed: integer?}) -> Policy", "What policy:save left. seed (0): of the noise it acts with.") {
        (folder: String, options: LuaTable?) throws -> PolicyObject in
        var options = options ?? LuaTable()
        let seed: Int = try options.takeOptional("seed") ?? 0
        try options.finish()
        return PolicyObject(try .load(from: folder), seed: seed)
      }
    }
    installSamplers()
    type(PolicyObject.self, doc: "A diffusion policy with its normalisation and its sampler.") { t in
      declarePolicy(t)
      declarePolicySizes(t)
    }
  }

  private func declarePolicy(_ t: LuaType<PolicyObject>) {
    t.method("decode", "(observation: Tensor | table, noise: Tensor | table) -> Tensor",
      "The chunks that noises lead to: [n, observation], [n, latent] to [n, horizon, action]; [observation], [latent] to [horizon, action]. The same noise gives the same chunk.") {
      (policy: PolicyObject, observation: TensorLike, noise: TensorLike) in try policy.decode(observation.tensor, noise.tensor)
    }
    t.method("act", "(observation: Tensor | table) -> Tensor", "Chunks of noise from the standard normal: [n, observation] to [n, horizon, action], [observation] to [horizon, action].") {
      (policy: PolicyObject, observation: TensorLike) in try policy.act(observation.tensor)
    }
    t.method("set_sampler", "(sampler: Sampler)", "Changes how noise becomes actions; the network stays.") { (policy: PolicyObject, sampler: SamplerObject) in
      try policy.policy.setSampler(sampler.sampler)
    }
    t.method("set_precision", "(precision: string)", "How the frozen network is evaluated, \"float32\" or \"bfloat16\"; training is float32 always.") {
      (policy: PolicyObject, name: String) in try policy.policy.setPrecision(precision(name))
    }
    t.method("save", "(folder: string)", "Writes network, normalisation and sampler to a folder.") { (policy: PolicyObject, folder: String) in
      try policy.policy.save(to: folder)
    }
  }
}

private func declarePolicySizes(_ t: LuaType<PolicyObject>) {
  t.property("horizon", "integer", "Actions in a chunk.") { $0.policy.horizon }
  t.property("latent_size", "integer", "Numbers of noise that one chunk takes.") { $0.policy.latentSize }
  t.property("observation_size", "integer", "Numbers in an observation.") { $0.policy.observationSize }
  t.property("action_size", "integer", "Numbers in one action.") { $0.policy.actionSize }
  t.property("parameters", "integer", "Numbers trained.") { $0.policy.network.parameterCount }
  t.property("sampler", "Sampler", "How noise becomes actions.") { SamplerObject($0.policy.sampler) }
  t.property("precision", "string", "How the network is evaluated.") { $0.policy.precision.rawValue }
  t.property("network", "table", "The denoiser's shape.") { try $0.networkOptions.luaTable() }
  t.property("process", "table", "The noising it was trained under.") { try $0.policy.config.process.luaTable() }
}

private func makeDiffusionPolicy(_ options: LuaTable) throws -> PolicyObject {
  var table = options
  let env: EnvironmentObject? = try table.takeOptional("env")
  let observation: Int? = try table.takeOptional("observation_size")
  let action: Int? = try table.takeOptional("action_size")
  let horizon: Int? = try table.takeOptional("horizon")
  let network: PolicyNetwork = try table.takeOptional("network") ?? PolicyNetwork()
  let process = try table.takeOptional("process").map(makeProcess) ?? .ddpm(DDPM())
  let sampler: SamplerObject? = try table.takeOptional("sampler")
  let evaluation: String? = try table.takeOptional("precision")
  let seed: Int = try table.takeOptional("seed") ?? 0
  try table.finish()

  guard let observationSize = observation ?? env?.observationSpace.box.count, let actionSize = action ?? env?.actionSpace.box.count,
    let horizon = horizon ?? env?.recipe.chunk
  else { throw LuaError("missing 'env', or else 'observation_size', 'action_size' and 'horizon'") }
  try process.check()
  var config = DiffusionPolicy.Config(network: try network.config(observationSize: observationSize, actionSize: actionSize, horizon: horizon))
  config.process = process
  var stream = RandomStream(seed: seed, purpose: "init")
  let policy = try DiffusionPolicy(config, sampler: sampler?.sampler, using: &stream)
  if let evaluation { try policy.setPrecision(precision(evaluation)) }
  return PolicyObject(policy, seed: seed)
}

private func precision(_ name: String) throws -> Precision {
  guard let precision = Precision(rawValue: name) else {
    throw UsageError("precision is one of \(Precision.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")), got '\(name)'")
  }
  return precision
}
