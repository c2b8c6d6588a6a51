import FoundationEssentials
import Testing

/// A session at a terminal in a folder of its own; it must end well.
func atPrompt(
  _ arguments: [String] = [], variables: [String: String] = [:], files: [String: String] = [:], columns: UInt16 = 200,
  _ body: (PseudoTerminal, Program) throws -> Void
) throws {
  let program = try Program()
  for (name, text) in files {
    let folder = name.split(separator: "/").dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(atPath: "\(program.folder)/\(folder)", withIntermediateDirectories: true)
    try program.write(name, text)
  }
  let terminal = try PseudoTerminal(arguments, folder: program.folder, variables: variables, columns: columns)
  try terminal.wait(for: PseudoTerminal.prompt)
  try body(terminal, program)
  terminal.type("\u{4}")
  let code = try terminal.end()
  #expect(code == 0, "\(terminal.screen)")
  try program.remove()
}

@Suite(.serialized) struct PromptTests {
  /// Lines, and what the last of them prints; the part before "..." where it ends so.
  static let dialogues: [(lines: [String], output: String)] = [
    (["1 + 1"], "2"), (["x = 5"], ""), (["x = 5", "x;"], ""), (["x = 5", "x; -- quiet"], ""), (["= 2 * 3, 'b'"], "6\tb"), (["nil"], "nil"), (["print(1)"], "1"),
    (["(function() return 1, 'two', nil end)()"], "1\ttwo\tnil"), (["(function() end)()"], ""),
    (["41", "_ + 1"], "42"), (["(function() return 1, 2, 3 end)();", "_ + _1 + _2 * _3"], "8"), (["1, 2", "3", "_2"], "nil"), (["7", "y = 1", "_"], "7"),
    (["for i = 1, 2 do", "print(i)", "end"], "1\n2"), (["1 +", "2"], "3"), (["f = function(a,", "b) return a * b end", "f(6, 7)"], "42"), (["[[a", "b]]"], "a\nb"),
    (["--[[ a comment", "goes on ]]", "5"], "5"), (["-- nothing"], ""),
    (["x = = 1"], "prompt:1: unexpected symbol near '='"), (["3 4"], "prompt:1: <eof> expected near '4'"), (["for i = 1, 2 do", "x = = 1"], "prompt:2: unexpected symbol near '='"),
    (["nope.x"], "prompt:1: attempt to index a nil value (global 'nope')"), (["error('no', 0)"], "no"), (["error{code = 3}", "_err.value.code"], "3"),
    (["error('no', 0)", "_err.message"], "no"), (["error{}", "_err.message"], "(error object is a table value)"),
    (["f = function()", "error('deep') end", "f()"], "prompt:2: deep\nstack traceback:..."), (["dsrl.zeros(2, 3) + dsrl.zeros(4)"], "prompt:1: cannot broadcast shape [2, 3] with [4]"),
    (["nope.x", "_err.traceback"], "stack traceback:\n\tprompt:1: in main chunk..."), (["nope.x", "1", "_err.message"], "prompt:1: attempt to index a nil value (global 'nope')"),
    (["local y = 3"], "local y ends with this line..."), (["local y, z = 3, 4"], "locals y, z end with this line..."), (["do local y = 3 end"], ""),
    (["local y = 3", "y"], "nil"), (["%autoglobal on", "local y <const>, z = 3, 4", "z"], "nil"), (["%autoglobal on", "local y, z = 3, 4", "y + z"], "7"),
    (["%autoglobal on", "local y", "local function f() return y end", "f()"], "nil"),
    (["exit"], "nil"), (["!echo from the shell"], "from the shell"), (["!exit 3"], "exit code 3"),
    (["%nonsense"], "there is no command %nonsense; %help lists them"), (["%whoo"], "there is no command %whoo (did you mean %who?); %help lists them"),
    (["%who"], "no variables yet"), (["a = 1", "b = {1, 2, c = 3}", "s = 'x'", "%who"], "a  number  1\nb  table   {2 elements, 1 field}\ns  string  \"x\""),
    (["a = 1", "t = dsrl.zeros(2)", "%who Tensor"], "t  Tensor  tensor f32 [2] (0, 0)"),
    (["%time"], "%time wants Lua code"), (["%run"], "%run wants a file"), (["%run missing.lua"], "cannot open missing.lua..."), (["%save x.lua"], "no line went well yet, so there is nothing to save"),
    (["%run script.lua a b"], "script.lua\ta\tb\n9"), (["%run script.lua", "from_script"], "1"),
    (["?Tensor:sum"], "Tensor:sum..."), (["t = dsrl.zeros(2)", "?t:sum"], "Tensor:sum..."), (["?dsrl.zeros(2).shape"], "Tensor.shape: integer[]..."), (["?env:reset"], "Environment:reset..."), (["?env:step"], "Optimizer:step()..."), (["?string.format"], "string.format is Lua's own..."),
    (["%run 'with blank.lua' \"c d\" e"], "c d\te"), (["x = 1", "%save 'a file.lua'"], "1 line in a file.lua"),
    (["{setmetatable({}, {__tostring = function() error 'no' end}), 1}"], "{{__tostring failed}, 1}"),
    (["?dsrl.env.mak"], "no help on 'dsrl.env.mak'; did you mean 'dsrl.env.make'?..."), (["?\"wilson\""], "dsrl.stats.wilson..."), (["?Ant-v5"], "dsrl.env.make(\"Ant-v5\", {...}), beside what ?dsrl.env.make says..."), (["?tau"], "tau, an option\n  of ..."), (["?\"zebra\""], "nothing about 'zebra'"),
  ]

  @Test func dialogue() throws {
    for (lines, wanted) in PromptTests.dialogues {
      try atPrompt(variables: ["NO_COLOR": "1"], files: ["script.lua": "from_script = 1\nprint(arg[0], ...)\nreturn 9", "with blank.lua": "print(...)"]) { terminal, _ in
        var output = ""
        for line in lines { output = try terminal.enter(line) }
        let isRight = wanted.hasSuffix("...") ? output.hasPrefix(wanted.dropLast(3)) : output == wanted
        #expect(isRight, "\(lines): \(output.debugDescription)")
      }
    }
  }

  @Test func helpHasSignatureDefaultsUnitsAndExample() throws {
    try atPrompt { terminal, _ in
      let page = try terminal.enter("?dsrl.agent.dsrl_na")
      for part in ["dsrl.agent.dsrl_na(options: table) -> Agent", "init_rollout_steps = 2001", "vector steps with the policy's own noise", "activation = \"tanh\"", "one of relu, tanh", "example", "agent = dsrl.agent.dsrl_na{"] {
        #expect(page.contains(part), "\(part)")
      }
      #expect(try terminal.enter("?").contains("dsrl.plot"))
      #expect(try terminal.enter("%help").contains("%timeit CODE"))
    }
  }

  @Test func timing() throws {
    try atPrompt(variables: ["NO_COLOR": "1"]) { terminal, _ in
      let once = try terminal.enter("%time 6 * 7")
      #expect(once.contains(/42\n[0-9.]+ (µs|ms|s) \([0-9.]+ (ns|µs|ms|s) of processor\)/))
      #expect(try terminal.enter("%timeit math.sin(1)").contains(/[0-9.]+ (ns|µs) ± [0-9.]+ (ns|µs) a run \(7 rounds of [0-9]+, least [0-9.]+ (ns|µs)\)/))
      let slow = try terminal.enter("local began = dsrl.clock() while dsrl.clock() - began < 1.1 do end")
      #expect(slow.contains(/\([0-9.]+ s\)/), "\(slow)")
      #expect(!(try terminal.enter("1 + 1").contains("s)")))
    }
  }

  @Test func goodLinesBecomeAScript() throws {
    try atPrompt(variables: ["NO_COLOR": "1"]) { terminal, program in
      for line in ["x = 2", "x + 1", "nope.x", "_ * 2", "print(_)", "x, x * x", "y = _2", "for i = 1, 2 do", "x = x + i", "end", "'done' -- with a remark"] { try terminal.enter(line) }
      #expect(try terminal.enter("%save s.lua").hasPrefix("11 lines in s.lua"))
      #expect(try terminal.enter("%save s.lua").hasPrefix("'s.lua' is there already"))
      #expect(try terminal.enter("%save -f s.lua").hasPrefix("11 lines"))
      #expect(try program.read("s.lua") == "x = 2\n_ = x + 1\n_ = _ * 2\nprint(_)\n_1, _2 = x, x * x\n_ = _1\ny = _2\nfor i = 1, 2 do\nx = x + i\nend\nprint('done')\n")
      #expect(try program.run(["s.lua"]).output == "6\ndone\n")
    }
  }

  @Test func startUpFile() throws {
    let files = [".config/dsrl-lua/init.lua": "from_init = 7", "other/dsrl-lua/init.lua": "from_init = 8", "script.lua": "print(from_init)"]
    try atPrompt(files: files) { terminal, program in
      let value = try terminal.enter("from_init")
      #expect(value.hasPrefix("7"))
      #expect(try terminal.enter("%who").contains("from_init"))
      // For scripts it does not exist.
      for arguments in [["script.lua"], ["-e", "print(from_init)"], ["run", "script.lua", "--out", "r"]] {
        let script = try PseudoTerminal(arguments, folder: program.folder)
        #expect(try script.end() == 0 && script.screen.trimmed.hasSuffix("nil"))
      }
    }
    try atPrompt(["-E"], files: files) { terminal, _ in
      let value = try terminal.enter("from_init")
      #expect(value.contains("nil"))
    }
    try atPrompt(variables: ["XDG_CONFIG_HOME": "other"], files: files) { terminal, _ in
      let value = try terminal.enter("from_init")
      #expect(value.hasPrefix("8"))
    }
    try atPrompt(files: [".config/dsrl-lua/init.lua": "error 'wrong'"]) { terminal, _ in
      let value = try terminal.enter("1 + 1")
      #expect(terminal.screen.contains("init.lua:1: wrong") && value.hasPrefix("2"))
    }
  }

  @Test func history() throws {
    let program = try Program()
    func session(_ variables: [String: String] = [:], _ body: (PseudoTerminal) throws -> Void) throws {
      let terminal = try PseudoTerminal(folder: program.folder, variables: variables)
      try terminal.wait(for: PseudoTerminal.prompt)
      try body(terminal)
    }
    // Written before it runs: the line that ends the program is there.
    try session(["XDG_STATE_HOME": "state"]) { terminal in
      try terminal.enter("needle = 'found' .. ' it'")
      terminal.type("os.exit(3)\r")
      #expect(try terminal.end() == 3)
    }
    #expect(try program.read("state/dsrl-lua/history") == "needle = 'found' .. ' it'\nos.exit(3)\n")
    // Ctrl-R finds it.
    try session(["XDG_STATE_HOME": "state"]) { terminal in
      terminal.type("\u{12}needle\r")
      try terminal.wait(for: PseudoTerminal.prompt)
      #expect(try terminal.enter("needle").hasPrefix("found it"))
    }
    // At home without XDG_STATE_HOME; nowhere with an empty DSRL_LUA_HISTORY.
    try session(["DSRL_LUA_HISTORY": ""]) { try $0.enter("1") }
    #expect(!program.exists(".local/state/dsrl-lua/history"))
    try session { try $0.enter("1") }
    #expect(try program.read(".local/state/dsrl-lua/history") == "1\n")
    // Capped.
    try program.write("long", (1...10050).map { "\($0)\n" }.joined())
    try session(["DSRL_LUA_HISTORY": "long"]) { try $0.enter("'last'") }
    let lines = try program.read("long").split(separator: "\n")
    #expect(lines.count == 10001 && lines.first == "51" && lines.last == "'last'")
    // A file that cannot be is no reason to stop.
    try session(["DSRL_LUA_HISTORY": "/proc/none/history"]) { terminal in
      let value = try terminal.enter("1 + 1")
      #expect(value.contains("2"))
      #expect(terminal.screen.contains("no history file: cannot write '/proc/none/history'"))
    }
    try program.remove()
  }

  @Test func coloursOnATerminalOnly() throws {
    let red = "\u{1B}[31m"
    try atPrompt { terminal, _ in
      try terminal.enter("nope.x")
      #expect(terminal.raw.contains(red + "prompt:1: attempt to index a nil value (global 'nope')"))
    }
    for variables in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
      let program = try Program()
      let terminal = try PseudoTerminal(folder: program.folder, variables: variables)
      try terminal.wait(for: "> ")
      terminal.type("nope.x\r")
      try terminal.wait(for: "global 'nope'")
      #expect(!terminal.raw.contains(red))
      try program.remove()
    }
  }

  /// Whole blocks, and lines copied from a session with its prompt.
  @Test func paste() throws {
    try atPrompt { terminal, _ in
      terminal.type("\u{1B}[200~a = 3\nfor i = 1, 2 do\n  a = a + i\nend\na + 1\u{1B}[201~\r")
      #expect(try terminal.wait(for: PseudoTerminal.prompt).contains("7"))
      terminal.type("\u{1B}[200~> b = a\n> for i = 1, 2 do\n>> b = b * 2\n>> end\u{1B}[201~\r")
      try terminal.wait(for: PseudoTerminal.prompt)
      #expect(try terminal.enter("b").hasPrefix("24"))
    }
  }

  /// From a pipe: no banner, no prompt, no colour; a mistake is reported and the next line read.
  @Test(arguments: [
    ("1 + 1\nx = 5;\nx\n", "2\n5\n", ""), ("for i = 1, 2 do\nprint(i)\nend", "1\n2\n", ""), ("nope.x\n'on'\n", "on\n", "prompt:1: attempt to index a nil value (global 'nope')\n"),
    ("x =", "", "prompt:1: unexpected symbol near <eof>\n"), ("?dsrl.version\n", "dsrl.version: string\n  The version of dsrl-lua.\n", ""),
  ])
  func pipe(_ input: String, _ output: String, _ errors: String) throws {
    let program = try Program()
    let outcome = try program.run(["-i"], input: input)
    #expect(outcome.output == output && outcome.errors == errors && outcome.code == 0, "\(outcome)")
    try program.remove()
  }
}
