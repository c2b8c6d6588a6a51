import Files
import Foundation
import Glibc
import Runs
import Testing

/// dsrl.dist: one run by several processes.
@Suite struct DistTests {
  private static let hasMPI = {
    guard let program = try? Program(), let outcome = try? program.shell("command -v mpirun") else { return false }
    try? program.remove()
    if outcome.code != 0 { print("mpirun is not installed (apt-get install openmpi-bin), so runs of several processes were not tried") }
    return outcome.code == 0
  }()

  /// Under mpirun on this machine, whatever its processors; none of these takes minutes, but one that hangs is to be seen.
  private func run(_ program: Program, _ ranks: Int, _ line: String) throws -> Program.Outcome {
    try program.shell("export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none; timeout 600 mpirun -n \(ranks) $PROGRAM \(line)")
  }

  @Test func alone() throws {
    let program = try Program()
    try program.write(
      "script.lua",
      """
      local d, t = dsrl.dist, dsrl.tensor{{1, 2, 3}}
      for _, op in ipairs{"mean", "sum", "max", "min"} do assert((d.allreduce(t, {op = op}) - t):abs():max():item() == 0) end
      d.barrier()
      print(d.rank, d.size, d.broadcast(t)[{1, 3}], #d.gather(t), d.gather(t)[1][{1, 2}], d.traffic().messages)
      for _, wrong in ipairs{function() d.allreduce(t, {op = "product"}) end, function() d.broadcast(t, {root = 1}) end, function() d.gather(t, 1, 2) d.allreduce("x") end} do
        print((select(2, pcall(wrong)):gsub("^.-:%d+: ", "")))
      end
      """)
    let outcome = try program.run(["script.lua"])
    #expect(outcome.code == 0 && outcome.output.hasPrefix("0\t1\t3.0\t1\t2.0\t0\n'op' must be one of 'mean', 'sum', 'max', 'min', got 'product'\n"), "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("a rank from 0 to 0 expected, got 1"))
    // A job whose library is missing, and one whose library is another.
    let missing = try program.shell("OMPI_COMM_WORLD_SIZE=2 DSRL_LIBMPI=libnone.so $PROGRAM script.lua")
    #expect(missing.code != 0 && missing.errors.contains("there is no MPI library here (tried libnone.so)"), "\(missing.errors)")
    let other = try program.shell("OMPI_COMM_WORLD_SIZE=2 DSRL_LIBMPI=libm.so.6 $PROGRAM run script.lua --out r")
    #expect(other.code != 0 && other.errors.contains("'libm.so.6' has no MPI_"), "\(other.errors)")
    try program.remove()
  }

  @Test(.enabled(if: hasMPI)) func ranksTellEachOther() throws {
    let program = try Program()
    try program.write(
      "script.lua",
      """
      local d = dsrl.dist
      local t = dsrl.tensor{{d.rank, 2 * d.rank}, {1, -d.rank}}
      local results = {}
      for _, op in ipairs{"mean", "sum", "max", "min"} do results[#results + 1] = table.concat(d.allreduce(t, {op = op}):reshape(4):to_table(), " ") end
      results[#results + 1] = table.concat(d.broadcast(t, {root = 2}):reshape(4):to_table(), " ")
      local all = d.gather(t)
      assert((all == nil) == (d.rank > 0))
      if all then for _, each in ipairs(all) do results[#results + 1] = table.concat(each:reshape(4):to_table(), " ") end end
      d.barrier()
      assert(d.size == 3 and d.traffic().bytes > 0)
      io.open("said" .. d.rank, "w"):write(table.concat(results, "\\n")):close()
      """)
    let outcome = try run(program, 3, "script.lua")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let reduced = "1.0 2.0 1.0 -1.0\n3.0 6.0 3.0 -3.0\n2.0 4.0 1.0 0.0\n0.0 0.0 1.0 -2.0\n2.0 4.0 1.0 -2.0"
    #expect(try program.read("said0").replacing("-0.0", with: "0.0") == reduced + "\n0.0 0.0 1.0 0.0\n1.0 2.0 1.0 -1.0\n2.0 4.0 1.0 -2.0")
    #expect(try program.read("said1").replacing("-0.0", with: "0.0") == reduced && program.read("said2").replacing("-0.0", with: "0.0") == reduced)
    try program.remove()
  }

  /// Every rank ends, and says why.
  @Test(.enabled(if: hasMPI), arguments: [
    ("dsrl.dist.allreduce(dsrl.zeros(2, 2 + dsrl.dist.rank))", "got allreduce (mean) of shape [2, 2] on rank 0, allreduce (mean) of shape [2, 3] on rank 1"),
    ("if dsrl.dist.rank == 0 then dsrl.dist.barrier() else dsrl.dist.gather(dsrl.zeros(1)) end", "got barrier on rank 0, gather of shape [1] on rank 1"),
    ("if dsrl.dist.rank == 1 then error('mine') end dsrl.dist.barrier()", "script.lua:1: mine"),
    ("if dsrl.dist.rank == 1 then os.exit(7) end dsrl.dist.barrier()", ""),
    ("local agent = dsrl.agent.sac{env = dsrl.env.make('PointFork-v0', {num_envs = 2}), hidden = {8}, batch_size = 1} agent:learn{steps = 10}", "batch_size wants at least a row for each of the 2 ranks, got 1"),
    ("local agent = dsrl.agent.sac{env = dsrl.env.make('PointFork-v0', {num_envs = 2}), hidden = {8}, seed = dsrl.dist.rank} agent:learn{steps = 10}", "the ranks' agents are not alike"),
    ("""
     local env = dsrl.env.define{id = 'Broken-v0', observation_size = 1, action_size = 1, reset = function() return {0} end, step = function() if dsrl.dist.rank == 1 then error('broken') end return {0}, 0, false end}
     local agent = dsrl.agent.sac{env = dsrl.env.make(env, {num_envs = 2}), hidden = {8}} agent:learn{steps = 10}
     """, "broken"),
  ])
  func noRankIsLeftWaiting(_ script: String, _ message: String) throws {
    let program = try Program()
    try program.write("script.lua", script)
    for line in ["script.lua", "run script.lua --out r"] {
      let outcome = try run(program, 2, line)
      #expect(outcome.code != 0 && outcome.code != 124 && outcome.errors.contains(message), "\(outcome.code) \(outcome.errors)")
    }
    #expect(try Manifest.read(program.folder + "/r").status != .finished && !program.exists("r-2"))
    try program.remove()
  }

  /// An agent of each kind; rows and environments that do not divide evenly; every use of random numbers that depends on rows.
  private static let learner = """
    local opt = dsrl.options{kind = "sac", stop = 0}
    local env = dsrl.env.make("PointFork-v0", {num_envs = 3, chunk = 2, seed = 2, max_episode_steps = 11})
    local options = {env = env, seed = 3, hidden = {16, 16}, batch_size = 15, gradient_steps = 2, n_critics = 3, target_best_of_n = 2}
    if opt.kind == "sac" then
      options.learning_starts, options.critic_backup_combine, options.critic_subset = 20, "min_of_subset", 2
    else
      options.policy = dsrl.run.stage("policy", function()
        local policy = dsrl.policy.diffusion{env = env, network = {hidden = {16, 16, 16}}, process = {steps = 4}, seed = 1}
        policy:fit(dsrl.data.demonstrations{episodes = 8, seed = 1}, {epochs = 2})
        return policy
      end)
      options.init_rollout_steps = 5
    end
    if opt.kind == "dsrl_na" then options.noise_critic_grad_steps, options.distillation_noises, options.distillation_noise = 2, 2, "mixed" end
    local agent = dsrl.agent[opt.kind](options)
    local calls = 0
    agent:learn{steps = 120, eval_every = 40, eval_episodes = 5, num_eval_envs = 3, log_every = 20, on_step = function()
      calls = calls + 1
      if calls == opt.stop and dsrl.dist.rank == 1 then os.execute("kill -USR1 $PPID") end
    end}
    local observation = dsrl.linspace(-1, 1, 8):reshape(4, 2)
    print(agent:act(observation, {deterministic = true}):to_table()[1][1][1], agent.gradient_steps)
    agent:save(dsrl.run.path("agent" .. dsrl.dist.rank))
    agent:advance()
    """

  /// Lines of metrics without what depends on the clock.
  private func metrics(_ program: Program, _ folder: String) throws -> [MetricsRecord] {
    try Metrics.read(program.folder + "/" + folder).map { record in
      var record = record
      record.seconds = 0
      record.values["time/fps"] = nil
      return record
    }
  }

  private func expectSame(_ one: [MetricsRecord], _ other: [MetricsRecord]) {
    #expect(one.count == other.count && one.count > 8)
    for (a, b) in zip(one, other) {
      #expect(a.step == b.step && a.values.keys.sorted() == b.values.keys.sorted())
      for (key, value) in a.values { #expect(abs(value - (b.values[key] ?? .nan)) <= 1e-4 * (1 + abs(value)), "\(key) at \(a.step): \(value), \(b.values[key] ?? .nan)") }
    }
  }

  /// One process, two and three: the same learning curve, to float rounding, and one folder.
  @Test(.enabled(if: hasMPI), arguments: ["sac", "dsrl_sac", "dsrl_na"]) func theSameCurve(_ kind: String) throws {
    let program = try Program()
    try program.write("script.lua", DistTests.learner)
    let one = try program.run(["run", "script.lua", "--out", "one", "--threads", "1", "--set", "kind=\(kind)"])
    #expect(one.code == 0, "\(one.errors)")
    for ranks in [2, 3] {
      let outcome = try run(program, ranks, "run script.lua --out r\(ranks) --threads 1 --set kind=\(kind)")
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.components(separatedBy: "results in").count == 2, "\(outcome.errors)")
      try expectSame(metrics(program, "one"), metrics(program, "r\(ranks)"))
      let (here, there) = try (NPZ.doubles("\(program.folder)/one/evaluations.npz", key: "results"), NPZ.doubles("\(program.folder)/r\(ranks)/evaluations.npz", key: "results"))
      #expect(here.shape == [4, 5] && here.shape == there.shape && zip(here.values, there.values).allSatisfy { abs($0 - $1) < 1e-3 })
      #expect(try program.read("one/monitor.csv").split(separator: "\n").count == program.read("r\(ranks)/monitor.csv").split(separator: "\n").count)
      #expect(!program.exists("r\(ranks)-2"))
      // Every rank has the whole agent at the end, environments and replay too.
      for rank in 1..<ranks {
        for file in ["weights.safetensors", "config.json"] {
          #expect(try Data(contentsOf: URL(filePath: "\(program.folder)/r\(ranks)/agent0/\(file)")) == Data(contentsOf: URL(filePath: "\(program.folder)/r\(ranks)/agent\(rank)/\(file)")), "\(file)")
        }
      }
    }
    try program.remove()
  }

  /// A signal to one rank stops all of them at one step, having saved; the run goes on with as many ranks, or with one.
  @Test(.enabled(if: hasMPI), arguments: [2, 1]) func stopsAndGoesOn(_ ranks: Int) throws {
    let program = try Program()
    try program.write("script.lua", DistTests.learner)
    let whole = try run(program, 2, "run script.lua --out whole --threads 1 --set kind=dsrl_na")
    #expect(whole.code == 0, "\(whole.errors)")
    try program.write("script.lua", DistTests.learner.replacing("opt.stop", with: "(not io.open('stopped') and 6)"))
    let stopped = try run(program, 2, "run script.lua --out parts --threads 1 --set kind=dsrl_na")
    #expect(stopped.code == 75 && stopped.errors.contains("stopped (SIGUSR1)"), "\(stopped.code) \(stopped.errors)")
    #expect(try Manifest.read(program.folder + "/parts").status == .stopped)
    try program.write("stopped", "")
    let line = "run script.lua --resume parts --threads 1 --set kind=dsrl_na"
    let resumed = try ranks == 1 ? program.shell("$PROGRAM \(line)") : run(program, ranks, line)
    #expect(resumed.code == 0, "\(resumed.errors)")
    try expectSame(metrics(program, "whole"), metrics(program, "parts"))
    try program.remove()
  }
}
