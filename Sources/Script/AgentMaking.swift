import Agents
import Environments
import LuaBridge
import NeuralNets
import Tensors

extension CriticOptions: OptionGroup {}
extension LearningOptions: OptionGroup {}
extension SteeringOptions: OptionGroup {}
extension SAC.Options: LuaBridge.Options {}
extension ResidualOptions: OptionGroup {}
extension SteeringSACOptions: LuaBridge.Options {}
extension ResidualSACOptions: LuaBridge.Options {}
extension DSRLNA.Options: LuaBridge.Options {}
extension BestOfN.Options: LuaBridge.Options {}
extension GoldenTicket.Options: LuaBridge.Options {}
extension BoundedBase.Options: LuaBridge.Options {}

/// The functions of dsrl.agent that make agents with an actor.
func declareAgents(_ m: LuaModule) {
  m.function("sac", "(options: table) -> Agent",
    "Soft actor-critic. env, and Stable-Baselines3's options; target_entropy = \"auto\" is minus the action's size. With demonstrations = data every batch takes a share of them (RLPD); their chunks begin at every step.",
    options: SAC.Options.self, makeSAC)
  m.function("dsrl_sac", "(options: table) -> Agent",
    "DSRL-SAC: soft actor-critic whose actions are the frozen policy's initial noise. Critics and replay see the noise, in [-1, 1]; the policy makes a chunk of it once, where it is executed. env and policy as for dsrl_na, and the DSRL code's options.",
    options: SteeringSACOptions.self, makeDSRLSAC)
  m.function("dsrl_na", "(options: table) -> Agent",
    "DSRL with noise aliasing: learns which noise to give the frozen policy. env, whose chunk and observation_steps are the policy's action_steps and observation_steps; policy; and the DSRL code's options; the critics of actions see what is executed, the noise is of the whole chunk; target_entropy = \"auto\" is minus the number of the actor's outputs. offline_data = data learns from behaviour data too, whose chunks begin at every step; agent:learn_offline learns from them alone.",
    options: DSRLNA.Options.self, makeDSRLNA)
}

/// dsrl.agent.options.
func declareDefaults(_ m: LuaModule) {
  let types: [(kind: String, options: any LuaBridge.Options.Type)] = [
    ("best_of_n", BestOfN.Options.self), ("bounded_base", BoundedBase.Options.self), ("dql", DQL.Options.self), ("dsrl_na", DSRLNA.Options.self),
    ("dsrl_sac", SteeringSACOptions.self), ("golden_ticket", GoldenTicket.Options.self), ("residual", ResidualSACOptions.self), ("sac", SAC.Options.self),
  ]
  m.function("options", "(kind: string) -> table", "An agent's own options with their defaults: of \"dsrl_na\" those of dsrl.agent.dsrl_na.") { (kind: String) throws -> LuaTable in
    guard let found = types.first(where: { $0.kind == kind }) else {
      throw UsageError("no agent is called '\(kind)'; there are \(types.map(\.kind).joined(separator: ", "))")
    }
    return try found.options.init().luaTable()
  }
}

/// What they are compared with.
func declareComparisons(_ m: LuaModule) {
  m.function("best_of_n", "(options: table) -> Agent",
    "Of several chunks that the frozen policy makes of noises from N(0, I) executes the one that its critics hold for best; they learn the value of acting so. No actor. env and policy as for dsrl_na.",
    options: BestOfN.Options.self, makeBestOfN)
  m.function("residual", "(options: table) -> Agent",
    "Soft actor-critic over bounded corrections of what the frozen policy does, with the policy's action beside the observation; its noise is drawn from the seed and the observation. env and policy as for dsrl_na.",
    options: ResidualSACOptions.self, makeResidual)
  m.function("dql", "(options: table) -> Agent",
    "Fine-tunes the policy itself by the critics' gradient through its denoising steps (Diffusion-QL, Wang et al. 2023): what steering is compared with, in time and memory too. agent.policy is what it learns, a copy of the given policy. env and policy as for dsrl_na; a policy of dsrl.policy.diffusion that executes its whole chunk, with a deterministic sampler.",
    options: DQL.Options.self, makeDQL)
  m.function("golden_ticket", "(options: table) -> Agent",
    "Searches one initial noise for every state (arXiv 2603.15757): candidates from N(0, I) act for whole episodes, as many each or by successive halving, and the one of the highest mean return is kept. agent:learn searches; agent:noise shows the ticket. env and policy as for dsrl_na.",
    options: GoldenTicket.Options.self, makeGoldenTicket)
  m.function("bounded_base", "(options: table) -> Agent",
    "The frozen policy with noise from the standard normal restricted to [-b, b], as an agent that learns nothing: what the box alone does. env and policy as for dsrl_na.",
    options: BoundedBase.Options.self, makeBoundedBase)
}

/// Decodes an agent's options; target_entropy = "auto" is nil, which a Lua table cannot say.
func decode<T: LuaBridge.Options>(_ table: LuaTable, over defaults: T? = nil, _ targetEntropy: WritableKeyPath<T, Float?>) throws -> T {
  guard case .string("auto")? = table["target_entropy"] else { return try table.decode(over: defaults ?? T()) }
  var rest = table
  rest["target_entropy"] = nil
  var options: T = try rest.decode(over: defaults ?? T())
  options[keyPath: targetEntropy] = nil
  return options
}

private func makeSAC(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let env: EnvironmentObject = try table.take("env")
  let data: DataObject? = try table.takeOptional("demonstrations")
  let options: SAC.Options = try decode(table, \.targetEntropy)
  try options.learning.checkSizes()
  let agent = try SAC(env.vector(), demonstrations: data?.data, options)
  return AgentObject(agent, env, nil, try adjusting(agent, options.luaTable()), head(agent, agent.actor, env, options.learning, nil))
}

private func makeDSRLSAC(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let parity = try takeParity(&table)
  if let data = table["offline_data"] {
    throw UsageError(
      "dsrl_sac learns the value of noises, which behaviour data do not tell; policy:invert finds noises that lead to their actions, dsrl_na learns from offline_data as they are; got \(data.brief)")
  }
  let options: SteeringSACOptions = try decode(table, over: parity.map(SteeringSACOptions.init), \.targetEntropy)
  try options.learning.checkSizes()
  let agent = try SAC(env.vector(), policy: policy.policy, options)
  return AgentObject(agent, env, policy, try adjusting(agent, options.luaTable()), head(agent, agent.actor, env, options.learning, options.steering))
}

private func makeDSRLNA(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let parity = try takeParity(&table)
  let data: DataObject? = try table.takeOptional("offline_data")
  let options: DSRLNA.Options = try decode(table, over: parity.map(DSRLNA.Options.init), \.targetEntropy)
  try options.learning.checkSizes()
  try checkSize("distillation_noises", options.distillationNoises)
  let agent = try DSRLNA(env.vector(), policy: policy.policy, offlineData: data?.data, options)
  let adjusting = AgentOptions(agent, try options.luaTable()) { changes, now in
    let options: DSRLNA.Options = try decode(changes, over: now, \.targetEntropy)
    try options.learning.checkSizes()
    try checkSize("distillation_noises", options.distillationNoises)
    return options
  }
  return AgentObject(agent, env, policy, adjusting, head(agent, agent.actor, env, options.learning, options.steering))
}

private func makeResidual(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let options: ResidualSACOptions = try decode(table, \.targetEntropy)
  try options.learning.checkSizes()
  let agent = try SAC(env.vector(), correcting: policy.policy, options)
  var actor = head(agent, agent.actor, env, options.learning, nil)
  (actor.head.residual, actor.head.residualSeed) = (options.residual, options.seed)
  return AgentObject(agent, env, policy, try adjusting(agent, options.luaTable()), actor)
}

private func makeBestOfN(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let options: BestOfN.Options = try table.decode()
  try options.critic.checkSizes()
  try checkSize("candidates", options.candidates)
  let agent = try BestOfN(env.vector(), policy: policy.policy, options)
  return AgentObject(agent, env, policy, AgentOptions(agent, try options.luaTable()) { changes, now in
    let options = try changes.decode(over: now)
    try options.critic.checkSizes()
    try checkSize("candidates", options.candidates)
    return options
  })
}

private func makeDQL(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let base = try policy.diffusion(for: "dsrl.agent.dql")
  let options: DQL.Options = try table.decode()
  try options.critic.checkSizes()
  let agent = try DQL(env.vector(), policy: base, options)
  return AgentObject(agent, env, PolicyObject(agent.policy, seed: policy.seed), AgentOptions(agent, try options.luaTable()) { changes, now in
    let options = try changes.decode(over: now)
    try options.critic.checkSizes()
    return options
  })
}

/// What may change of a SAC's options.
private func adjusting(_ agent: SAC, _ table: LuaTable) throws -> AgentOptions {
  AgentOptions(agent, table) { changes, now in
    let options: LearningOptions = try decode(changes, over: now, \.targetEntropy)
    try options.checkSizes()
    return options
  }
}

private func makeGoldenTicket(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let options: GoldenTicket.Options = try table.decode()
  for size in [options.candidates, options.episodesPerCandidate, options.budget ?? 1] { try checkSize("candidates, episodes_per_candidate and budget", size) }
  return AgentObject(try GoldenTicket(env.vector(), policy: policy.policy, options), env, policy, AgentOptions(try options.luaTable()))
}

private func makeBoundedBase(_ options: LuaTable) throws -> AgentObject {
  var table = options
  let (env, policy) = try takePlace(&table)
  let options: BoundedBase.Options = try table.decode()
  return AgentObject(try BoundedBase(env.vector(), policy: policy.policy, options), env, policy, AgentOptions(try options.luaTable()))
}

private func takeParity(_ table: inout LuaTable) throws -> Parity? {
  guard let name: String = try table.takeOptional("parity") else { return nil }
  guard let parity = Parity(rawValue: name) else { throw LuaError("parity wants '\(Parity.dsrl2025.rawValue)', got '\(name)'") }
  return parity
}

private func takePlace(_ table: inout LuaTable) throws -> (EnvironmentObject, PolicyObject) { (try table.take("env"), try table.take("policy")) }

/// What an agent's actor needs to act alone.
private func head(
  _ agent: any Agent, _ actor: GaussianActor, _ env: EnvironmentObject, _ learning: LearningOptions, _ steering: SteeringOptions?
) -> (network: GaussianActor, head: ActorHead, bestOfN: Int) {
  let head = ActorHead(
    kind: agent.kind, observationSize: env.observationSpace.box.count, observationSteps: env.recipe.observationSteps, chunk: env.recipe.chunk,
    actionSpace: env.actionSpace.box, network: learning.network, steering: steering)
  return (actor, head, learning.bestOfN)
}

extension LearningOptions {
  func checkSizes() throws {
    try critic.checkSizes()
    for size in [bestOfN, targetBestOfN] { try checkSize("best_of_n and target_best_of_n", size) }
  }
}

extension CriticOptions {
  func checkSizes() throws {
    for size in hidden + [nCritics, batchSize] { try checkSize("hidden, n_critics and batch_size", size) }
  }
}
