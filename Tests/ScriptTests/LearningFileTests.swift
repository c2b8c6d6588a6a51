import Files
import FoundationEssentials
import Glibc
import Testing

/// What agent:learn leaves for those who read Stable-Baselines3's files.
@Suite struct LearningFileTests {
  /// Two agents, the second of which learns twice, with another number of episodes the second time; what is expected comes from callbacks.
  private static let script = """
    local policy = dsrl.policy.diffusion{env = dsrl.env.make("PointFork-v0", {num_envs = 1}), network = {hidden = {8, 8, 8}}, process = {steps = 2}, seed = 1}
    policy:fit(dsrl.data.demonstrations{episodes = 8, seed = 1}, {epochs = 1})
    local function learn(kind, id, calls)
      local agent = dsrl.agent[kind]{
        env = dsrl.env.make(id, {num_envs = 2}), policy = kind == "dsrl_sac" and policy or nil, hidden = {8}, batch_size = 8, gradient_steps = 1,
        train_freq = 50,
      }
      for _, call in ipairs(calls) do
        agent:learn{steps = call[1], eval_every = call[1] // 2, eval_episodes = call[2], num_eval_envs = 1,
          on_episode = function(_, e) print(kind, "episode", ("%.4f"):format(e["return"]), e.length, e.success) end,
          on_eval = function(_, e, step) print(kind, "evaluation", step, ("%.9f"):format(e.returns[2]), e.lengths[2], e.successes and e.successes[2]) end}
      end
    end
    learn("sac", "Pendulum-v1", {{800, 2}})
    learn("dsrl_sac", "PointFork-v0", {{200, 3}, {200, 2}})
    """

  @Test func layout() throws {
    let program = try Program()
    try program.write("script.lua", LearningFileTests.script)
    let outcome = try program.run(["run", "script.lua", "--out", "r"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let said = outcome.output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    for (kind, folder, id) in [("sac", "r", "Pendulum-v1"), ("dsrl_sac", "r/agent-2", "PointFork-v0")] {
      let lines = try program.read("\(folder)/monitor.csv").split(separator: "\n").map(String.init)
      let hasSuccess = kind == "dsrl_sac"
      let head = try JSON(parsing: String(lines[0].dropFirst()))
      #expect(lines[0].hasPrefix("#") && head["env_id"]?.string == id)
      #expect(head["t_start"]?.number.map { abs($0 - Double(time(nil))) < 3600 } == true)
      #expect(lines[1] == (hasSuccess ? "r,l,t,is_success" : "r,l,t"))
      let episodes = said.filter { $0[0] == kind && $0[1] == "episode" }
      #expect(episodes.count == lines.count - 2 && episodes.count >= 4)
      var before = 0.0
      for (line, episode) in zip(lines.dropFirst(2), episodes) {
        let fields = line.split(separator: ",").map(String.init)
        #expect(try abs(#require(Double(fields[0])) - #require(Double(episode[2]))) < 1e-4 && fields[1] == episode[3])
        #expect(hasSuccess ? fields[3].lowercased() == episode[4] : fields.count == 3)
        let seconds = try #require(Double(fields[2]))
        #expect(seconds >= before)
        before = seconds
      }
      // Of the second agent only those of its second call have as many episodes as the last.
      let evaluations = said.filter { $0[0] == kind && $0[1] == "evaluation" }.suffix(3)
      let path = "\(program.folder)/\(folder)/evaluations.npz"
      #expect(try NPZ.doubles(path, key: "timesteps").values == evaluations.map { Double($0[2]) })
      let (results, lengths) = (try NPZ.doubles(path, key: "results"), try NPZ.doubles(path, key: "ep_lengths"))
      #expect(results.shape == [3, 2] && lengths.shape == [3, 2])
      for (row, evaluation) in evaluations.enumerated() {
        #expect(try abs(results.values[2 * row + 1] - #require(Double(evaluation[3]))) < 1e-8 && Double(evaluation[4]) == lengths.values[2 * row + 1])
      }
      #expect(try NPZ.keys(path).contains("successes") == hasSuccess)
      if hasSuccess { #expect(try NPZ.shapes(path)["successes"] == [3, 2]) }
    }
    try program.remove()
  }

  /// Stable-Baselines3's own reader, in python3 or the interpreter that DSRL_PYTHON names.
  @Test func stableBaselinesReadsThem() throws {
    let python = ProcessInfo.processInfo.environment["DSRL_PYTHON"] ?? "python3"
    let program = try Program()
    guard try program.shell("\(python) -c 'import stable_baselines3, pandas'").code == 0 else {
      print("Stable-Baselines3 is not installed (DSRL_PYTHON names another interpreter), so its reader was not tried")
      return try program.remove()
    }
    try program.write("script.lua", LearningFileTests.script)
    #expect(try program.run(["run", "script.lua", "--out", "r"]).code == 0)
    try program.write(
      "read.py",
      """
      import numpy as np
      from stable_baselines3.common.monitor import load_results
      frame = load_results("r")
      print(len(frame), list(frame.columns), frame.l.sum(), bool(np.isfinite(frame.r).all()), bool((np.diff(frame.t) >= 0).all()))
      steered = load_results("r/agent-2")
      print(list(steered.columns), steered.is_success.dtype)
      with np.load("r/agent-2/evaluations.npz") as file:
          print(*[(name, file[name].dtype.str, file[name].shape) for name in ("timesteps", "results", "ep_lengths", "successes")])
      """)
    let read = try program.shell("\(python) read.py")
    #expect(
      read.output == """
        4 ['index', 'r', 'l', 't'] 800 True True
        ['index', 'r', 'l', 't', 'is_success'] bool
        ('timesteps', '<i8', (3,)) ('results', '<f8', (3, 2)) ('ep_lengths', '<i8', (3, 2)) ('successes', '|b1', (3, 2))

        """, "\(read.output)\(read.errors)")
    try program.remove()
  }
}
