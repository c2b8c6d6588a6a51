import Environments
import LuaBridge

/// What makes environments of a script's own.
func declareDefining(_ m: LuaModule, _ defined: EnvironmentDefinitions) {
  m.function("define", "(definition: table) -> string",
    "An environment of Lua functions, known to make, evaluate, collect and agents by its id, which is returned. id, observation_space, action_space, max_episode_steps, reset = function(self, rng) -> observation, step = function(self, action, rng) -> observation, reward, terminated, truncated (false), info ({}). Observations and actions are lists of numbers. What it remembers stands in self, a table of its own for each environment; a copy of the plain data there is its state, or get_state and set_state say what is. Random numbers come from rng, so that seeds hold. options = {g = 9.81} are its own: make takes them, self.options has them. For speed reset_batch = function(self, rows, rng) and step_batch = function(self, actions, rng) instead: on Tensors of self.num_envs rows; rows that have ended are stepped on until reset_batch gets them.") {
    (table: LuaTable) throws -> String in
    let definition = try EnvironmentDefinition(table)
    defined.add(definition)
    return definition.id
  }
}
