import FoundationEssentials
import Glibc
import Testing

/// Ctrl-C at the prompt: whatever runs ends, everything stays.
@Suite(.serialized) struct ControlCTests {
  static let setting = """
    kept = 42
    env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2})
    data = dsrl.data.demonstrations{episodes = 50}
    policy = dsrl.policy.diffusion{env = env, network = {hidden = {64, 64, 64}}, process = {steps = 10}}
    policy:fit(data, {epochs = 1});
    agent = dsrl.agent.dsrl_na{env = env, policy = policy, init_rollout_steps = 10, hidden = {64, 64}}
    big = dsrl.zeros(4000, 4000)
    many = dsrl.env.make("Pendulum-v1", {num_envs = 2000, chunk = 500})
    many:reset();
    far = ('x'):rep(30000000) .. 'y'
    going = function() if not went then went = true print('it ' .. 'runs') end end
    """

  /// What runs when Ctrl-C comes; each prints "it runs" once it does.
  static let running: [(name: String, line: String)] = [
    ("a loop", "going() while true do end"), ("a coroutine", "going() coroutine.wrap(function() while true do end end)()"),
    ("a pcall loop", "going() while true do pcall(function() while true do end end) end"),
    ("pcall in coroutines", "going() while true do local c = coroutine.create(function() pcall(function() while true do end end) end) coroutine.resume(c) end"),
    ("learn", "agent:learn{steps = 10000000, on_step = going}"), ("fit", "policy:fit(data, {epochs = 1000000, on_epoch = going})"), ("advance", "while true do agent:advance() going() end"),
    ("a matrix product", "going() big:matmul(big)"), ("matrix products in pcall", "going() while true do pcall(big.matmul, big, big) end"),
    ("an environment step", "going() while true do env:reset() env:step(dsrl.zeros(2, 2, 2)) end"), ("a long environment step", "going() many:step(dsrl.zeros(2000, 500, 1))"),
    ("evaluate", "dsrl.evaluate{env = env, episodes = 1000000, policy = function(o) going() return dsrl.zeros(o.shape[1], 2, 2) end}"),
    ("collect", "dsrl.data.collect{env = env, steps = 100000000, policy = function(o) going() return dsrl.zeros(o.shape[1], 2, 2) end}"),
    ("collect by a policy", "going() dsrl.data.collect{env = env, steps = 100000000, policy = policy}"), ("demonstrations", "going() dsrl.data.demonstrations{episodes = 10000000}"),
    ("a bootstrap", "going() dsrl.stats.bootstrap(big:reshape(-1))"), ("timeit", "%timeit going() while true do end"), ("reading", "going() io.read()"),
    // Between the signal and the read there is no instruction of Lua's, at which it would end.
    ("a read that begins later", "going() far:gsub('y', io.read)"),
    // A shell that has a program yet to start when the signal comes may forget it, so these speak once the program runs.
    ("a shell command", "!(sleep 1; echo 'it' runs) & sleep 1000"), ("another program", "os.execute([[(sleep 1; echo 'it' runs) & sleep 1000]])"),
  ]

  @Test(arguments: running.indices) func everythingStays(_ index: Int) throws {
    let (name, line) = ControlCTests.running[index]
    try atPrompt { terminal, _ in
      for line in ControlCTests.setting.split(separator: "\n") { try terminal.enter(String(line)) }
      terminal.type(line + "\r")
      try terminal.wait(for: "it runs")
      let began = ContinuousClock.now
      terminal.type("\u{3}")
      try terminal.wait(for: PseudoTerminal.prompt)
      print("Ctrl-C: \(name) ended after \(ContinuousClock.now - began)")
      #expect(try terminal.enter("kept, agent.kind, went").contains("42\tdsrl_na"))
    }
  }

  @Test func atTheKeyboard() throws {
    try atPrompt { terminal, _ in
      try terminal.enter("kept = 42")
      // An empty line, a half-typed one, one that goes on, a search, a list of completions.
      for _ in 0..<3 { try terminal.interrupt() }
      try terminal.interrupt(after: "half typed")
      try terminal.enter("for i = 1, 2 do")
      try terminal.interrupt(after: "print(i")
      try terminal.interrupt(after: "\u{12}kep")
      terminal.type("dsrl.\t\t")
      try terminal.wait(for: "dsrl.zeros")
      try terminal.interrupt()
      #expect(try terminal.enter("kept").hasPrefix("42"))
    }
  }

  /// As fast as somebody can hit the keys: a second one never kills.
  @Test(arguments: ["while true do end", "while true do pcall(coroutine.wrap(function() while true do end end)) end", "while true do big:matmul(big) end"])
  func inAHurry(_ line: String) throws {
    try atPrompt { terminal, _ in
      try terminal.enter("kept = 42 big = dsrl.zeros(3000, 3000)")
      for _ in 0..<3 {
        terminal.type("print('it ' .. 'runs') \(line)\r")
        try terminal.wait(for: "it runs")
        for _ in 0..<20 { terminal.type("\u{3}") }
        // The terminal throws away what it has not shown when it sees a Ctrl-C, "interrupted" perhaps among it.
        usleep(200_000)
        terminal.type("print('still ' .. kept)\r")
        try terminal.wait(for: "still 42")
        try terminal.wait(for: PseudoTerminal.prompt)
      }
    }
  }

  /// Ctrl-C amid matrix products of every kind, again and again: oneDNN's kernels keep numbers where a signal's frame would go.
  @Test func signalsAmidMatrixProductsHarmNothing() throws {
    let program = try Program()
    try program.write(
      "script.lua",
      """
      dsrl.threads(1)
      local k = dsrl.randn(1500, 1500)
      local cases = {}
      for _, rows in ipairs{1, 8, 55, 100, 256} do
        local m = dsrl.randn(rows, 1500)
        cases[#cases + 1] = {m, m:matmul(k)}
      end
      io.open("ready", "w"):close()
      local began = dsrl.clock()
      while dsrl.clock() - began < 2 do
        for _, case in ipairs(cases) do
          if (case[1]:matmul(k) - case[2]):abs():max():item() ~= 0 then os.exit(9) end
        end
      end
      """)
    // The first signal stops the script only once it is back in Lua; those behind it meet what is still under way.
    for _ in 0..<5 {
      let outcome = try program.run(["script.lua"], signals: 200)
      #expect(outcome.code == 130, "\(outcome)")
      try FileManager.default.removeItem(atPath: "\(program.folder)/ready")
    }
    try program.remove()
  }

  /// agent:learn goes on after Ctrl-C to the numbers that it would have had.
  @Test func learningGoesOn() throws {
    try atPrompt { terminal, program in
      for line in ControlCTests.setting.split(separator: "\n") { try terminal.enter(String(line)) }
      try terminal.enter("function new() return dsrl.agent.dsrl_na{env = dsrl.env.make('PointFork-v0', {num_envs = 2, chunk = 2}), policy = policy, init_rollout_steps = 10, hidden = {64, 64}} end")
      try terminal.enter("a, b = new(), new()")
      try terminal.enter("a:learn{steps = 400, eval_every = 150, eval_episodes = 2};")
      for _ in 0..<3 {
        try terminal.enter("went = nil")
        terminal.type("b:learn{steps = 400 - b.environment_steps, on_step = going};\r")
        try terminal.wait(for: "it runs")
        terminal.type("\u{3}")
        try terminal.wait(for: PseudoTerminal.prompt)
      }
      let steps = try terminal.enter("b.environment_steps")
      #expect((Int(steps.prefix { $0.isNumber }) ?? 0) < 400, "\(steps)")
      try terminal.enter("b:learn{steps = 400 - b.environment_steps};")
      #expect(try terminal.enter("a.environment_steps == b.environment_steps, a.gradient_steps == b.gradient_steps").contains("true\ttrue"))
      try terminal.enter("a:save_actor('a') b:save_actor('b')")
      #expect(try terminal.enter("io.open('a', 'rb'):read('a') == io.open('b', 'rb'):read('a')").contains("true"))
    }
  }
}
