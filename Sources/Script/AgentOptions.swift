import Agents
import LuaBridge
import Tensors

extension DQL.Options: LuaBridge.Options {}

/// What Lua reads of an agent's options, and changes while it learns.
final class AgentOptions {
  /// Every option with its value.
  private(set) var table: LuaTable
  /// Of those that may change.
  private let names: [String]
  private let current: () throws -> LuaTable
  private let change: (LuaTable) throws -> Void

  /// Of an agent whose options stay as it was made.
  init(_ table: LuaTable) { (self.table, names, current, change) = (table, [], { table }, { _ in }) }

  /// `decode` lays changes over the options as they are.
  init<A: Adjustable>(_ agent: A, _ table: LuaTable, decode: @escaping (_ changes: LuaTable, _ options: A.Adjusted) throws -> A.Adjusted)
  where A.Adjusted: LuaBridge.Options {
    (self.table, names) = (table, A.adjustable.map(\.name).sorted())
    current = { try agent.adjusted.luaTable() }
    change = { try agent.adjust(decode($0, agent.adjusted)) }
  }

  /// Throws for options that stay as the agent was made, for unknown ones and for values out of their range.
  func set(_ changes: LuaTable, kind: String) throws {
    if let name = changes.names.first(where: { !names.contains($0) && table.names.contains($0) }) {
      let others = names.isEmpty ? "none of its options may change" : "what may change is \(names.joined(separator: ", "))"
      throw LuaError("'\(name)' stays as the \(kind) was made; \(others)")
    }
    guard !names.isEmpty else { throw LuaError("the options of a \(kind) stay as it was made") }
    try change(changes)
    try refresh()
  }

  /// To be called when a checkpoint was taken back.
  func refresh() throws {
    let now = try current()
    for name in names { table[name] = now[name] }
  }
}

extension Interpreter {
  /// agent:set_options, and what a loop written by hand is made of: agent:observe and agent:update.
  func declareStepping(_ t: LuaType<AgentObject>) {
    t.method("set_options", "(options: table)",
      "Changes options while the agent learns, from the next gradient step on; checkpoints keep them. What shapes networks, replay, noise or the transitions themselves stays as it was made.") {
      (agent: AgentObject, options: LuaTable) throws -> Void in try agent.adjustment.set(options, kind: agent.agent.kind)
    }
    t.method("observe", "(observation: Tensor, reward: Tensor, terminated: boolean[], truncated: boolean[], info: table)",
      "Remembers what came of agent:act(obs, {explore = true}): what env:step returned, as in agent:observe(env:step(action)); of info final_observation and steps_taken.") {
      (agent: AgentObject, observation: TensorLike, reward: TensorLike, terminated: LuaTable, truncated: LuaTable, info: LuaTable) throws -> Void in
      var info = info
      let last: LuaValue = try info.take("final_observation"), steps: LuaTable = try info.take("steps_taken")
      let width = agent.agent.environment.observationSpace.count
      try agent.agent.observe(Outcome(
        observation: observation.tensor.rows(of: width, "observations").rows, finalObservation: Tensor.make(last).rows(of: width, "final_observation").rows,
        reward: reward.tensor, terminated: booleans(terminated, "terminated"), truncated: booleans(truncated, "truncated"),
        stepsTaken: steps.list.map { value in
          guard case .int(let count) = value else { throw LuaError("'steps_taken' must be a list of integers, got \(value.brief) in it") }
          return count
        }))
    }
    t.method("update", "() -> table?",
      "The gradient steps due once train_freq steps were observed since the last ones: those that agent:advance would take. Returns the means of what they log, as advance's metrics; nil where there was none.") {
      [unowned self] (agent: AgentObject) throws -> LuaTable? in
      let done = try long { try agent.agent.update() }
      return done?.metrics.map { LuaTable($0.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) }) }
    }
  }
}

private func booleans(_ table: LuaTable, _ name: String) throws -> [Bool] {
  try table.list.map { value in
    guard case .bool(let flag) = value else { throw LuaError("'\(name)' must be a list of booleans, got \(value.brief) in it") }
    return flag
  }
}
