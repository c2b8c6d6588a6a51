import Foundation
import Glibc
import Runs
import Testing

/// What `dsrl-lua run` promises beside the run itself.
@Suite struct RunnerTests {
  // MARK: Options

  @Test func optionsAreListed() throws {
    let program = try Program()
    try program.write(
      "script.lua",
      """
      local dsrl = require "dsrl"
      local name = "not = this"  -- nor this
      local opt = dsrl.options{
        steps = 3000,          -- environment steps
        rate = 1e-3, name = "a -- b",  -- the last on its line
        hidden = {8, 8},       -- widths
        fast = false,
        network = {
          depth = 2,           -- layers
          kind = "mlp",
        },
        final = 1 -- no comma
      }
      io.open("ran", "w"):close()
      """)
    let outcome = try program.run(["run", "script.lua", "--help"])
    #expect(outcome.code == 0 && !program.exists("ran") && !program.exists("runs"), "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    for line in [
      "steps=3000 environment steps", "rate=0.001", "name=\"a -- b\" the last on its line", "hidden={8, 8} widths", "fast=false", "network.depth=2 layers",
      "network.kind=\"mlp\"", "final=1 no comma",
    ] { #expect(lines.contains(line), "\(line) in \(outcome.output)") }
    try program.remove()
  }

  /// A script that computes before it declares anything is not run for its help.
  @Test func helpDoesNotRunTheExperiment() throws {
    let program = try Program()
    try program.write("script.lua", "dsrl.agent.sac{env = dsrl.env.make('PointFork-v0', {num_envs = 1})}:learn{steps = 1000000}\nio.open('ran', 'w'):close()")
    let outcome = try program.run(["run", "--help", "script.lua"])
    #expect(outcome.code == 0 && outcome.output.contains("declares no options") && !program.exists("ran"), "\(outcome.output)\(outcome.errors)")
    #expect(try program.run(["run", "--help"]).output.contains("--time-limit"))
    try program.remove()
  }

  @Test func everyExampleSaysItsOptions() throws {
    let program = try Program()
    for name in ["quickstart.lua", "pendulum.lua", "hopper.lua", "behaviour.lua"] {
      let outcome = try program.run(["run", "\(Program.root)/examples/\(name)", "--help"])
      #expect(outcome.code == 0 && outcome.output.contains("steps="), "\(name): \(outcome.output)\(outcome.errors)")
    }
    try program.remove()
  }

  // MARK: Command lines

  @Test(arguments: [
    (["--time-limit", "soon"], "--time-limit"), (["--time-limit", "-3"], "--time-limit"), (["--memory-limit", "0"], "--memory-limit"),
    (["--instructions", "5"], "--instructions is for --sandbox"), (["--resume", "r", "--out", "q"], "--out has nothing to say"),
    (["--resume", "nowhere"], "nowhere/manifest.json"), (["--seed", "x"], "--seed"), (["--strickt"], "--strickt"),
  ]) func wrongOption(_ options: [String], _ message: String) throws {
    let program = try Program()
    try program.write("script.lua", "print(1)")
    let outcome = try program.run(["run", "script.lua"] + options)
    #expect(outcome.code == 2 && outcome.errors.contains(message) && outcome.output.isEmpty, "\(outcome.code) \(outcome.errors)")
    try program.remove()
  }

  @Test func bytecodeIsNoScript() throws {
    let program = try Program()
    try program.write("script.lua", "local f = io.open('code.lua', 'wb') f:write(string.dump(function() return 1 end)) f:close()")
    #expect(try program.run(["script.lua"]).code == 0)
    for arguments in [["run", "code.lua"], ["code.lua"], ["-l", "code"]] {
      let outcome = try program.run(arguments)
      #expect(outcome.code != 0 && outcome.errors.contains("attempt to load a binary chunk"), "\(outcome.errors)")
    }
    try program.remove()
  }

  // MARK: Globals

  @Test func accidentalGlobals() throws {
    let program = try Program()
    try program.write("helper.lua", "function helped() end\nreturn 1")
    try program.write(
      "script.lua",
      """
      local function f()
        total = 1
        total = 2
      end
      f() f()
      require "helper"
      print(misspelt, unpack, rawget(_G, "quiet"))
      for i = 1, 3 do again = i end
      rawset(_G, "meant", 1)
      print(meant)
      """)
    let outcome = try program.run(["run", "script.lua", "--out", "r"])
    #expect(outcome.code == 0 && outcome.output == "nil\tnil\tnil\n1\n", "\(outcome.output)\(outcome.errors)")
    let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("variable") }
    let places = ["script.lua:2: the global variable 'total'", "helper.lua:1: the global variable 'helped'", "script.lua:7: there is no variable 'misspelt'", "script.lua:8: the global variable 'again'"]
    #expect(warnings.count == places.count, "\(warnings)")
    for (warning, place) in zip(warnings, places) { #expect(warning.contains(place), "\(warning)") }

    let strict = try program.run(["run", "script.lua", "--out", "s", "--strict"])
    #expect(strict.code == 1 && strict.errors.contains("script.lua:2: the global variable 'total' is made here"), "\(strict.errors)")
    try program.write("script.lua", "local x = 1\nprint(x, nme)")
    let read = try program.run(["run", "script.lua", "--out", "t", "--strict"])
    #expect(read.code == 1 && read.errors.contains("script.lua:2: there is no variable 'nme'"), "\(read.errors)")
    try program.remove()
  }

  // MARK: Memory

  /// Without a sandbox too, what is too much is an error and not the end of the process.
  @Test(arguments: [
    "string.rep('x', 1e9)", "local s = 'x' while true do s = s .. s end", "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end",
    "local t = {} while true do t[#t + 1] = dsrl.zeros(1000, 1000) end", "dsrl.zeros(1e5, 1e5)",
    "local t = {} while true do t[#t + 1] = dsrl.zeros(100) end", "local t = dsrl.ones(1000, 1) while true do t = dsrl.cat{t, t} end",
  ]) func memoryLimit(_ work: String) throws {
    let program = try Program()
    try program.write("script.lua", "local ok, problem = pcall(function() \(work) end)\nprint(ok, problem)\ncollectgarbage()\nprint(dsrl.zeros(10):sum():item(), dsrl.memory().peak < 900 << 20)")
    let outcome = try program.run(["run", "script.lua", "--out", "r", "--memory-limit", "300M"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("false\t") && outcome.output.hasSuffix("0.0\ttrue\n"), "\(outcome.output)")
    #expect(outcome.output.contains("not enough memory") || outcome.output.contains("too large"), "\(outcome.output)")
    try program.remove()
  }

  // MARK: Modules of others

  /// C modules find Lua's functions in the program.
  @Test func modulesInC() throws {
    let program = try Program()
    try program.write(
      "answer.c",
      """
      #include <lua.h>
      #include <lauxlib.h>
      static int answer(lua_State *L) { lua_pushinteger(L, luaL_checkinteger(L, 1) * 2); return 1; }
      int luaopen_answer(lua_State *L) { lua_pushcfunction(L, answer); return 1; }
      """)
    let built = try program.shell("cc -shared -fPIC $(pkg-config --cflags lua5.4) -o answer.so answer.c")
    #expect(built.code == 0, "\(built.errors)")
    #expect(try program.run(["-e", "print(require 'answer'(21))"]).output == "42\n")
    try program.write("script.lua", "print(pcall(require, 'answer'))")
    #expect(try program.run(["run", "script.lua", "--sandbox", "--out", "r"]).output.contains("false\tmodule 'answer' not found"))
    try program.remove()
  }

  /// A tree as `luarocks --tree` makes it, named as `luarocks path` names it.
  @Test func modulesOfLuaRocks() throws {
    let program = try Program()
    let outcome = try program.shell(
      """
      mkdir -p tree/share/lua/5.4/rock && echo 'return {inner = require "rock.inner"}' > tree/share/lua/5.4/rock/init.lua &&
      echo 'return 7' > tree/share/lua/5.4/rock/inner.lua && echo 'print(require("rock").inner)' > script.lua &&
      export LUA_PATH="$PWD/tree/share/lua/5.4/?.lua;$PWD/tree/share/lua/5.4/?/init.lua;;" &&
      "$PROGRAM" script.lua && "$PROGRAM" run script.lua --out r && grep -c rock r/manifest.json
      """)
    #expect(outcome.code == 0 && outcome.output == "7\n7\n2\n", "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }
}
