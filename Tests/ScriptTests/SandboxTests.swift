import Glibc
import Testing

/// Guard rails for a script that somebody sent.
@Suite struct SandboxTests {
  /// What is tried, and the error; `secret` lies beside the run's folder.
  @Test(arguments: [
    ("os.execute('touch ran')", "field 'execute'"), ("os.remove('secret')", "field 'remove'"), ("os.getenv('HOME')", "field 'getenv'"),
    ("io.popen('touch ran')", "field 'popen'"), ("io.open('secret')", "cannot read 'secret'"), ("io.open('made', 'w')", "cannot write 'made'"),
    ("io.open(5, 'w')", "cannot write '5'"), ("io.open('secret', 'r+')", "cannot write 'secret'"), ("for _ in io.lines('secret') do end", "cannot read 'secret'"),
    ("io.input('secret')", "cannot read 'secret'"), ("io.output('made')", "cannot write 'made'"), ("dofile('secret')", "cannot read 'secret'"),
    ("loadfile('secret')", "cannot read 'secret'"), ("io.open(dsrl.run.folder .. '/../secret')", "/../secret'"), ("package.path = './?' require 'secret'", "cannot read './secret'"),
    ("package.loadlib('x', 'y')", "field 'loadlib'"), ("debug.getregistry()", "field 'getregistry'"), ("debug.sethook()", "field 'sethook'"),
    ("debug.getinfo(print)", "wants the number of a level"), ("require('debug').getregistry()", "field 'getregistry'"),
    ("dsrl.json.read('secret')", "cannot read 'secret'"), ("dsrl.json.write('made', {})", "cannot write 'made'"), ("dsrl.data.load('secret')", "cannot read 'secret'"),
    ("dsrl.plot.line({1, 2}, {1, 2}):write('made.svg')", "cannot write 'made.svg'"), ("dsrl.policy.load('elsewhere')", "elsewhere"),
    ("load(string.dump(function() end))()", "attempt to call a nil value"), ("string.rep('x', 1e9)", "not enough memory"), ("setmetatable({}, {__gc = print})", "no finalisers"),
    ("getmetatable(io.stdout).__gc = function() while true do end end", "attempt to index a boolean value"),
    ("('x'):rep(4e8, ', ')", "not enough memory"), ("local s = 'x' while true do s = s .. s end", "not enough memory"), ("dsrl.zeros(1e5, 1e5)", "too large"),
  ]) func refused(_ work: String, _ message: String) throws {
    let program = try Program()
    try program.write("secret", "hidden = 1")
    try program.write("script.lua", work)
    let outcome = try program.run(["run", "script.lua", "--sandbox", "--out", "q", "--memory-limit", "300M"])
    #expect(outcome.code == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(!program.exists("made") && !program.exists("5") && !program.exists("ran") && !program.exists("made.svg"))
    try program.remove()
  }

  @Test func whatAnHonestScriptNeeds() throws {
    let program = try Program()
    try program.write("helper.lua", "return 5")
    try program.write(
      "script.lua",
      """
      local opt = dsrl.options{steps = 40}
      assert(require "helper" == 5 and dofile("helper.lua") == 5)
      local file = assert(io.open(dsrl.run.path("notes.txt"), "w")) file:write("kept") file:close()
      for line in io.lines(dsrl.run.path("notes.txt")) do print(line) end
      dsrl.json.write(dsrl.run.path("x.json"), {1})
      dsrl.plot.line({1, 2}, {1, 2}):write(dsrl.run.path("x.svg"))
      local agent = dsrl.agent.sac{env = dsrl.env.make("Hopper-v5", {num_envs = 1}), hidden = {4}, learning_starts = 8, batch_size = 4}
      agent:learn{steps = opt.steps}
      agent:save(dsrl.run.path("agent"))
      print(debug.getinfo(1).currentline, debug.traceback("x"):match("^x"), os.time() > 0, os.clock() >= 0)
      """)
    let outcome = try program.run(["run", "script.lua", "--sandbox", "--out", "r"])
    #expect(outcome.code == 0 && outcome.output == "kept\n10\tx\ttrue\ttrue\n", "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: [
    "while true do end", "while true do pcall(function() while true do end end) end", "coroutine.wrap(function() while true do end end)()",
    "while true do pcall(coroutine.wrap(function() while true do end end)) end", "while true do coroutine.wrap(function() for i = 1, 50 do local x = i end end)() end",
    "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
    "while true do xpcall(function() while true do end end, function(e) while true do end end) end", "while true do dsrl.no_grad(function() while true do end end) end",
    "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)()",
    "while true do local x <close> = setmetatable({}, {__close = function() while true do end end}) end",
    "local function f() return f() end f()", "debug = nil repeat until false",
  ]) func instructionBudget(_ work: String) throws {
    let program = try Program()
    try program.write("script.lua", work)
    let outcome = try program.run(["run", "script.lua", "--sandbox", "--out", "r", "--instructions", "2000000"])
    #expect(outcome.code == 1 && outcome.errors.contains("instruction budget used up"), "\(outcome.code) \(outcome.errors)")
    try program.remove()
  }
}
