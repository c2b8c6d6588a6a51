import Glibc
import LuaBridge
import Testing

/// Environments of a script in interpreters of their own, by dsrl.env.script.
@Suite struct ScriptEnvironmentTests {
  /// An environment whose file has a module beside it.
  private static let task = """
    local physics = require "physics"
    return dsrl.env.define{
      id = "Apart-v0", observation_space = {low = -10, high = 10, shape = 2}, action_space = {low = -1, high = 1}, max_episode_steps = 9, options = {gain = 0.1},
      reset = function(self, rng) self.x, self.v = rng:normal(), 0 return {self.x, self.v} end,
      step = function(self, action, rng)
        self.v = physics.push(self.v, action[1] + 0.1 * rng:normal())
        self.x = self.x + self.options.gain * self.v
        return {self.x, self.v}, -self.x ^ 2, math.abs(self.x) > 3
      end,
    }
    """
  private static let physics = "return {push = function(v, a) return 0.9 * v + a end}"

  private func program(_ script: String, task: String = task) throws -> Program {
    let program = try Program()
    try program.write("task.lua", task)
    try program.write("physics.lua", ScriptEnvironmentTests.physics)
    try program.write("script.lua", script)
    return program
  }

  /// The same whatever the number of threads, and the same as in the script's own interpreter.
  @Test func threadsDoNotMatter() throws {
    let script = """
      local options = {num_envs = 7, chunk = 3, seed = 2, gain = 0.2}
      local env, kept
      if arg[1] == "own" then dsrl.env.define(dofile("task.lua")) env = dsrl.env.make("Apart-v0", options) else env = dsrl.env.script("task.lua", options) end
      print((env:reset()))
      for i = 1, 20 do
        local obs, reward, terminated, truncated, info = env:step(dsrl.uniform({7, 3}, -1, 1))
        print(obs, reward, table.concat(info.steps_taken, " "))
        if i == 9 then kept = env:state() end
      end
      env:set_state(kept)
      print((env:step(dsrl.ones(7, 3))))
      print(#dsrl.evaluate{env = env, policy = function(o) return dsrl.zeros(o.shape[1], 3, 1) end, episodes = 5}.returns, #dsrl.env.check(env))
      """
    let program = try program(script)
    var outputs: [String] = []
    for threads in ["1", "2"] {
      let outcome = try program.run(["run", "script.lua", "--threads", threads, "--out", "r\(threads)"])
      #expect(outcome.code == 0, "\(outcome.errors)")
      outputs.append(outcome.output)
    }
    #expect(outputs[0] == outputs[1] && outputs[0].hasSuffix("5\t0\n"), "\(outputs[0])")
    // There define has registered it: the file gives its id.
    try program.write("task.lua", ScriptEnvironmentTests.task.replacing("return dsrl.env.define{", with: "return {"))
    let own = try program.run(["run", "script.lua", "--out", "r3", "--", "own"])
    #expect(own.code == 0 && own.output == outputs[0], "\(own.errors)\(own.output)")
    try program.remove()
  }

  @Test(arguments: [
    ("return 3", "task.lua must return a table, as dsrl.env.define takes it, got number 3"), ("return {id = 'A'", "task.lua:1: '}' expected near <eof>"), ("error('here')", "task.lua:1: here"),
    ("return {id = 'A'}", "task.lua: missing 'observation_space'"), ("local t = ...\nreturn {id = 'A', observation_space = 1, action_space = 1, reset = function()\nerror('lost') end, step = print}", "environment 1: task.lua:3: lost"),
    ("return {id = 'A', observation_space = 1, action_space = 1, reset = function() return {1, 2} end, step = print}", "environment 1: reset (task.lua:1) of A returned an observation of 2 numbers, wanted 1"),
    ("return {id = 'A', observation_space = 1, action_space = 1, reset_batch = print, step_batch = print}", "wants 'reset' and 'step'"), ("os.exit(0)", "os.exit is for the script itself"), ("return dsrl.agent", "got nil"),
    ("return require 'nowhere'", "module 'nowhere' not found"),
  ]) func errorsNameFileAndLine(_ task: String, _ message: String) throws {
    let program = try program("local env = dsrl.env.script('task.lua', {num_envs = 2}) env:reset()", task: task)
    let outcome = try program.run(["script.lua"])
    #expect(outcome.code == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: [("dsrl.env.script('nowhere.lua')", "nowhere.lua"), ("dsrl.env.script('task.lua', {gai = 1})", "unknown option 'gai' (did you mean 'gain'?)"), ("dsrl.env.script('task.lua', {gain = 'x'})", "'gain' must be like its default 0.1, got string 'x'"), ("dsrl.env.script('task.lua', {num_envs = 0})", "num_envs wants a number from 1 to 65536, got 0")])
  func mistakes(_ call: String, _ message: String) throws {
    let program = try program(call)
    let outcome = try program.run(["script.lua"])
    #expect(outcome.code == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    try program.remove()
  }

  /// Ctrl-C reaches what loops in the other interpreters, whatever they run and on however many threads.
  @Test(arguments: ["while true do end", "while true do pcall(function() while true do end end) end", "coroutine.wrap(function() while true do end end)()"])
  func interrupted(_ loop: String) throws {
    for threads in ["1", "2"] {
      let task = "return {id = 'Loop', observation_space = 1, action_space = {low = -1, high = 1}, reset = function() return {0} end, step = function() io.open('ready', 'w'):close() \(loop) end}"
      let program = try program("local env = dsrl.env.script('task.lua', {num_envs = 4}) env:reset() env:step(dsrl.zeros(4, 1))", task: task)
      let outcome = try program.run(["run", "script.lua", "--threads", threads, "--out", "r"], signals: 1)
      #expect(outcome.code == 130, "\(outcome.code) \(outcome.errors)")
      try program.remove()
    }
  }

  /// A sandbox is one for them too.
  @Test(arguments: [
    ("os.execute('touch ran')", "field 'execute'"), ("io.open('secret')", "cannot read 'secret'"), ("while true do end", "instruction budget used up"), ("local s = 'x' while true do s = s .. s end", "not enough memory"),
    ("setmetatable({}, {__gc = print})", "no finalisers"), ("debug.sethook()", "field 'sethook'"),
  ]) func confined(_ deed: String, _ message: String) throws {
    let task = "return {id = 'Bad', observation_space = 1, action_space = {low = -1, high = 1}, reset = function() \(deed) return {0} end, step = print}"
    let program = try program("dsrl.env.script('task.lua', {num_envs = 2}):reset()", task: task)
    try program.write("secret", "hidden")
    let outcome = try program.run(["run", "script.lua", "--sandbox", "--instructions", "3e6", "--memory-limit", "300M", "--out", "q"])
    #expect(outcome.code == 1 && outcome.errors.contains(message) && !program.exists("ran"), "\(outcome.code) \(outcome.errors)")
    try program.remove()
  }
}
