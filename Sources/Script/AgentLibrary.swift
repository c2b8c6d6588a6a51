import Agents
import Environments
import LuaBridge
import NeuralNets
import Tensors

/// An agent as Lua holds it, with what it was made of.
final class AgentObject: LuaObject, CustomStringConvertible {
  static let luaName = "Agent"
  let agent: any Agent
  let environment: EnvironmentObject
  let policy: PolicyObject?
  let adjustment: AgentOptions
  /// Its actor, what that needs to act alone, and of how many draws its critics choose; nil where it has none.
  let actor: (network: GaussianActor, head: ActorHead, bestOfN: Int)?

  init(
    _ agent: any Agent, _ environment: EnvironmentObject, _ policy: PolicyObject?, _ options: AgentOptions,
    _ actor: (network: GaussianActor, head: ActorHead, bestOfN: Int)? = nil
  ) {
    (self.agent, self.environment, self.policy, adjustment, self.actor) = (agent, environment, policy, options, actor)
  }

  /// Every option with its value.
  var options: LuaTable { adjustment.table }

  /// [n, observation] to [n, chunk, action], [observation] to [chunk, action].
  func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    let (rows, isRow) = try observation.rows(of: agent.environment.observationSpace.count, "observations")
    let chunks = try agent.act(rows, deterministic: deterministic)
    return isRow ? try chunks.select(0, 0) : chunks
  }

  var description: String { page }
}

extension Interpreter {
  /// dsrl.agent, and the types Agent and Actor.
  func installAgents() {
    module("dsrl.agent", doc: "What learns by acting.") { m in
      declareAgents(m)
      declareComparisons(m)
      declareLoading(m)
      declareDefaults(m)
      m.function("load_actor", "(path: string, options?: {policy: Policy?, seed: integer?}) -> Actor",
        "What agent:save_actor left; a steering actor (dsrl_na, dsrl_sac) wants the policy that it steers. seed (0): of its noise.") {
        (path: String, options: LuaTable?) throws -> ActorObject in
        var options = options ?? LuaTable()
        let policy: PolicyObject? = try options.takeOptional("policy")
        let seed: Int = try options.takeOptional("seed") ?? 0
        try options.finish()
        return try ActorObject(loading: path, policy: policy, seed: seed)
      }
    }
    type(AgentObject.self, doc: "Something that learns by acting.") { t in
      declareAgent(t)
      declareTraining(t)
      declareStepping(t)
      declareDiagnosis(t)
      declareAgentState(t)
    }
    type(ActorObject.self, doc: "An agent's actor alone.") { t in
      t.method("act", "(observation: Tensor | table, options?: {deterministic: boolean?}) -> Tensor",
        "[n, observation] to [n, chunk, action], [observation] to [chunk, action]. deterministic: what save_actor was told.") {
        (actor: ActorObject, observation: TensorLike, options: LuaTable?) throws -> Tensor in
        let (rows, isRow) = try observation.tensor.rows(of: actor.head.observationSize, "observations")
        let chunks = try actor.act(rows, deterministic: takeDeterministic(options))
        return isRow ? try chunks.select(0, 0) : chunks
      }
      t.property("kind", "string", "Of the agent that it comes from.") { $0.head.kind }
    }
  }

  private func declareAgent(_ t: LuaType<AgentObject>) {
    t.method("advance", "() -> table",
      "Acts for train_freq vector steps, then takes the gradient steps due. Returns environment_steps, transitions, gradient_steps, episodes ({env, return, length, success}), and metrics where there were gradient steps.") {
      [unowned self] (agent: AgentObject) in try long { try agent.agent.advance().luaTable }
    }
    t.method("act", "(observation: Tensor | table, options?: {deterministic: boolean?, explore: boolean?}) -> Tensor",
      "[n, observation] to [n, chunk, action], [observation] to [chunk, action]; deterministic (false). Training's random numbers do not move, except with explore (false): then it acts as it does while it learns, at [n, observation], and agent:observe is to follow.") {
      (agent: AgentObject, observation: TensorLike, options: LuaTable?) throws -> Tensor in
      var options = options ?? LuaTable()
      let explores: Bool = try options.takeOptional("explore") ?? false
      let deterministic = try takeDeterministic(options)
      guard explores else { return try agent.act(observation.tensor, deterministic: deterministic ?? false) }
      guard deterministic == nil else { throw LuaError("explore is how the agent acts while it learns; deterministic has no say in it") }
      return try agent.agent.explore(observation.tensor.rows(of: agent.agent.environment.observationSpace.count, "observations").rows)
    }
    t.method("noise", "(observation: Tensor | table, options?: {deterministic: boolean?}) -> Tensor",
      "The initial noise that a steering agent would choose: [n, observation] to [n, latent], [observation] to [latent]; deterministic (false).") {
      (agent: AgentObject, observation: TensorLike, options: LuaTable?) throws -> Tensor in
      let (rows, isRow) = try observation.tensor.rows(of: agent.agent.environment.observationSpace.count, "observations")
      let chosen = try agent.agent.noise(for: rows, deterministic: takeDeterministic(options) ?? false)
      return isRow ? try chosen.select(0, 0) : chosen
    }
    t.method("save", "(folder: string)", "Writes everything learned and remembered, replay, environments and random streams included.") {
      (agent: AgentObject, folder: String) in try agent.save(to: folder)
    }
    t.method("load", "(folder: string)", "Takes back what save left, into an agent of the same options; goes on to the bit as from there.") {
      (agent: AgentObject, folder: String) in try agent.load(from: folder)
    }
    t.method("save_actor", "(path: string, options?: {deterministic: boolean?})",
      "Writes the actor alone to a small safetensors file for load_actor; deterministic (false): how it acts there by default.") {
      (agent: AgentObject, path: String, options: LuaTable?) throws -> Void in
      guard let actor = agent.actor else { throw LuaError(agent.agent is DQL ? "a dql has no actor apart from its policy; agent.policy:save(folder) keeps that" : "a \(agent.agent.kind) has no actor; save keeps what it has found") }
      var head = actor.head
      head.deterministic = try takeDeterministic(options) ?? false
      guard head.deterministic || actor.bestOfN == 1 else {
        throw LuaError("an actor alone has no critics to choose the best of \(actor.bestOfN) draws; deterministic = true saves its mode")
      }
      try ActorObject.save(actor.network, head, to: path)
    }
  }
}

private func declareAgentState(_ t: LuaType<AgentObject>) {
  t.property("environment_steps", "integer", "Steps of single environments, actually executed.") { $0.agent.counts.environmentSteps }
  t.property("gradient_steps", "integer", "Gradient steps of the critics.") { $0.agent.counts.gradientSteps }
  t.property("transitions", "integer", "Chunks decided and remembered.") { $0.agent.counts.transitions }
  t.property("update_ratio", "number", "Gradient steps of the critics per transition.") { $0.agent.counts.updateRatio }
  t.property("phase", "string", "\"initial rollouts\", then \"learning\"; of a golden_ticket \"search\", then \"ticket found\".") { $0.agent.phase }
  t.property("kind", "string", "The name of the function that made it: \"sac\", \"dsrl_na\", ...") { $0.agent.kind }
  t.property("options", "table", "Every option with its value.") { $0.options }
  t.property("env", "Environment", "Where it learns.") { $0.environment }
  t.property("policy", "Policy?", "What it steers; of a dql the policy that it fine-tunes, a copy of the given one.") { $0.policy }
}

private func takeDeterministic(_ options: LuaTable?) throws -> Bool? {
  var options = options ?? LuaTable()
  let deterministic: Bool? = try options.takeOptional("deterministic")
  try options.finish()
  return deterministic
}

extension Advance {
  fileprivate var luaTable: LuaTable {
    let metrics = metrics?.sorted { $0.key < $1.key }.map { ($0.key, LuaValue.number($0.value)) }
    return LuaTable([
      ("environment_steps", .int(environmentSteps)), ("transitions", .int(transitions)), ("gradient_steps", .int(gradientSteps)),
      ("episodes", .table(LuaTable(list: episodes.map(\.luaValue)))), ("metrics", metrics.map { .table(LuaTable($0)) } ?? .null),
    ])
  }
}
