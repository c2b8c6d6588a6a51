import Environments
import LuaBridge
import Tensors

/// What `dsrl.env.wrap` puts around an environment.
struct WrapperFunctions {
  let reward, observation, action, terminated: DefinedFunction?
  /// nil: those of what is wrapped.
  let observationSpace, actionSpace: Box?
  let isBatch: Bool

  /// Takes them out of a table; `id` of what is wrapped.
  init(_ table: inout LuaTable, of id: String) throws {
    func function(_ name: String) throws -> DefinedFunction? {
      let given: LuaFunction? = try table.takeOptional(name)
      return try given.map { try DefinedFunction(name, $0, of: "the wrapper of \(id)") }
    }
    (reward, observation) = (try function("reward"), try function("observation"))
    (action, terminated) = (try function("action"), try function("terminated"))
    observationSpace = try table.takeOptionalSpace("observation_space")
    actionSpace = try table.takeOptionalSpace("action_space")
    isBatch = try table.takeOptional("batch") ?? false
    guard observationSpace == nil || observation != nil else { throw LuaError("'observation_space' is for a wrapper with a function 'observation'") }
    guard actionSpace == nil || action != nil else { throw LuaError("'action_space' is for a wrapper with a function 'action'") }
  }

  static let documentation: KeyValuePairs = [
    "reward": "function(obs, action, next_obs, reward, terminated, info) -> reward", "observation": "function(obs) -> observation",
    "action": "function(action) -> the wrapped environment's action", "terminated": "function(obs, action, next_obs, terminated, info) -> boolean",
    "observation_space": "of what observation returns (the same)", "action_space": "of what action takes (the same)",
    "batch": "the functions take and return Tensors of all environments at once, one row each (false)",
    "num_envs": "environments stepped together (those of the one given; a single one for an id)", "chunk": "actions executed per step (that of the one given, else 1)",
    "observation_steps": "observations shown at once (those of the one given, else 1)", "seed": "of the random numbers (0)", "max_episode_steps": "environment steps until truncation (the task's own)",
  ]

  func environments(_ inner: [any Environment]) throws -> [any Environment] {
    isBatch ? BatchRow.rows(of: WrapperBatch(self, inner)) : inner.map { Wrapper(self, $0) }
  }
}

/// An environment seen through Lua functions, called at every step.
///
/// They get the wrapped environment's own observations and actions; `action` comes first, then `terminated`, `reward` and `observation`.
final class Wrapper: Environment {
  private let functions: WrapperFunctions
  let unwrapped: any Environment
  let observationSpace, actionSpace: Box
  /// The wrapped environment's last observation.
  private var latest: [Double]
  private let width: Int

  init(_ functions: WrapperFunctions, _ environment: any Environment) {
    (self.functions, unwrapped) = (functions, environment)
    observationSpace = functions.observationSpace ?? environment.observationSpace
    actionSpace = functions.actionSpace ?? environment.actionSpace
    width = environment.observationSpace.count
    latest = Array(repeating: 0, count: width)
  }

  var id: String { unwrapped.id }
  var maxEpisodeSteps: Int? { unwrapped.maxEpisodeSteps }
  var runsOnAnyThread: Bool { false }
  var rules: [Rule] { unwrapped.rules + functions.rules }
  var stream: RandomStream {
    get { unwrapped.stream }
    set { unwrapped.stream = newValue }
  }

  func close() { unwrapped.close() }
  func render(width: Int, height: Int) throws -> Raster { try unwrapped.render(width: width, height: height) }

  func reset() throws -> [Double] {
    latest = try unwrapped.reset()
    return try seen(latest)
  }

  func step(_ action: [Double]) throws -> Step {
    let own = try inner(action)
    var step = try unwrapped.step(own)
    let before = latest
    latest = step.observation
    if let terminated = functions.terminated {
      let wantsInfo = terminated.parameterCount >= 5
      step.terminated = try terminated.function.call(arguments: wantsInfo ? 5 : 4, results: 1) { arguments in
        for list in [before, own, step.observation] { arguments.push(list: list) }
        arguments.push(step.terminated)
        if wantsInfo { try arguments.push(NamedNumbers(step.info.names, step.info.values)) }
      } read: { try terminated.flag($0, 0, "terminated") }
    }
    if let reward = functions.reward {
      let wantsInfo = reward.parameterCount >= 6
      step.reward = try reward.function.call(arguments: wantsInfo ? 6 : 5, results: 1) { arguments in
        for list in [before, own, step.observation] { arguments.push(list: list) }
        arguments.push(step.reward)
        arguments.push(step.terminated)
        if wantsInfo { try arguments.push(NamedNumbers(step.info.names, step.info.values)) }
      } read: { try reward.number($0, 0, "the reward") }
    }
    step.observation = try seen(step.observation)
    return step
  }

  private func inner(_ action: [Double]) throws -> [Double] {
    guard let function = functions.action else { return action }
    let count = unwrapped.actionSpace.count
    let own = try function.function.call(arguments: 1, results: 1) { $0.push(list: action) } read: { try function.numbers($0, 0, count: count, "an action") }
    return unwrapped.actionSpace.clip(own)
  }

  private func seen(_ observation: [Double]) throws -> [Double] {
    guard let function = functions.observation else { return observation }
    return try function.function.call(arguments: 1, results: 1) { $0.push(list: observation) } read: {
      try function.numbers($0, 0, count: observationSpace.count, "an observation")
    }
  }

  /// What is wrapped, then its last observation.
  var state: EnvironmentState {
    get throws {
      var state = try unwrapped.state
      state.numbers += latest
      return state
    }
  }

  func restore(_ state: EnvironmentState) throws {
    var inner = state
    guard inner.numbers.count >= width else { throw UsageError("this state of \(id) is not of a wrapped one") }
    inner.numbers.removeLast(width)
    try unwrapped.restore(inner)
    latest = Array(state.numbers.suffix(width))
  }
}

extension WrapperFunctions {
  var rules: [Rule] {
    let names = [("reward", reward), ("observation", observation), ("action", action), ("terminated", terminated)].filter { $0.1 != nil }.map(\.0)
    return [Rule(topic: "wrapped", text: names.isEmpty ? "nothing changed" : "\(names.joined(separator: ", ")) by Lua\(isBatch ? ", all environments at once" : "")")]
  }
}
