import Environments
import LuaBridge

/// What changes environments that there are.
func declareWrapping(_ m: LuaModule, _ defined: EnvironmentDefinitions) {
  m.function("wrap", "(env: Environment | string, options: table) -> Environment",
    "A new environment like the one given (which is left alone), or by id, seen through Lua functions. reward = function(obs, action, next_obs, reward, terminated, info) -> reward; terminated = function(obs, action, next_obs, terminated, info) -> boolean; observation = function(obs) -> what agents see, with observation_space where it is another; action = function(action) -> the wrapped one's, with action_space. Lists of numbers, called at every single step, action first, then terminated, reward, observation. With batch = true they get and return Tensors of all environments, [n, ...], flags and rewards [n], info as Tensors [n] by name. num_envs, chunk, observation_steps, max_episode_steps, seed; for an id also its own options.") {
    (env: LuaValue, options: LuaTable) throws -> EnvironmentObject in try wrap(env, options, defined)
  }
}

private func wrap(_ env: LuaValue, _ options: LuaTable, _ defined: EnvironmentDefinitions) throws -> EnvironmentObject {
  var table = options
  let (given, id): (EnvironmentObject?, String) =
    switch env {
    case .object(let object as EnvironmentObject): (object, object.recipe.id)
    case .string(let id): (nil, id)
    default: throw LuaError("an Environment or an id expected, got \(env.brief)")
    }
  let functions = try WrapperFunctions(&table, of: id)
  let count: Int? = try table.takeOptional("num_envs") ?? given?.count
  let seed: Int = try table.takeOptional("seed") ?? 0
  let recipe: EnvironmentRecipe
  if let given {
    let common = try CommonOptions(&table)
    try table.finish()
    var own = given.recipe
    common.lay(over: &own)
    recipe = own
  } else {
    recipe = try EnvironmentRecipe(id, &table, defined)
  }
  return try EnvironmentObject(recipe.wrapped { try functions.environments(recipe.bare($0)) }, count: count, seed: seed)
}

extension EnvironmentRecipe {
  /// The same with other bare environments.
  func wrapped(_ bare: @escaping (Int) throws -> [any Environment]) -> EnvironmentRecipe {
    EnvironmentRecipe(id: id, chunk: chunk, observationSteps: observationSteps, maxEpisodeSteps: maxEpisodeSteps, bare: bare)
  }
}
