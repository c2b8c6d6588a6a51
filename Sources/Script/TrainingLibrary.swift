import Agents
import LuaBridge

extension Interpreter {
  /// agent:train.
  func declareTraining(_ t: LuaType<AgentObject>) {
    t.method("train", "() -> table",
      "Takes the gradient steps that advance would take after acting, on what the agent remembers, without acting. Returns the means of what they log, as advance's metrics.") {
      [unowned self] (agent: AgentObject) throws -> LuaTable in
      let done = try long { try agent.agent.train() }
      return LuaTable((done.metrics ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
    }
  }
}
