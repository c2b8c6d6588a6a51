import FoundationEssentials
import Glibc
import Runs
import Testing

/// Runs that are stopped from outside and go on.
@Suite struct ResumeTests {
  /// Everything that a learner keeps: evaluations, callbacks, means over episodes, a stage, a second call, the script's own random numbers.
  static let script = """
    local opt = dsrl.options{steps = 160, stop = 0}
    local function count(name)  -- how often, over all processes
      local file = io.open(name, "a") file:write("x") file:close()
    end
    local policy, data, kept = dsrl.run.stage("policy", function()
      count("stages")
      local data = dsrl.data.demonstrations{episodes = 8, seed = 1}
      local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2, seed = 1})
      local policy = dsrl.policy.diffusion{env = env, network = {hidden = {16, 16, 16}}, process = {steps = 6}, seed = 1}
      policy:fit(data, {epochs = 2, on_epoch = function(e) dsrl.run.log(e.epoch, {["train/loss"] = e.loss}) end})
      return policy, data, {x = 0.1, list = {1, 2.0, "é", false}, noise = dsrl.randn(3)}
    end)
    print(math.type(kept.list[1]), math.type(kept.list[2]), kept.list[3], kept.x == 0.1, kept.noise, math.random(), dsrl.randn(1), #data)
    local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2, seed = 2})
    local agent = dsrl.agent.dsrl_na{
      env = env, policy = policy, seed = 3, hidden = {8}, init_rollout_steps = 8, batch_size = 16, gradient_steps = 1, noise_critic_grad_steps = 1,
    }
    local calls = 0
    local function learn()
      local history = agent:learn{steps = opt.steps, eval_every = 64, eval_episodes = 3, log_every = 20, diagnostics = 50, on_step = function(_, _, step)
        calls = calls + 1
        if calls == opt.stop and not io.open("ready") then io.open("ready", "w"):close() local t = dsrl.clock() while not dsrl.run.stopping() and dsrl.clock() < t + 20 do end end
      end}
      for _, point in ipairs(history) do print(point.step, point.mean_reward, point.std_reward) end
    end
    learn()
    print(math.random())
    learn()
    print(agent, agent:act({0, 0}), dsrl.evaluate{agent = agent, episodes = 4})
    """

  /// metrics.jsonl without its times.
  private func metrics(_ program: Program, _ folder: String = "r") throws -> String {
    try program.read("\(folder)/metrics.jsonl").replacing(/"time\/(fps|time_elapsed)":[^,}]*/, with: "")
  }

  /// The episodes of monitor.csv without their times.
  private func episodes(_ program: Program) throws -> [String] {
    try program.read("r/monitor.csv").split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",").enumerated().filter { $0.offset != 2 }.map { String($0.element) }.joined(separator: ",")
    }
  }

  /// At a step of the first call, of the second, and twice.
  @Test(arguments: [[5], [35], [12, 30]]) func goesOnToTheSameNumbers(_ stops: [Int]) throws {
    let whole = try Program(), parts = try Program()
    for program in [whole, parts] { try program.write("script.lua", ResumeTests.script) }
    let uninterrupted = try whole.run(["run", "script.lua", "--seed", "5", "--out", "r"])
    #expect(uninterrupted.code == 0, "\(uninterrupted.errors)")

    var common = ["run", "script.lua", "--seed", "5", "--out", "r", "--resume", "auto"]
    for stop in stops {
      // --set is part of what makes a run, so the place to stop is another file's.
      try parts.write("script.lua", ResumeTests.script.replacing("opt.stop", with: "tonumber(io.open('stop'):read('a'))"))
      try parts.write("stop", "\(stop)")
      if parts.exists("ready") { try FileManager.default.removeItem(atPath: parts.folder + "/ready") }
      let outcome = try parts.run(common, signals: 1, signal: SIGTERM)
      #expect(outcome.code == 75, "\(outcome.errors)")
      #expect(outcome.errors.contains("--resume r goes on"), "\(outcome.errors)")
      #expect(try Manifest.read(parts.folder + "/r").status == .stopped)
    }
    try parts.write("stop", "0")
    common.removeLast(4)
    let resumed = try parts.run(common + ["--resume", "r"])
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(resumed.output == uninterrupted.output)
    #expect(try metrics(parts) == metrics(whole))
    #expect(try episodes(parts) == episodes(whole) && episodes(whole).count > 8)
    let evaluations = "/r/evaluations.npz"
    #expect(try Data(contentsOf: URL(filePath: parts.folder + evaluations)) == Data(contentsOf: URL(filePath: whole.folder + evaluations)))
    #expect(try parts.read("stages") == "x")
    let manifest = try Manifest.read(parts.folder + "/r")
    #expect(manifest.status == .finished && manifest.resumed.count == stops.count)
    #expect(!parts.exists("r/checkpoints"))
    // Once finished there is nothing to do.
    let again = try parts.run(common + ["--out", "r", "--resume", "auto"])
    #expect(again.code == 0 && again.errors.contains("has finished already"), "\(again.errors)")
    try whole.remove()
    try parts.remove()
  }

  private static let learner = """
    local agent = dsrl.agent.sac{env = dsrl.env.make("PointFork-v0", {num_envs = 1}), hidden = {8}, learning_starts = 10, batch_size = 8}
    agent:learn{steps = 100000000, log_every = 1000, save_every = 50, on_step = function(_, _, step) if step > 60 then io.open("ready", "w"):close() end end}
    """

  /// Signals, where they find the script, and what the shell learns.
  @Test(arguments: [
    (SIGTERM, "while true do end"), (SIGUSR1, "while true do pcall(function() while true do end end) end"),
    (SIGTERM, "coroutine.wrap(function() while true do end end)()"), (SIGUSR1, "LEARN"), (SIGTERM, "LEARN"),
    (SIGTERM, "dsrl.run.stage('a', function() while true do end end)"),
  ])
  func stopSignal(_ signal: Int32, _ work: String) throws {
    let program = try Program()
    try program.write("script.lua", work == "LEARN" ? ResumeTests.learner : "io.open('ready', 'w'):close()\n\(work)")
    let outcome = try program.run(["run", "script.lua", "--out", "r"], signals: 1, signal: signal)
    #expect(outcome.code == 75, "\(outcome.errors)")
    #expect(outcome.errors.contains(signal == SIGTERM ? "stopped (SIGTERM)" : "stopped (SIGUSR1)"), "\(outcome.errors)")
    #expect(try Manifest.read(program.folder + "/r").status == .stopped)
    #expect(program.exists("r/checkpoints/learn-1/agent/weights.safetensors") == (work == "LEARN"))
    try program.remove()
  }

  @Test(arguments: ["while true do end", "while true do pcall(function() while true do end end) end", learner]) func timeLimit(_ script: String) throws {
    let program = try Program()
    try program.write("script.lua", script)
    let outcome = try program.run(["run", "script.lua", "--out", "r", "--time-limit", "1s"])
    #expect(outcome.code == 124, "\(outcome.errors)")
    #expect(try Manifest.read(program.folder + "/r").status == .stopped)
    #expect(program.exists("r/checkpoints/learn-1") == (script == ResumeTests.learner))
    try program.remove()
  }

  /// Without --out the newest unfinished run of the same script, seed and settings goes on; killed ones too, from what save_every left.
  @Test func findsTheRunByItself() throws {
    let program = try Program()
    try program.write("script.lua", ResumeTests.learner.replacing("100000000", with: "dsrl.options{steps = 100000000}.steps"))
    #expect(try program.run(["run", "script.lua", "--resume", "auto"], signals: 1, signal: SIGKILL).code == -SIGKILL)
    let runs = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/runs")
    #expect(runs.count == 1)
    #expect(try Manifest.read("\(program.folder)/runs/\(runs[0])").status == .running)
    let other = try program.run(["run", "script.lua", "--resume", "auto", "--seed", "1", "--set", "steps=10"])
    #expect(other.code == 0 && other.errors.contains("nothing to go on with"), "\(other.errors)")
    try FileManager.default.removeItem(atPath: program.folder + "/ready")
    let again = try program.run(["run", "script.lua", "--resume", "auto"], signals: 1, signal: SIGTERM)
    #expect(again.code == 75 && again.errors.contains("goes on in runs/\(runs[0])"), "\(again.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder + "/runs").count == 2)
    try program.remove()
  }

  /// What does not fit is refused with the code of a failed check.
  @Test(arguments: [
    ("script", ["run", "script.lua", "--resume", "r"], "the script has changed"), ("", ["run", "script.lua", "--resume", "r", "--seed", "2"], "its seed is 0"),
    ("", ["run", "script.lua", "--resume", "r", "x"], "its arguments"), ("", ["run", "script.lua", "--out", "r", "--resume", "auto", "--set", "a=1"], "its settings"),
    ("weights", ["run", "script.lua", "--resume", "r"], "is damaged"),
  ])
  func mismatch(_ damage: String, _ arguments: [String], _ message: String) throws {
    let program = try Program()
    try program.write("script.lua", ResumeTests.learner)
    #expect(try program.run(["run", "script.lua", "--out", "r"], signals: 1, signal: SIGTERM).code == 75)
    if damage == "script" { try program.write("script.lua", "print(1)") }
    if damage == "weights" { try program.write("r/checkpoints/learn-1/agent/weights.safetensors", "x") }
    let outcome = try program.run(arguments)
    #expect(outcome.code == 4 && outcome.errors.contains(message), "\(outcome.code) \(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: [
    ("dsrl.run.stage('a b', print)", "a stage's name is made of"), ("dsrl.run.stage('a')", "a stage wants a function"),
    ("dsrl.run.stage('a', print) dsrl.run.stage('a', print)", "a stage 'a' in this run before"),
    ("dsrl.run.stage('a', function() return print end)", "a stage returns numbers"), ("dsrl.run.stage('a', function() error('mine') end)", "script.lua:1: mine"),
  ])
  func stageMistake(_ script: String, _ message: String) throws {
    let program = try Program()
    try program.write("script.lua", script)
    let outcome = try program.run(["run", "script.lua", "--out", "r"])
    #expect(outcome.code == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    try program.remove()
  }

  /// Killed at random moments and resumed until its end, a run leaves what it would have left anyhow.
  @Test func killedAtRandomMoments() throws {
    let program = try Program()
    let outcome = try program.shell("DSRL_LUA_PROGRAM=\"$PROGRAM\" \"$ROOT/scripts/soak\" 0 7 400")
    #expect(outcome.code == 0 && outcome.output.contains("every end as without a kill, byte for byte"), "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }

  /// A folder that a process is in is nobody else's.
  @Test func oneProcessAFolder() throws {
    let program = try Program()
    try program.write("inner.lua", "print(1)")
    try program.write("script.lua", "print(os.execute(arg[1] .. ' run script.lua ' .. arg[1] .. ' --resume r'))")
    let outcome = try program.run(["run", "script.lua", Program.path, "--out", "r"])
    #expect(outcome.errors.contains("another process is at work in 'r'"), "\(outcome.errors)")
    try program.remove()
  }
}
