import Environments
import Files
import LuaBridge
import Tensors

/// Gymnasium's environments.
func declareGymnasium(_ m: LuaModule, _ defined: EnvironmentDefinitions) {
  m.function("gymnasium", "(id: string, options?: table) -> Environment",
    "An environment of Gymnasium, in a Python process that steps it: any whose spaces are Boxes (other shapes than vectors become vectors). python (\"python3\") has the module gymnasium and what the environment wants; kwargs = {...} are gymnasium.make's; num_envs of them are in one process and step by one message. A seed reaches Gymnasium as it is (reset{seed = 5} of a single one, or seeds = {...}). A process that ends or does not answer within timeout (60) seconds is an error; env:close() ends it. Its state is not known, so no checkpoint can hold it.") {
    (id: String, options: LuaTable?) throws -> EnvironmentObject in
    var table = options ?? LuaTable()
    let count: Int? = try table.takeOptional("num_envs")
    let seed: Int = try table.takeOptional("seed") ?? 0
    let python: String = try table.takeOptional("python") ?? "python3"
    let timeout: Double = try table.takeOptional("timeout") ?? 60
    let given: LuaTable = try table.takeOptional("kwargs") ?? LuaTable()
    let common = try CommonOptions(&table)
    try table.finish()
    guard given.list.isEmpty else { throw LuaError("'kwargs' have names, but element 1 of the table has none") }
    let arguments = try JSON(.table(given))
    guard !defined.isConfined() else { throw LuaError("a sandboxed script starts no other programs") }
    let script = try Session.standardLibrary() + "/gymnasium_host.py"
    var recipe = EnvironmentRecipe(id: id) { count in
      BatchRow.rows(of: try GymnasiumBatch(id, count: count, python: python, script: script, arguments: arguments, timeout: timeout))
    }
    common.lay(over: &recipe)
    return try EnvironmentObject(recipe, count: count, seed: seed)
  }
}

let gymnasiumDocumentation: KeyValuePairs = [
  "python": "the interpreter that has the module gymnasium (\"python3\")", "kwargs": "of gymnasium.make", "timeout": "seconds that an answer may take (60)",
  "num_envs": "environments stepped together, in one process; a single one without it", "chunk": "actions executed per step, open loop (1)",
  "observation_steps": "observations shown at once, oldest first (1)", "seed": "of its random numbers (0)", "max_episode_steps": "environment steps until truncation (the environment's own)",
]
