import Environments
import LuaBridge

/// What looks at environments.
func declareChecking(_ m: LuaModule, _ lua: Interpreter, _ defined: EnvironmentDefinitions) {
  m.function("check", "(env: Environment | string, options?: {steps: integer?, seed: integer?}) -> string[]",
    "What is wrong with an environment, a sentence for each fault; an empty list where nothing is: spaces, sizes, values that are not finite or outside the space, results that a seed does not fix, environments that are not independent of each other, states that do not restore. Tried with steps (300) random actions in new environments like the one given, which is left alone, single ones even where it is of several.") {
    [unowned lua] (env: LuaValue, options: LuaTable?) throws -> [String] in
    var table = options ?? LuaTable()
    let steps: Int = try table.takeOptional("steps") ?? 300
    let seed: Int = try table.takeOptional("seed") ?? 0
    try table.finish()
    try checkSize("steps", steps)
    let recipe = try EnvironmentRecipe(env, defined)
    return try lua.long { try EnvironmentCheck.faults(seed: seed, steps: steps, of: recipe.make) }
  }
}

let checkDocumentation: KeyValuePairs = ["steps": "of each trial (300)", "seed": "of the environments and of the actions (0)"]
