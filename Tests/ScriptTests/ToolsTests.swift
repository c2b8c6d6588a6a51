import Files
import FoundationEssentials
import Glibc
import LuaBridge
import Testing

@testable import Script

/// `doctor`, `stubs`, and an installed copy.
@Suite struct ToolsTests {
  @Test func doctorFindsEverything() throws {
    let program = try Program()
    let outcome = try program.run(["doctor"])
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    for name in ["dsrl-lua", "processor", "instructions", "oneDNN", "Lua", "MuJoCo", "readline", "gnuplot", "stdlib", "models", "memory", "speed", "determinism"] {
      #expect(outcome.output.contains("\n\(name) ") || outcome.output.hasPrefix("\(name) "), "\(name) in \(outcome.output)")
    }
    #expect(outcome.output.contains("Lua           \(Interpreter.release)") && outcome.output.contains("all is well"))
    #expect(try program.run(["doctor", "x"]).code == 2)
    try program.remove()
  }

  @Test func doctorSaysHowToMend() throws {
    let program = try Program()
    let outcome = try program.shell("PATH=/nowhere DNNL_MAX_CPU_ISA=SSE41 \"$PROGRAM\" doctor")
    #expect(outcome.code == 4, "\(outcome.output)\(outcome.errors)")
    for sentence in ["WRONG: there is no gnuplot", "apt-get install gnuplot-nox", "uses SSE4.1", "DNNL_MAX_CPU_ISA keeps oneDNN from", "1 of these wants mending"] {
      #expect(outcome.output.contains(sentence), "\(sentence) in \(outcome.output)")
    }
    try program.remove()
  }

  @Test func stubsAreLua() throws {
    let program = try Program()
    #expect(try program.run(["stubs", "a/b"]).code == 0)
    let check = """
      assert(loadfile('a/b/dsrl.d.lua', 't', {}))
      local rc = {stds = {}} assert(loadfile('a/b/.luacheckrc', 't', rc))()
      print(rc.std, rc.stds.dsrl.read_globals.dsrl.fields.agent.fields.dsrl_na ~= nil)
      """
    #expect(try program.run(["-e", check]).output == "lua54+dsrl\ttrue\n")
    #expect(try program.run(["stubs"]).code == 2)
    try program.remove()
  }

  /// Every public name, with a signature that can be taken apart; and nothing of the page is stale.
  @Test func everyNameIsInTheReference() throws {
    let program = try Program()
    #expect(try program.run(["stubs", "."]).code == 0)
    let page = try program.read("reference.md"), definitions = try program.read("dsrl.d.lua")
    #expect(page == (try readText(Program.root + "/docs/reference.md")), "docs/reference.md is stale: dsrl-lua stubs writes it")
    for entry in try Session().lua.registry.entries {
      #expect(!entry.doc.isEmpty, "\(entry.name) lacks help")
      switch entry.kind {
      case .module, .type: #expect(page.contains("\n## \(entry.name)\n"), "\(entry.name)")
      case .function, .method:
        #expect(entry.signature.hasPrefix("(") || entry.signature.hasPrefix("{"), "\(entry.name)")
        #expect(page.contains("- `\(entry.name)\(entry.signature)") || page.contains("- `\(entry.name): \(entry.signature)"), "\(entry.name)")
        #expect(definitions.contains("\nfunction \(entry.name)("), "\(entry.name)")
      default:
        #expect(!entry.signature.isEmpty, "\(entry.name)")
        #expect(page.contains("- `\(entry.name)"), "\(entry.name)")
      }
    }
    try program.remove()
  }

  /// luacheck (Debian: lua-check) with the written standard finds nothing in the examples, and does find a name that is not there.
  @Test func luacheckIsContent() throws {
    let program = try Program()
    try program.write("wrong.lua", "print(dsrl.tensr(1))\n")
    let outcome = try program.shell(
      "\"$PROGRAM\" stubs s && luacheck --no-color --config s/.luacheckrc \"$ROOT/examples\" \"$ROOT/stdlib\" && ! luacheck --no-color --config s/.luacheckrc wrong.lua")
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("accessing undefined field 'tensr' of global 'dsrl'"), "\(outcome.output)")
    try program.remove()
  }

  /// Installed, moved, run from another folder, taken away again.
  @Test func anInstalledCopyRunsAnywhere() throws {
    let program = try Program()
    let outcome = try program.shell(
      """
      set -e; unset DSRL_LUA_HOME DSRL_LUA_MODELS
      DSRL_LUA_PROGRAM="$PROGRAM" "$ROOT/scripts/install" "$PWD/prefix" > log
      ldd prefix/bin/dsrl-lua | grep libmujoco | grep -c "$PWD/prefix/"
      mv prefix moved; mkdir elsewhere; cd elsewhere
      ldd ../moved/bin/dsrl-lua | grep libmujoco | grep -c "/moved/"
      echo 'local env = dsrl.env.make("Hopper-v5") env:reset{seed = 1} print(dsrl.agent.options("sac").tau, require("preset") ~= nil)
        print(package.path:match("[^;]*"))' > script.lua
      ../moved/bin/dsrl-lua script.lua | sed "s|$PWD|HERE|; s|${PWD%/elsewhere}|PLACE|"
      ../moved/bin/dsrl-lua run script.lua --out r > log
      "$ROOT/scripts/install" --uninstall ../moved
      cd ..; ls -A moved | wc -l; ! "$ROOT/scripts/install" --uninstall moved
      """)
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output == "1\n1\n0.005\ttrue\nPLACE/moved/share/dsrl-lua/stdlib/?.lua\n0\n", "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }

  /// A short run of scripts/fuzz: the process lives, and no tensor is left behind.
  @Test(arguments: [3, 7]) func garbageIn(_ seed: Int) throws {
    let program = try Program()
    let outcome = try program.shell("DSRL_LUA_PROGRAM=\"$PROGRAM\" \"$ROOT/scripts/fuzz\" \(seed) 600 250")
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("nothing left behind"), "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }
}
