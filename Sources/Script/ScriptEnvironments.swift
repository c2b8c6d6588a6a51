import Environments
import Files
import LuaBridge
import Tensors

/// What makes environments of a script that runs apart.
func declareScripts(_ m: LuaModule, _ defined: EnvironmentDefinitions) {
  m.function("script", "(file: string, options?: table) -> Environment",
    "Environments of a Lua file that returns what dsrl.env.define takes (or ends with return dsrl.env.define{...}). Every environment has an interpreter of its own, with Lua's library, dsrl's tensors and the modules beside the file, and they are stepped on threads: nothing is shared, with one another or with this script, and results do not depend on the number of threads. num_envs, chunk, observation_steps, max_episode_steps, seed, and the definition's own options, which are plain data.") {
    (file: String, options: LuaTable?) throws -> EnvironmentObject in
    var table = options ?? LuaTable()
    let count: Int? = try table.takeOptional("num_envs")
    let seed: Int = try table.takeOptional("seed") ?? 0
    try checkSize("num_envs", count ?? 1)
    let share = (count ?? 1) + 1
    let common = try CommonOptions(&table)
    let first = try loadDefinition(file, defined.apart(file, share), number: 0)
    let own = try first.options(&table)
    try checkPlain(.table(own), "options")
    var recipe = EnvironmentRecipe(id: first.id) { count in
      try (0..<count).map { number in
        try Interrupt.check()
        let isolation = Isolation(try defined.apart(file, share))
        let definition = try loadDefinition(file, isolation.lua, number: number)
        return try definition.environments(1, options: own, in: isolation.lua, isolation: isolation)[0]
      }
    }
    common.lay(over: &recipe)
    return try EnvironmentObject(recipe, count: count, seed: seed)
  }
}

let scriptDocumentation: KeyValuePairs = [
  "num_envs": "environments stepped together, each in an interpreter of its own; a single one without it", "chunk": "actions executed per step, open loop (1)",
  "observation_steps": "observations shown at once, oldest first (1)", "seed": "of its random numbers (0)",
  "max_episode_steps": "environment steps until truncation (the definition's own)",
]

/// What the file returns; `number` begins its math.random.
private func loadDefinition(_ file: String, _ lua: Interpreter, number: Int) throws -> EnvironmentDefinition {
  try Isolation(lua).run {
    try lua.run("math.randomseed(\(number))", name: "=seed")
    let results = try lua.run(file: file)
    guard case .table(let table)? = results.first else { throw LuaError("\(file) must return a table, as dsrl.env.define takes it, got \(results.first?.brief ?? "nothing")") }
    let definition: EnvironmentDefinition
    do { definition = try EnvironmentDefinition(table) } catch { throw LuaError("\(file): \(error)") }
    guard !definition.isBatch else { throw LuaError("\(file): dsrl.env.script wants 'reset' and 'step'; 'step_batch' is for dsrl.env.define, whose environments step together") }
    return definition
  }
}

/// Throws for what belongs to one interpreter or could be written to by two threads.
private func checkPlain(_ value: LuaValue, _ name: String) throws {
  switch value {
  case .null, .bool, .int, .number, .string: return
  case .table(let table):
    for (index, element) in table.list.enumerated() { try checkPlain(element, "\(name)[\(index + 1)]") }
    for (field, element) in table.fields { try checkPlain(element, "\(name).\(field)") }
  default: throw LuaError("\(name) is \(value.brief); an environment apart takes plain data only")
  }
}

extension Session {
  /// An interpreter apart, for the environments of `file`: as confined as the script's, with one of `share` parts of its memory.
  func apart(for file: String, share: Int) throws -> Interpreter {
    try FileGuard.check("read", file)
    let apart = try Interpreter()
    try apart.goApart()
    if lua.memoryCeiling > 0 { apart.memoryCeiling = max(lua.memoryCeiling / share, 4 << 20) }
    let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
    apart.searchPath = "\(folder)/?.lua;\(folder)/?/init.lua;\(apart.searchPath)"
    apart.installModule("dsrl", global: true)
    apart.installTensors(Randomness(seed: seed))
    apart.installLinearAlgebra()
    apart.type(RandomObject.self, declareRandom)
    try apart.run(Session.apartRules, name: "=apart")
    if let confinement { try Session.confine(apart, instructions: confinement) }
    return apart
  }

  private static let apartRules = """
    dsrl.env = {define = function(definition) return definition end}
    os.exit = function() error("os.exit is for the script itself", 2) end
    """
}
