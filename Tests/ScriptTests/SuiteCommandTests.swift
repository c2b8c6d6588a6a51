import Foundation
import Glibc
import Testing

/// `dsrl-lua bench`, `watch` and `stats` as a user meets them.
@Suite struct SuiteCommandTests {
  /// Cells that note that they ran, can be told to fail and to wait, and log what follows from their settings.
  private static let cell = """
    local dsrl = require "dsrl"
    local opt = dsrl.options{method = "a", steps = 2, wait = ""}
    local seed = dsrl.run.seed
    local function exists(path) local file = io.open(path) if file then file:close() end return file ~= nil end
    io.open("ran", "a"):write(opt.method, seed, "\\n"):close()
    if opt.method == "bad" and not exists("mended") then error("as it was told") end
    if opt.wait ~= "" then
      io.open("ready", "w"):close()
      for _ = 1, 500 do if exists(opt.wait) then break end os.execute("sleep 0.02") end
    end
    for step = 1, opt.steps do dsrl.run.log(step, {["eval/mean_reward"] = (opt.method == "a" and 1 or 2) * step + 0.1 * seed}) end
    """
  private func program(_ grid: String, options: String = "") throws -> Program {
    let program = try Program()
    try program.write("cell.lua", Self.cell)
    try program.write("suite.lua", "return dsrl.suite{name = 's', script = 'cell.lua', grid = {\(grid)}, options = {\(options)}}")
    return program
  }
  private func ran(_ program: Program) throws -> [String] { try program.read("ran").split(separator: "\n").map(String.init).sorted() }

  @Test func runsWhatHasNoResult() throws {
    let program = try program("method = {'a', 'b'}, seed = dsrl.range(1, 2)")
    let plan = try program.run(["bench", "suite.lua", "--dry-run"])
    #expect(plan.code == 0 && plan.output.contains("4 cells of cell.lua in runs/s") && !program.exists("runs"), "\(plan.output)\(plan.errors)")
    let part = try program.run(["bench", "suite.lua", "--only", "method=b", "--only", "seed=2"])
    #expect(part.code == 0 && part.output.contains("1 of 1 cells finished"), "\(part.output)")
    #expect(try ran(program) == ["b2"])
    let all = try program.run(["bench", "suite.lua", "--jobs", "2"])
    #expect(all.code == 0 && all.output.contains("4 of 4 cells finished"), "\(all.output)\(all.errors)")
    #expect(try program.run(["bench", "suite.lua"]).code == 0 && ran(program) == ["a1", "a2", "b1", "b2"])
    #expect(try program.run(["bench", "status", "suite.lua"]).output.contains("4 of 4 cells finished, 0 running, 0 waiting, 0 failed"))

    let report = try program.run(["bench", "report", "runs/s"])
    #expect(report.code == 0 && report.output.contains("| a | 2 | 2.150 |") && report.output.contains("| b | 2 | 4.150 |"), "\(report.output)\(report.errors)")
    #expect(program.exists("runs/s/report/report.html") && program.exists("runs/s/report/curve-s-steps.svg"))
    let stats = try program.run(["stats", "runs"])
    #expect(stats.code == 0 && stats.output.contains("cell.lua method=a") && stats.output.contains("2.150"), "\(stats.output)\(stats.errors)")
    let watch = try program.run(["watch", "--once"])
    #expect(watch.code == 0 && watch.output.contains("runs: 4 finished") && watch.output.contains("mean_reward 2.1 at 2"), "\(watch.output)\(watch.errors)")

    // Another script is another result.
    try program.write("cell.lua", Self.cell + "\n")
    #expect(try program.run(["bench", "suite.lua", "--only", "seed=1"]).code == 0 && ran(program).count == 6)
    #expect(try program.run(["bench", "clean", "suite.lua"]).output.split(separator: "\n").count == 8)
    try program.remove()
  }

  @Test func failedCellsAreNamedAndKept() throws {
    let program = try program("method = {'a', 'bad'}, seed = {1}")
    let first = try program.run(["bench", "suite.lua"])
    #expect(first.code == 3 && first.output.contains("1 of 2 cells finished") && first.output.contains("failed: method=bad seed=1"), "\(first.output)\(first.errors)")
    let log = try #require(first.output.split(separator: "\n").last { $0.contains("/logs/") }).trimmingCharacters(in: .whitespaces)
    #expect(try program.read(log).contains("as it was told"))
    #expect(try program.run(["bench", "status", "suite.lua"]).code == 3)
    // It stays failed until it is asked for.
    #expect(try program.run(["bench", "suite.lua"]).code == 3 && ran(program) == ["a1", "bad1"])
    let report = try program.run(["bench", "report", "suite.lua"])
    #expect(try report.code == 3 && program.read("runs/s/report/report.html").contains("as it was told"))
    try program.write("mended", "")
    #expect(try program.run(["bench", "suite.lua", "--failed"]).code == 0 && ran(program) == ["a1", "bad1", "bad1"])
    try program.remove()
  }

  /// kill -9 of the launcher ends its cell, too; the next one takes it over and comes to the same end.
  @Test func goesOnAfterKill() throws {
    let program = try program("method = {'a'}, seed = {1, 2}", options: "wait = 'go'")
    let killed = try program.shell(
      "$PROGRAM bench suite.lua & launcher=$!; while [ ! -e ready ]; do sleep 0.02; done; kill -9 $launcher; sleep 0.5; touch go; ls runs/s/running; $PROGRAM bench suite.lua")
    #expect(killed.code == 0 && killed.output.contains("2 of 2 cells finished"), "\(killed.output)\(killed.errors)")
    #expect(try ran(program).filter { $0 == "a1" }.count == 2)
    try program.remove()
  }

  @Test func stopsAndGoesOn() throws {
    let program = try program("method = {'a'}, seed = {1, 2}", options: "wait = 'go'")
    let stopped = try program.run(["bench", "suite.lua"], signals: 1, signal: SIGTERM)
    #expect(stopped.code == 75 && stopped.errors.contains("stopped after"), "\(stopped.code) \(stopped.errors)")
    try program.write("go", "")
    #expect(try program.run(["bench", "suite.lua"]).code == 0)
    try program.remove()
  }

  @Test func twoLaunchersRunEachCellOnce() throws {
    let program = try program("method = {'a', 'b'}, seed = dsrl.range(1, 4)")
    let both = try program.shell("$PROGRAM bench suite.lua & $PROGRAM bench suite.lua; first=$?; wait $!; [ $first = 0 ] && [ $? = 0 ]")
    #expect(both.code == 0, "\(both.errors)")
    #expect(try ran(program) == ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"])
    try program.remove()
  }

  @Test(arguments: [
    (["bench"], "dsrl-lua bench"), (["bench", "nowhere.lua"], "nowhere.lua"), (["bench", "cell.lua"], "must return dsrl.suite{...}"),
    (["bench", "suite.lua", "--only", "seed=9"], "no cell of 's' has seed=9"), (["bench", "suite.lua", "--out", "/proc/none"], "cannot make the folder '/proc/none/queue'"),
    (["bench", "wrong.lua"], "sets 'metod', but cell.lua has no such option (did you mean 'method'?)"), (["bench", "report", "suite.lua"], "holds no suite"),
    (["bench", "suite.lua", "--jobs", "0"], "--jobs and --threads want positive numbers"), (["bench", "show", "suite.lua"], "'show' is none of status, report, clean"),
    (["stats", "nowhere"], "cannot read the folder 'nowhere'"), (["stats", "."], "no finished run below '.'"), (["watch", "nowhere"], "cannot read the folder 'nowhere'"),
  ])
  func saysWhatIsWrong(words: [String], wanted: String) throws {
    let program = try program("method = {'a'}")
    try program.write("wrong.lua", "return dsrl.suite{name = 's', script = 'cell.lua', grid = {metod = {'a'}}}")
    let outcome = try program.run(words)
    #expect(outcome.code == 2 && outcome.errors.contains(wanted), "\(outcome.code) \(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: [
    ("{name = 's', script = 'none.lua', grid = {}}", "script: neither 'none.lua' nor './none.lua' can be read"), ("{name = 's', script = 'cell.lua', grid = {method = 'a'}}", "grid.method must be a list of values, got"),
    ("{name = 's', script = 'cell.lua', grid = {}, colour = 1}", "unknown option 'colour'"), ("{name = 's', script = 'cell.lua', grid = {}, normalize = {A = {1, 0}}}", "normalize[\"A\"]: {low, high} with low < high"),
    ("{name = 's', script = 'cell.lua', grid = {method = {'a', 'a'}}}", "'method' wants different values"),
  ])
  func suitesSayWhatIsWrong(table: String, wanted: String) throws {
    let program = try program("method = {'a'}")
    try program.write("wrong.lua", "return dsrl.suite\(table)")
    let outcome = try program.run(["bench", "wrong.lua"])
    #expect(outcome.code == 2 && outcome.errors.contains(wanted) && outcome.errors.contains("wrong.lua:1"), "\(outcome.code) \(outcome.errors)")
    try program.remove()
  }

  /// TensorBoard's own reader finds every number, where it is installed.
  @Test func tensorBoardReadsEventFiles() throws {
    let program = try program("method = {'a'}")
    defer { try? program.remove() }
    #expect(try program.run(["run", "cell.lua", "--seed", "3", "--out", "r"]).code == 0)
    #expect(program.exists("r/events.out.tfevents.0.dsrl-lua"))
    let python = ProcessInfo.processInfo.environment["DSRL_PYTHON"] ?? "python3"
    try program.write(
      "read.py",
      """
      from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader as Loader
      for event in Loader("r/events.out.tfevents.0.dsrl-lua").Load():
          for value in event.summary.value: print(event.step, value.tag, round(value.simple_value, 4))
      """)
    guard try program.shell("\(python) -c 'import tensorboard'").code == 0 else {
      print("TensorBoard is not installed (DSRL_PYTHON names another interpreter), so its reader was not tried")
      return
    }
    let read = try program.shell("\(python) read.py")
    #expect(read.output == "1 eval/mean_reward 1.3\n2 eval/mean_reward 2.3\n", "\(read.output)\(read.errors)")
  }
}
