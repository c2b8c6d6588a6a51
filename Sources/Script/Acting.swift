import Agents
import Environments
import LuaBridge
import Tensors

/// Something that can be asked for actions, as the functions that act take it: an agent, an actor, a policy, or a Lua function.
struct Acting {
  /// Actions in its chunks; nil where it does not say.
  let chunk: Int?
  /// Observations that it wants to see at once; nil where it does not say.
  let observationSteps: Int?
  /// Where it was made for; nil where it does not say.
  let recipe: EnvironmentRecipe?
  /// Observations [n, observation] to chunks [n, chunk, action], in the environment's units.
  let act: (Tensor) throws -> Tensor
}

extension LuaTable {
  /// Removes what acts, under one of `names`, and `deterministic`. A policy draws its noise from `seed`.
  mutating func takeActing(_ names: [String], seed: Int) throws -> Acting {
    var given: [(name: String, value: LuaValue)] = []
    for name in names {
      if let value: LuaValue = try takeOptional(name) { given.append((name, value)) }
    }
    let deterministic: Bool? = try takeOptional("deterministic")
    guard given.count == 1 else {
      let got = given.isEmpty ? "none" : given.map(\.name).joined(separator: " and ")
      throw LuaError("one of \(names.map { "'\($0)'" }.joined(separator: ", ")) expected, got \(got)")
    }
    return try Acting(given[0].value, name: given[0].name, deterministic: deterministic, seed: seed)
  }
}

extension Acting {
  init(_ value: LuaValue, name: String, deterministic: Bool?, seed: Int) throws {
    switch value {
    case .object(let agent as AgentObject):
      let environment = agent.environment.recipe
      self.init(chunk: environment.chunk, observationSteps: environment.observationSteps, recipe: environment) {
        try agent.agent.act($0, deterministic: deterministic ?? false)
      }
      return
    case .object(let actor as ActorObject):
      self.init(chunk: actor.head.chunk, observationSteps: actor.head.observationSteps ?? 1, recipe: nil) { try actor.act($0, deterministic: deterministic) }
      return
    default: break
    }
    guard deterministic != true else { throw UsageError("deterministic is for agents and actors; this '\(name)' is \(value.brief)") }
    switch value {
    case .object(let policy as PolicyObject):
      let actor = BasePolicyActor(policy.policy, seed: seed)
      self.init(chunk: policy.policy.actionSteps, observationSteps: policy.policy.observationSteps, recipe: nil, act: actor.act)
    case .function(let function):
      self.init(chunk: nil, observationSteps: nil, recipe: nil) { try function.call(returning: TensorLike.self, name, $0).tensor }
    default: throw LuaError("'\(name)' must be an Agent, an Actor, a Policy or a function, got \(value.brief)")
    }
  }

  /// The environments to act in: those named, or the agent's kind. Throws for one that does not show what is wanted or executes another number of
  /// actions.
  func recipe(_ env: LuaValue?, _ defined: EnvironmentDefinitions) throws -> EnvironmentRecipe {
    guard let env else {
      guard let recipe else { throw LuaError("missing 'env': an Environment or an id") }
      return recipe
    }
    let recipe = try EnvironmentRecipe(env, defined, chunk: chunk ?? 1, observationSteps: observationSteps ?? 1)
    if let observationSteps, observationSteps != recipe.observationSteps {
      throw UsageError("\(recipe.id) shows observation_steps = \(recipe.observationSteps) observations, what acts wants \(observationSteps)")
    }
    if let chunk, chunk != recipe.chunk {
      throw UsageError("\(recipe.id) executes chunk = \(recipe.chunk) actions at a step, what acts decides on \(chunk)")
    }
    return recipe
  }
}

extension Interpreter {
  /// Runs a long computation of the domain; Ctrl-C leaves it as the interrupt that Lua knows, not as an error of the script's.
  func long<R>(_ body: () throws -> R) throws -> R {
    try beforeLongCalls()
    do { return try body() } catch is Interrupt {
      interrupt()
      try checkInterrupt()
      throw Interrupt.requested
    }
  }

  /// `act` with a look at Ctrl-C before each step.
  func interruptible(_ act: @escaping (Tensor) throws -> Tensor) -> (Tensor) throws -> Tensor {
    { [unowned self] observation in
      try checkInterrupt()
      try Interrupt.check()
      return try act(observation)
    }
  }
}
