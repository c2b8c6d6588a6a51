import Files
import Runs
import Testing

@Suite struct AppTests {
  /// What is typed, what comes in, what comes out, how it ends.
  static let lines: [(arguments: [String], input: String, output: String, errors: String, code: Int32)] = [
    (["-e", "print(1)"], "", "1\n", "", 0),
    (["-e", "x = 2", "-e", "print(x)"], "", "2\n", "", 0),
    (["-"], "print('in', ...)", "in\n", "", 0),
    (["-", "a", "b"], "#!/usr/bin/env dsrl-lua\nprint(...)", "a\tb\n", "", 0),
    ([], "print(arg[0])", "dsrl-lua\n", "", 0),
    ([], "\nerror('no')", "", "stdin:2: no\nstack traceback:", 1),
    ([], "x = = 1", "", "stdin:1: unexpected symbol", 2),
    (["-e", "error{}"], "", "", "(error object is a table value)", 1),
    (["-e", "x ="], "", "", "(command line):1: unexpected symbol near <eof>", 2),
    (["-e"], "", "", "'-e' needs an argument", 2),
    (["-z"], "", "", "unrecognized option '-z'", 2),
    (["missing.lua"], "", "", "missing.lua", 2),
    (["-v"], "", "dsrl-lua \(Self.version), Lua 5.4\n", "", 0),
    (["-e", "os.exit(7)"], "", "", "", 7),
    (["-e", "os.exit(false)"], "", "", "", 1),
    (["-l", "json=dsrl.json", "-e", "print(json.text{1, 2})"], "", "[1, 2]\n", "", 0),
    (["-e", "print(require 'dsrl' == dsrl, dsrl.run.folder, dsrl.run.path('a.svg'))"], "", "true\tnil\ta.svg\n", "", 0),
    (["run"], "", "", "<script>", 2),
    (["run", "missing.lua"], "", "", "missing.lua", 2),
    (["run", "script.lua", "--bad"], "", "", "--bad", 2),
    (["run", "script.lua", "--threads", "0"], "", "", "threads", 2),
    (["run", "script.lua", "--set", "x"], "", "", "key=value", 2),
  ]
  static let version = "0.1.0"

  @Test(arguments: lines.indices) func commandLine(_ index: Int) throws {
    let line = AppTests.lines[index]
    let program = try Program()
    try program.write("script.lua", "print(1)")
    let outcome = try program.run(line.arguments, input: line.input)
    #expect(outcome.code == line.code, "\(line.arguments)")
    #expect(outcome.output == line.output, "\(line.arguments)")
    #expect(line.errors.isEmpty ? outcome.errors.isEmpty : outcome.errors.contains(line.errors), "\(line.arguments): \(outcome.errors)")
    #expect(!program.exists("runs"), "\(line.arguments)")
    try program.remove()
  }

  @Test func scriptSeesItsArguments() throws {
    let program = try Program()
    try program.write("script.lua", "print(arg[-1], arg[0], arg[1], ...)")
    #expect(try program.run(["-W", "script.lua", "-e", "b"]).output == "-W\tscript.lua\t-e\t-e\tb\n")
    #expect(try program.run(["run", "script.lua", "a", "--out", "r", "--", "-b"]).output == "run\tscript.lua\ta\ta\t-b\n")
    #expect(try Manifest.read("\(program.folder)/r").arguments == ["a", "-b"])
    try program.remove()
  }

  @Test func manifestTellsTheRun() throws {
    let program = try Program()
    try program.write("helper.lua", "return 5")
    try program.write(
      "script.lua",
      """
      local options = dsrl.options{steps = 10, rate = 1e-3, name = "a", fast = false, net = {hidden = {8, 8}, depth = 2}}
      assert(require "helper" == 5 and dsrl.run.seed == 3)
      dsrl.run.log(options.steps, {["eval/mean_reward"] = 0.5})
      assert(dsrl.run.path("x.svg") == dsrl.run.folder .. "/x.svg")
      """)
    let set = ["steps=2e1", "rate=1", "name=b=c", "fast=true", "net.hidden={4, 5,6}"].flatMap { ["--set", $0] }
    let outcome = try program.run(["run", "script.lua", "--seed", "3", "--out", "r", "--threads", "1"] + set)
    #expect(outcome.code == 0, "\(outcome.errors)")

    let manifest = try Manifest.read("\(program.folder)/r")
    #expect(manifest.status == .finished && manifest.seed == 3 && manifest.threads == 1 && manifest.version == AppTests.version)
    #expect(manifest.scriptSHA256 == (try SHA256.hex(file: "\(program.folder)/script.lua")))
    #expect(manifest.modules == ["./helper.lua": try SHA256.hex(file: "\(program.folder)/helper.lua")])
    let wanted = try JSON(parsing: #"{"steps": 20, "rate": 1, "name": "b=c", "fast": true, "net": {"hidden": [4, 5, 6], "depth": 2}}"#)
    #expect(manifest.options == wanted)
    let records = try Metrics.read("\(program.folder)/r")
    #expect(records.map(\.step) == [20] && records.map(\.values) == [["eval/mean_reward": 0.5]])
    #expect(program.exists("r/metrics.csv"))
    try program.remove()
  }

  /// A `--set` that does not fit, the message, and that it is the command line's fault.
  @Test(arguments: [
    ("stesp=3", "script.lua:2: --set stesp=3: this script has no option 'stesp' (did you mean 'steps'?)"),
    ("steps=0.5", "an integer expected"), ("fast=1", "true or false expected"), ("net=3", "it has parts: depth"),
    ("net.dept=3", "did you mean 'net.depth'?"), ("steps.a=3", "'steps' has no parts"), ("rate=big", "a number expected"),
  ])
  func wrongSetting(_ setting: String, _ message: String) throws {
    let program = try Program()
    try program.write("script.lua", "\ndsrl.options{steps = 10, rate = 0.1, fast = false, net = {depth = 2}}\nprint 'went on'")
    let outcome = try program.run(["run", "script.lua", "--out", "r", "--set", setting])
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    #expect(try Manifest.read("\(program.folder)/r").status == .failed)
    try program.remove()
  }

  @Test func settingThatNothingTakes() throws {
    let program = try Program()
    try program.write("script.lua", "x = 1")
    let outcome = try program.run(["run", "script.lua", "--out", "r", "--set", "a=1"])
    #expect(outcome.code == 2 && outcome.errors.contains("a=1"), "\(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: [
    ("local x\nprint(x.y)", Int32(1), "script.lua:2: attempt to index a nil value"), ("os.exit(0)", 0, nil), ("os.exit(3)", 3, "os.exit(3)"),
    ("pcall(os.exit, 4)", 4, "os.exit(4)"), ("dsrl.stats.mean{}", 1, "script.lua:1: a statistic wants"),
  ])
  func endOfARun(_ script: String, _ code: Int32, _ error: String?) throws {
    let program = try Program()
    try program.write("script.lua", script)
    let outcome = try program.run(["run", "script.lua", "--out", "r"])
    let manifest = try Manifest.read("\(program.folder)/r")
    #expect(outcome.code == code)
    #expect(manifest.status == (code == 0 ? .finished : .failed))
    #expect(error.map { manifest.error?.contains($0) == true } ?? (manifest.error == nil), "\(manifest.error ?? "")")
    #expect(manifest.ended != nil)
    try program.remove()
  }

  /// Ctrl-C, once or in a hurry: plain loops, coroutines, pcall, Swift's own loops.
  @Test(arguments: [
    "while true do end", "coroutine.wrap(function() while true do end end)()", "while true do pcall(function() while true do end end) end",
    "while true do dsrl.stats.bootstrap({1, 2, 3}, {resamples = 1000}) end", "while true do dsrl.run.log(2, {a = 1}) end",
  ], [1, 5])
  func interrupt(_ loop: String, _ times: Int) throws {
    let program = try Program()
    try program.write("script.lua", "dsrl.run.log(1, {a = 1})\nio.open('ready', 'w'):close()\n\(loop)")
    let outcome = try program.run(["run", "script.lua", "--out", "r"], signals: times)
    #expect(outcome.code == 130, "\(outcome.errors)")
    #expect(try Manifest.read("\(program.folder)/r").status == .interrupted)
    #expect(try Metrics.read("\(program.folder)/r").first?.values == ["a": 1])
    try program.remove()
  }

  /// While input is waited for that does not come.
  @Test(arguments: ["-i", "-", "-e 'io.read()'"]) func interruptOfAWait(_ arguments: String) throws {
    let program = try Program()
    let outcome = try program.shell(
      """
      mkfifo pipe; sleep 100 > pipe & writer=$!
      "$PROGRAM" \(arguments) < pipe & program=$!
      (for _ in 1 2 3 4 5 6 7 8 9; do sleep 1; kill -INT $program; done) 2>/dev/null & hands=$!
      wait $program; code=$?
      kill $writer $hands; exit $code
      """)
    #expect(outcome.code == 130, "\(outcome.errors)")
    try program.remove()
  }

  @Test func interruptOutsideOfARun() throws {
    let program = try Program()
    let code = "io.open('ready', 'w'):close() while true do end"
    #expect(try program.run(["-e", code], signals: 1).code == 130)
    try program.remove()
  }

  /// A signal that was there before the program began.
  @Test(arguments: [
    ("INT", ["-e", "while true do end"], 130), ("INT", ["script.lua"], 130), ("INT", ["-"], 130), ("INT", ["run", "script.lua"], 130), ("INT", ["run", "script.lua", "--help"], 130),
    ("TERM", ["run", "script.lua"], 75), ("USR1", ["run", "script.lua", "--resume", "auto"], 75),
  ])
  func signalAtTheBeginning(_ signal: String, _ arguments: [String], _ code: Int32) throws {
    let program = try Program()
    try program.write("script.lua", "while true do end")
    let outcome = try program.run(arguments, input: "while true do end", under: ["env", "--block-signal=\(signal)", "sh", "-c", "kill -\(signal) $$; exec \"$0\" \"$@\""])
    #expect(outcome.code == code, "\(outcome.errors)")
    #expect(!program.exists("runs"))
    try program.remove()
  }
}
