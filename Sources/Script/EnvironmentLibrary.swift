import Environments
import LuaBridge
import Tensors

// Every environment's options, as Lua writes them: one line here makes a new environment's known.
extension AntOptions: LuaBridge.Options {}
extension DrivingOptions: LuaBridge.Options {}
extension HalfCheetahOptions: LuaBridge.Options {}
extension HopperOptions: LuaBridge.Options {}
extension HumanoidOptions: LuaBridge.Options {}
extension HumanoidStandupOptions: LuaBridge.Options {}
extension InvertedDoublePendulumOptions: LuaBridge.Options {}
extension InvertedPendulumOptions: LuaBridge.Options {}
extension MountainCarContinuousOptions: LuaBridge.Options {}
extension NoiseOptions: LuaBridge.Options {}
extension PendulumOptions: LuaBridge.Options {}
extension PointForkOptions: LuaBridge.Options {}
extension PointMazeOptions: LuaBridge.Options {}
extension PushTOptions: LuaBridge.Options {}
extension PusherOptions: LuaBridge.Options {}
extension ReacherOptions: LuaBridge.Options {}
extension SwimmerOptions: LuaBridge.Options {}
extension Walker2dOptions: LuaBridge.Options {}

extension BodyReference: Wished {
  public static var wish: String { "a body's number or name" }
}

extension Interpreter {
  /// dsrl.env, and the types Environment, Space and EnvironmentState.
  func installEnvironments(_ defined: EnvironmentDefinitions) {
    module("dsrl.env", doc: "What agents act in.") { m in
      m.function("make", "(id: string, options?: table) -> Environment",
        "An environment by id. num_envs = n gives n of them stepped together (tensors in and out, autoreset); without it a single one (Gymnasium's five values, no autoreset). chunk (1): actions executed per step, open loop; observation_steps (1): observations shown at once, those of the last single steps, oldest first, an episode's first one repeated; seed (0); max_episode_steps; and the environment's own options.",
        { (id: String, options: LuaTable?) throws -> EnvironmentObject in try makeEnvironment(id, options, defined) })
      m.function("ids", "() -> string[]", "Every id that make knows.") { () in Environments.ids + defined.ids }
      m.function("options", "(id: string) -> table", "An environment's own options with their defaults.") { (id: String) throws -> LuaTable in
        try defined[id]?.options ?? optionsType(of: id, beside: defined.ids).init().luaTable()
      }
      declareDefining(m, defined)
      declareWrapping(m, defined)
      declareScripts(m, defined)
      declareChecking(m, self, defined)
      declareGymnasium(m, defined)
    }
    registry.document("dsrl.env.define", options: EnvironmentDefinition.documentation)
    registry.document("dsrl.env.gymnasium", options: gymnasiumDocumentation)
    registry.document("dsrl.env.check", options: checkDocumentation)
    registry.document("dsrl.env.script", options: scriptDocumentation)
    registry.document("dsrl.env.wrap", options: WrapperFunctions.documentation)
    type(EnvironmentObject.self, doc: "One environment, or several stepped together.", declareEnvironment)
    type(SpaceObject.self, doc: "The values that an observation or an action may take.", declareSpace)
    type(RandomObject.self, doc: "Random numbers of an environment written in Lua: its functions get it as rng; seeds and states hold for it.", declareRandom)
    type(RandomRowsObject.self, doc: "Random numbers of environments written in Lua that step together: rows for those that draw.", declareRandomRows)
    type(StateObject.self, doc: "Where an environment is: what env:state() gives and env:set_state(s) takes.") { _ in }
  }
}

private func declareEnvironment(_ t: LuaType<EnvironmentObject>) {
  t.method("reset", "(options?: {seed: integer?, seeds: integer[]?}) -> Tensor, table",
    "Starts an episode: observation [observation], of several environments [num_envs, observation], and info. A seed begins the random numbers anew; seeds, one for each of several, so that each does what a single one does that is reset with it.") {
    (env: EnvironmentObject, options: LuaTable?) throws -> (Tensor, LuaTable) in
    var options = options ?? LuaTable()
    let seed: Int? = try options.takeOptional("seed")
    let seeds: [Int]? = try options.takeOptional("seeds")
    try options.finish()
    return (try env.reset(seed: seed, seeds: seeds), LuaTable())
  }
  t.method("step", "(action: Tensor | table) -> Tensor, number | Tensor, boolean | boolean[], boolean | boolean[], table",
    "Observation, reward, terminated, truncated, info. Actions are [chunk, action] ([action] for chunk 1), of several environments [num_envs, chunk, action] or [num_envs, chunk * action], then clipped to the space. A chunk stops where the episode ends; its rewards add up. Several: ended ones start again at once, info.final_observation has where they ended, info.steps_taken how far they came, info.episodes what ended.") {
    (env: EnvironmentObject, action: TensorLike) in try env.step(action.tensor)
  }
  t.method("state", "() -> EnvironmentState", "All that the future depends on.") { (env: EnvironmentObject) in try StateObject(of: env) }
  t.method("set_state", "(state: EnvironmentState)", "Goes on to the bit as from where the state was taken.") { (env: EnvironmentObject, state: StateObject) in
    try state.restore(env)
  }
  t.method("close", "()", "Ends what runs for it outside of the program (dsrl.env.gymnasium's process); then it cannot be stepped. Others need no closing.") { (env: EnvironmentObject) throws -> Void in
    try env.close()
  }
  declareRendering(t)
  t.property("id", "string", "What make was given.") { $0.recipe.id }
  t.property("num_envs", "integer?", "How many are stepped together; nil for a single one.") { $0.count }
  t.property("chunk", "integer", "Actions executed per step.") { $0.recipe.chunk }
  t.property("observation_steps", "integer", "Observations shown at once, oldest first; observation_space holds all of them.") { $0.recipe.observationSteps }
  t.property("rules", "table", "What holds in it, in words: version, reward, when episodes end, how they start.") { env in
    LuaTable(env.rules.map { ($0.topic, .string($0.text)) })
  }
  t.property("max_episode_steps", "integer?", "Environment steps after which an episode is truncated; nil for never.") { $0.maxEpisodeSteps }
  t.property("observation_space", "Space", "Of one environment.") { $0.observationSpace }
  t.property("action_space", "Space", "Of one action in one environment.") { $0.actionSpace }
}

private func declareSpace(_ t: LuaType<SpaceObject>) {
  t.property("low", "number[]", "Lower ends.") { $0.box.low }
  t.property("high", "number[]", "Upper ends.") { $0.box.high }
  t.property("shape", "integer[]", "Of one value.") { [$0.box.count] }
  t.method("sample", "() -> Tensor", "A random value: uniform between two ends, exponential from one, normal without.", SpaceObject.sample)
  t.method("seed", "(seed: integer)", "Begins the samples anew.", SpaceObject.seed)
  t.method("contains", "(value: Tensor | table) -> boolean", "Whether a value has the right size and lies inside.") { (space: SpaceObject, value: TensorLike) in
    space.box.contains(value.tensor.values.map(Double.init))
  }
}

/// The type of every environment's own options, by id.
var environmentOptionTypes: [(id: String, type: any LuaBridge.Options.Type)] {
  Environments.ids.compactMap { id in
    do { return (id, try optionsType(of: id)) } catch { preconditionFailure("\(error)") }
  }
}

/// The type of an environment's own options as Lua writes them; errors name `others` among those that there are.
func optionsType(of id: String, beside others: [String] = []) throws -> any (EnvironmentOptions & LuaBridge.Options).Type {
  let type = try Environments.optionsType(of: id, beside: others)
  guard let known = type as? any (EnvironmentOptions & LuaBridge.Options).Type else { throw UsageError("the options of \(id) have no form in Lua") }
  return known
}

private func makeEnvironment(_ id: String, _ options: LuaTable?, _ defined: EnvironmentDefinitions) throws -> EnvironmentObject {
  var table = options ?? LuaTable()
  let count: Int? = try table.takeOptional("num_envs")
  let seed: Int = try table.takeOptional("seed") ?? 0
  let recipe = try EnvironmentRecipe(id, &table, defined)
  return try EnvironmentObject(recipe, count: count, seed: seed)
}

extension EnvironmentRecipe {
  /// Of what remains in a table once num_envs and seed are out of it; `chunk` and `observationSteps` where the table has none.
  init(_ id: String, _ table: inout LuaTable, _ defined: EnvironmentDefinitions, chunk: Int = 1, observationSteps: Int = 1) throws {
    func decode<T: EnvironmentOptions & LuaBridge.Options>(_ type: T.Type) throws -> any EnvironmentOptions { try table.decode(T.self) }
    let common = try CommonOptions(&table)
    if let definition = defined[id] {
      let options = try definition.options(&table)
      self.init(id: id) { try definition.environments($0, options: options, in: defined.lua) }
    } else {
      let options = try decode(optionsType(of: id, beside: defined.ids))
      self.init(id: id) { try options.make($0) }
    }
    common.lay(over: &self, chunk: chunk, observationSteps: observationSteps)
  }

  /// Of an Environment or an id; `chunk` and `observationSteps` are for the latter.
  init(_ value: LuaValue, _ defined: EnvironmentDefinitions, chunk: Int = 1, observationSteps: Int = 1) throws {
    switch value {
    case .object(let object as EnvironmentObject): self = object.recipe
    case .string(let id):
      var none = LuaTable()
      try self.init(id, &none, defined, chunk: chunk, observationSteps: observationSteps)
    default: throw LuaError("'env' must be an Environment or an id, got \(value.brief)")
    }
  }
}

/// The options that every environment has, whatever it is.
struct CommonOptions {
  let maxEpisodeSteps, chunk, observationSteps: Int?

  /// Takes them out of a table.
  init(_ table: inout LuaTable) throws {
    maxEpisodeSteps = try table.takeOptional("max_episode_steps")
    chunk = try table.takeOptional("chunk")
    observationSteps = try table.takeOptional("observation_steps")
    if let observationSteps { try checkSize("observation_steps", observationSteps) }
  }

  func lay(over recipe: inout EnvironmentRecipe, chunk: Int? = nil, observationSteps: Int? = nil) {
    recipe.maxEpisodeSteps = maxEpisodeSteps ?? recipe.maxEpisodeSteps
    recipe.chunk = self.chunk ?? chunk ?? recipe.chunk
    recipe.observationSteps = self.observationSteps ?? observationSteps ?? recipe.observationSteps
  }
}
