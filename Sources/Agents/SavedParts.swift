import NeuralNets
import Tensors

/// What of an agent goes into a checkpoint's tensors, and back.
struct SavedParts {
  let modules: [(name: String, module: any Module)]
  let optimizers: [(name: String, optimizer: Adam)]
  /// nil for an agent without an actor.
  let temperature: Temperature?
  let replay: ReplayBuffer

  var tensors: [NamedTensor] {
    var result = modules.flatMap { $0.module.namedParameters.prefixed($0.name) }
    result += allOptimizers.flatMap { $0.optimizer.state.prefixed($0.name) }
    if let temperature { result.append((name: "log_ent_coef", tensor: temperature.logAlpha)) }
    return result + replay.tensors.sorted { $0.key < $1.key }.map { (name: "replay." + $0.key, tensor: $0.value) }
  }

  /// Throws where a part lacks tensors or has others.
  func load(_ tensors: [String: Tensor], replay record: ReplayBuffer.Record?) throws {
    guard let record else { throw UsageError("the agent's checkpoint lacks its replay buffer") }
    let logAlpha = tensors["log_ent_coef"]
    guard (logAlpha == nil) == (temperature == nil) else {
      throw UsageError("the agent's checkpoint \(logAlpha == nil ? "lacks" : "has no place for") log_ent_coef")
    }
    for (name, module) in modules { try module.load(stateDict: tensors.part(name)) }
    for (name, optimizer) in allOptimizers { try optimizer.load(state: tensors.part(name)) }
    if let temperature, let logAlpha { try temperature.logAlpha.assign(logAlpha) }
    try replay.load(tensors.part("replay"), record)
  }

  private var allOptimizers: [(name: String, optimizer: Adam)] {
    optimizers + (temperature?.optimizer.map { [("ent_coef_optimizer", $0)] } ?? [])
  }
}

extension AgentRecord {
  /// The streams named `names`; throws unless this is a record of a `kind` with these and no others.
  func check(kind: String, streams names: [String]) throws -> [RandomStream] {
    guard self.kind == kind else { throw UsageError("this is a checkpoint of kind '\(self.kind)', wanted '\(kind)'") }
    if let other = streams.keys.sorted().first(where: { !names.contains($0) }) {
      throw UsageError("the agent's checkpoint has a random stream '\(other)', which this agent has not: the one that was saved drew on other data (demonstrations, offline_data)")
    }
    return try names.map { name in
      guard let stream = streams[name] else { throw UsageError("the agent's checkpoint lacks the random stream '\(name)'") }
      return stream
    }
  }
}

/// Adam for all parameters of a module.
func adam(_ module: some Module, _ learningRate: Float) throws -> Adam {
  var config = Adam.Config()
  config.learningRate = learningRate
  return try Adam(module.namedParameters, config)
}
