import Agents
import Files
import LuaBridge
import NeuralNets
import Tensors

/// What an agent's folder says beside tensors.
struct AgentFile: Codable {
  /// The first form that says the options.
  static let oldest = 2

  /// Those that it was made with, in Lua's names; environment, policy and data are not among them.
  var options: JSON
  var record: AgentRecord
}

extension AgentObject {
  /// Writes everything; of a `previous` folder, else of what is at `folder`, the parts of the replay that have not changed are kept as they are.
  func save(to folder: String, previous: String? = nil) throws {
    let file = AgentFile(options: try JSON(.table(options)), record: try agent.record)
    try Checkpoint.write(agent.tensors, kind: agent.kind, config: file, apart: "replay", previous: previous, to: folder)
  }

  func load(from folder: String) throws {
    let (tensors, file) = try Checkpoint.read(folder, kind: agent.kind, config: AgentFile.self, oldest: AgentFile.oldest)
    do { try agent.load(tensors, file.record) } catch let error as UsageError { throw UsageError("'\(folder)' does not fit this agent: \(error)") }
    try adjustment.refresh()
  }
}

extension Interpreter {
  /// dsrl.agent.load
  func declareLoading(_ m: LuaModule) {
    m.function("load", "(folder: string, options: table) -> Agent",
      "The agent that agent:save left, with its learning, replay, environments and random streams; goes on to the bit as from there. env, policy and offline_data or demonstrations, where it had them, are the script's to give (env with as many num_envs); other options are laid over those that it was saved with.") {
      [unowned self] (folder: String, given: LuaTable) throws -> AgentObject in
      let kind = try Checkpoint.kind(folder)
      let name = "dsrl.agent." + kind
      guard let entry = registry.find(name) else { throw UsageError("'\(folder)' holds a checkpoint of kind '\(kind)', wanted an agent's") }
      let file = try Checkpoint.config(folder, AgentFile.self, oldest: AgentFile.oldest).config
      guard case .table(var options) = LuaValue(file.options) else {
        throw UsageError("'\(folder)/config.json' wants a table of options, got \(file.options.text)")
      }
      // nil is "auto" among the agent's options, and the default where a table says nothing.
      let knowsEntropy = try registry.options(of: entry).contains { $0.name == "target_entropy" }
      if knowsEntropy, case .null = options["target_entropy"] ?? .null { options["target_entropy"] = "auto" }
      for (name, value) in given.fields { options[name] = value }
      options.list = given.list
      let maker: LuaFunction = try load("local kind = ... return require 'dsrl'.agent[kind]", name: "=load").call(returning: LuaFunction.self, name, kind)
      let agent = try maker.call(returning: AgentObject.self, name, options)
      try agent.load(from: folder)
      return agent
    }
  }
}
