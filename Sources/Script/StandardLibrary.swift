import Files
import Glibc
import LuaBridge
import Ranks
import Runs
import Tensors

// Where the modules written in Lua are, and the few standard functions that a session watches.
extension Session {
  /// The folder of stdlib: below $DSRL_LUA_HOME, beside an installed program, or in the source tree that it was built in.
  public static func standardLibrary() throws -> String {
    var candidates: [String] = []
    if let home = getenv("DSRL_LUA_HOME") {
      candidates = ["\(String(cString: home))/stdlib", String(cString: home)]
    } else if let program = realPath("/proc/self/exe") {
      var folders = program.split(separator: "/").dropLast()
      candidates = ["/\(folders.dropLast().joined(separator: "/"))/share/dsrl-lua/stdlib"]
      while !folders.isEmpty {
        candidates.append("/\(folders.joined(separator: "/"))/stdlib")
        folders.removeLast()
      }
    }
    guard let found = candidates.first(where: { access("\($0)/learn.lua", R_OK) == 0 }) else {
      throw UsageError("the standard library (stdlib/learn.lua) is in none of \(candidates.joined(separator: ", ")); set DSRL_LUA_HOME to the folder that holds stdlib")
    }
    return found
  }

  func installStandardLibrary() throws {
    let folder = try Session.standardLibrary()
    let path = lua.searchPath
    lua.searchPath = "\(folder)/?.lua;\(path)"
    try attach("learn", to: "Agent", "(options: table) -> table",
      "Collects, updates, evaluates, logs and reports until `steps` more environment steps are done; eval_every, eval_episodes (10), eval_seed, eval_env, num_eval_envs, deterministic, log_every, save_every (of a run's checkpoint), diagnostics (true, or every so many steps), on_eval = function(agent, evaluation, step), on_step = function(agent, advance, step), on_episode = function(agent, episode, step). Returns the evaluations as {{step =, mean_reward =, interval = {low, high}, ...}, ...}. Calling it again goes on; so does a resumed run, to the same numbers. Under mpirun all ranks learn one agent together (?dsrl.dist).")
    try attach("learn_offline", to: "Agent", "(options: table) -> table",
      "Learns from the agent's offline_data alone, without acting, until `gradient_steps` more gradient steps of the critics are done; the other options are learn's and count these steps, as the metrics do. A learn after it goes on online; init_rollout_steps = 0 then begins with what was learned.")
    try attach("preset", to: "dsrl", "(name: string, overrides?: table, agent?: string) -> table",
      "The published options of a task (hopper, walker2d, halfcheetah, lift, can, square, transport) for dsrl.agent.dsrl_na, or for the agent named (\"dsrl_sac\"), with yours laid over. Prints what of it differs from that agent's own defaults.")
    try attach("sequential", to: "dsrl.nn", "(...: Module | function) -> Module",
      "Modules and functions one after the other, the output of each the input of the next; also as one list. It is a module with its parts at [1], [2], ...")
    try lua.attach(to: "dsrl.run", "stage", "(name: string, body: function) -> ...",
      "Runs body and keeps what it returns (numbers, strings, tables, Tensors, DataSets, Policies) in the run's folder; when the run is resumed, returns that instead. Outside of a run it only runs body.",
      lua.load("return require 'checkpoints'.stage(...)", name: "=stage"))
    // Lua seeds math.random by the clock; a run is to give the same numbers again.
    if self.folder != nil { try lua.load("math.randomseed(...)", name: "=seed").call(seed) }
  }

  /// Binds the function that stdlib/<name>.lua returns, read when it is first called.
  private func attach(_ name: String, to owner: String, _ signature: String, _ doc: String) throws {
    try lua.attach(to: owner, name, signature, doc, lua.load("return require '\(name)'(...)", name: "=\(name)"))
  }

  /// Makes `require` find the modules beside a script, after those of stdlib.
  public func useModules(beside script: String) {
    let folder = script.lastIndex(of: "/").map { String(script[..<$0]) } ?? "."
    let places = lua.searchPath.split(separator: ";", maxSplits: 1)
    lua.searchPath = "\(places.first ?? "");\(folder)/?.lua;\(folder)/?/init.lua;\(places.last ?? "")"
  }

  /// `require` notes what it loads, `os.exit` ends the run, `print` does not run into the progress line.
  func installHooks() throws {
    let noteModule = try lua.makeFunction("require") { [unowned self] (path: String) throws -> Void in
      modules.append(path)
      try run?.add(module: path)
    }
    try lua.load(
      """
      local note = ...
      local search = package.searchers[2]
      package.searchers[2] = function(name)
        local loader, path = search(name)
        if type(loader) == "function" then note(path) end
        return loader, path
      end
      """, name: "=require"
    ).call(noteModule)

    let exit = try lua.makeFunction("exit") { [unowned self] (code: Either<Bool, Int>?) throws -> Void in
      let number: Int32 =
        switch code {
        case nil: 0
        case .first(let success)?: success ? 0 : 1
        case .second(let code)?: Int32(truncatingIfNeeded: code)
        }
      try end(number == 0 ? .finished : .failed, error: number == 0 ? nil : "os.exit(\(number))")
      Ranks.leave(number, together: number == 0)
      Glibc.exit(number)
    }
    try lua.load("os.exit = ...", name: "=os").call(exit)

    guard isatty(STDERR_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return }
    let clear = try lua.makeFunction("clear") { [unowned self] () throws -> Void in progress?.clear() }
    try lua.load("local clear, plain = ..., print; print = function(...) clear() return plain(...) end", name: "=print").call(clear)
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
