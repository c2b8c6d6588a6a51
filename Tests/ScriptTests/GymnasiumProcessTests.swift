import Glibc
import Testing

/// Gymnasium's environments in a process of their own. A module of the same name, made for the test, shows what goes wrong.
@Suite struct GymnasiumProcessTests {
  /// Adds up actions; its id says what it does besides.
  private static let fake = """
    import os, sys, time
    __version__ = "0.0 of the test"
    class Box:
        def __init__(self, low, high): self.low, self.high, self.dtype, self.shape = low, high, None, (len(low),)
    class Discrete:
        def __str__(self): return "Discrete(2)"
    class Spec: max_episode_steps = 7
    class TimeLimit:
        def __init__(self, env): self.env, self.spec = env, env.spec
    class Sum:
        def __init__(self, id, scale=1.0):
            self.id, self.scale, self.spec, self.seed = id, scale, Spec(), -1
            self.observation_space = Box([-100.0] * 3, [100.0] * 3)
            self.action_space = Discrete() if id == "Choice-v0" else Box([-1.0], [1.0])
        def reset(self, seed=None):
            if seed is not None: self.seed = seed
            print("noise on the standard output")
            self.sum, self.count = 0.0, 0
            return [float(self.seed % 1000), self.sum, float(self.count)], {}
        def step(self, action):
            self.sum, self.count = self.sum + self.scale * action[0], self.count + 1
            if self.count == 3 and self.id == "Crash-v0": sys.stderr.write("out of paper\\n"); sys.stderr.flush(); os._exit(9)
            if self.count == 3 and self.id == "Abort-v0": os.abort()
            if self.count == 3 and self.id == "Hang-v0": open("ready", "w").close(); time.sleep(1000)
            if self.count == 3 and self.id == "Raise-v0": raise ValueError("no third step")
            return [float(self.seed % 1000), self.sum, float(self.count)], self.sum, False, False, {"is_success": self.sum > 1, "who": "me"}
    def make(id, disable_env_checker=True, **arguments):
        if id == "Nothing-v0": raise KeyError("no such environment")
        return TimeLimit(Sum(id, **arguments))
    """
  private static let numpy = """
    class List(list):
        def reshape(self, shape): return self
    def asarray(values, dtype=None): return List(values)
    """

  /// A program in whose folder `./python` has these modules; nil, with a message, where there is no python3.
  private func program(_ script: String, modules: Bool = true) throws -> Program? {
    let program = try Program()
    guard try program.shell("command -v python3").code == 0 else {
      print("no python3: the test of Gymnasium's process is left out")
      try program.remove()
      return nil
    }
    try program.write("python", "#!/bin/sh\nPYTHONPATH=\"$(dirname \"$0\")/modules\" exec python3 \"$@\"\n")
    _ = try program.shell("chmod +x python && mkdir modules")
    try program.write("modules/gymnasium.py", modules ? GymnasiumProcessTests.fake : "raise ModuleNotFoundError(\"No module named 'gymnasium'\")")
    try program.write("modules/numpy.py", GymnasiumProcessTests.numpy)
    try program.write("script.lua", script)
    return program
  }

  @Test func stepsAndSeeds() throws {
    guard let program = try program("""
      local env = dsrl.env.gymnasium("Sum-v0", {python = "./python", num_envs = 3, chunk = 2, kwargs = {scale = 2}})
      local obs = env:reset{seeds = {5, 6, 5}}
      print(obs[{1, 1}], obs[{2, 1}], obs[{3, 1}], env.max_episode_steps, env.action_space)
      for i = 1, 4 do obs, reward, terminated, truncated, info = env:step(dsrl.full({3, 2}, 0.25)) end
      print(reward[1], truncated[1], terminated[1], info.steps_taken[1], info.final_observation[{1, 2}], obs[{1, 3}], info.episodes[1].length)
      local single = dsrl.env.gymnasium("Sum-v0", {python = "./python", max_episode_steps = 100})
      print(single:reset{seed = 12}[1], same)
      local obs, reward, terminated, truncated, info = single:step{1}
      print(obs[2], reward, info.is_success, info.who)
      print(pcall(single.state, single))
      print(select(2, pcall(single.set_state, single, dsrl.env.make("Pendulum-v1"):state())))
      print(dsrl.evaluate{env = env, policy = function(o) return dsrl.zeros(o.shape[1], 2, 1) end, episodes = 3}.lengths[1], tostring(env):find("Gymnasium 0.0 of the test") ~= nil)
      env:close()
      print(pcall(env.reset, env))
      """) else { return }
    let outcome = try program.run(["script.lua"])
    #expect(outcome.output == """
      5.0\t6.0\t5.0\t7\tBox(1 in [-1, 1])
      3.5\ttrue\tfalse\t1\t3.5\t0.0\t7
      12.0\tnil
      1.0\t1.0\t0.0\tnil
      false\tscript.lua:10: Sum-v0 runs in Gymnasium's process, which does not tell its state: it cannot be kept or restored, and no checkpoint can hold it
      script.lua:11: Sum-v0 runs in Gymnasium's process, which does not tell its state: it cannot be kept or restored, and no checkpoint can hold it
      7\ttrue
      false\tscript.lua:14: the process of Sum-v0 has ended

      """ && outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: [
    ("Crash-v0", "the process of Crash-v0 ended (exit code 9): out of paper"), ("Abort-v0", "the process of Abort-v0 ended (signal 6)"), ("Hang-v0", "Hang-v0 has not answered for 1 s (timeout); its process was ended"),
    ("Raise-v0", "Raise-v0: ValueError: no third step"), ("Nothing-v0", "Nothing-v0: KeyError: 'no such environment'"), ("Choice-v0", "Choice-v0: TypeError: the action space of Choice-v0 is Discrete(2); only a Box can be a list of numbers"),
  ]) func whatGoesWrong(_ id: String, _ message: String) throws {
    guard let program = try program("local env = dsrl.env.gymnasium('\(id)', {python = './python', num_envs = 2, timeout = 1}) env:reset() for i = 1, 5 do env:step(dsrl.zeros(2, 1)) end") else { return }
    let outcome = try program.run(["script.lua"])
    #expect(outcome.code == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.errors.contains("script.lua:1:"))
    try program.remove()
  }

  @Test func whatIsMissing() throws {
    for (python, message) in [("./python", "./python has no module gymnasium; install it there"), ("no-such-python", "there is no program 'no-such-python'"), ("true", "the process of Sum-v0 ended (exit code 0)")] {
      guard let program = try program("dsrl.env.gymnasium('Sum-v0', {python = '\(python)'})", modules: false) else { return }
      let outcome = try program.run(["script.lua"])
      #expect(outcome.code == 1 && outcome.errors.contains(message), "\(outcome.errors)")
      try program.remove()
    }
    guard let program = try program("dsrl.env.gymnasium('Sum-v0', {python = './python', kwargs = {scale = print}})") else { return }
    #expect(try program.run(["script.lua"]).errors.contains("JSON has no form for a function"))
    #expect(try program.run(["run", "script.lua", "--sandbox", "--out", "q"]).code == 1)
    try program.remove()
  }

  /// Gymnasium itself, in python3 or the interpreter that DSRL_LUA_TEST_PYTHON names: Pendulum-v1 by its equations.
  @Test func gymnasiumItself() throws {
    let python = getenv("DSRL_LUA_TEST_PYTHON").map { String(cString: $0) } ?? "python3"
    let program = try Program()
    guard try program.shell("\(python) -c 'import gymnasium, numpy'").code == 0 else {
      print("\(python) has no gymnasium: the test of Gymnasium itself is left out")
      return try program.remove()
    }
    try program.write(
      "script.lua",
      """
      local env = dsrl.env.gymnasium("Pendulum-v1", {python = arg[1], num_envs = 2})
      local obs, again = env:reset{seeds = {5, 6}}, nil
      again = env:reset{seeds = {5, 6}}
      assert((obs - again):abs():max():item() == 0 and env.max_episode_steps == 200)
      local worst, ended = 0, 0
      for i = 1, 400 do
        local action = dsrl.uniform({2, 1}, -2, 2)
        local after, reward, _, truncated, info = env:step(action)
        for k = 1, 2 do
          local angle, speed, torque = math.atan(obs[{k, 2}], obs[{k, 1}]), obs[{k, 3}], action[{k, 1}]
          local next_speed = math.max(-8, math.min(8, speed + (15 * math.sin(angle) + 3 * torque) * 0.05))
          worst = math.max(worst, math.abs(reward[k] + angle ^ 2 + 0.1 * speed ^ 2 + 0.001 * torque ^ 2), math.abs(info.final_observation[{k, 3}] - next_speed))
          if truncated[k] then ended = ended + 1 end
        end
        obs = after
      end
      print(worst < 1e-4, ended)
      """)
    let outcome = try program.run(["script.lua", python])
    #expect(outcome.code == 0 && outcome.output == "true\t4\n", "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }

  /// Ctrl-C while it hangs; the process is gone with the program, and so it is where that is killed.
  @Test(arguments: [SIGINT, SIGKILL]) func endsWithTheProgram(_ signal: Int32) throws {
    guard let program = try program("local env = dsrl.env.gymnasium('Hang-v0', {python = './python'}) env:reset() for i = 1, 5 do env:step{0} end") else { return }
    let outcome = try program.run(["run", "script.lua", "--out", "r"], signals: 1, signal: signal)
    #expect(outcome.code == (signal == SIGINT ? 130 : -9), "\(outcome.code) \(outcome.errors)")
    // The helper's working folder is the test's own.
    let left = "for p in /proc/[0-9]*; do [ \"$(readlink $p/cwd)\" = \"$PWD\" ] && tr '\\0' ' ' < $p/cmdline | grep 'gymnasium_hos[t]'; done; true"
    var processes = "?"
    for _ in 0..<500 where !processes.isEmpty {
      processes = try program.shell(left).output
      if !processes.isEmpty { usleep(10_000) }
    }
    #expect(processes.isEmpty)
    try program.remove()
  }
}
