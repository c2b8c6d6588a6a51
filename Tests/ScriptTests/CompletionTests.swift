import Testing

/// What is typed before Tab, and what stands there after it; with a list, what two Tabs show.
@Suite(.serialized) struct CompletionTests {
  static let setting = """
    env = dsrl.env.make("PointFork-v0", {num_envs = 2}) t = {inner = {value = 1, go = print}, [3] = {deep = true}, ["not a name"] = 1} word = "abc"
    cautious = setmetatable({}, {__index = function() ran = true return 1 end}) object = setmetatable({own = 1}, {__index = {method = print, number = 2}})
    policy = dsrl.policy.diffusion{env = env, network = {hidden = {8, 8, 8}}, process = {steps = 5}}
    """
  static let unique: [(typed: String, completed: String)] = [
    ("dsrl.env.ma", "dsrl.env.make"), ("dsr", "dsrl"), ("whi", "while"), ("x = cauti", "x = cautious"), ("t.inner.va", "t.inner.value"), ("t.inner:", "t.inner:go"),
    ("t[3].de", "t[3].deep"), ("object:me", "object:method"), ("object.nu", "object.number"), ("env:res", "env:reset"), ("env.num", "env.num_envs"),
    ("env.action_space:sam", "env.action_space:sample"), ("env.action_space.lo", "env.action_space.low"), ("dsrl.zeros(2):req", "dsrl.zeros(2):requires_grad"),
    ("dsrl.zeros(2):sum(1):rela", "dsrl.zeros(2):sum(1):rela"), ("dsrl.zeros(2):reshape(2, 1):req", "dsrl.zeros(2):reshape(2, 1):requires_grad"), ("policy.sampler.opt", "policy.sampler.options"),
    ("dsrl.env.make(\"Pend\", {seed = 1}):rese", "dsrl.env.make(\"Pend\", {seed = 1}):reset"), ("word:gma", "word:gmatch"), ("(\"x\"):gma", "(\"x\"):gmatch"), ("io.stdout:see", "io.stdout:seek"),
    ("f(1, math.hu", "f(1, math.huge"), ("a+math.flo", "a+math.floor"), ("_VER", "_VERSION"),
    ("dsrl.agent.dsrl_na{noise_critic_g", "dsrl.agent.dsrl_na{noise_critic_grad_steps = "), ("dsrl.agent.dsrl_na{env = env, pol", "dsrl.agent.dsrl_na{env = env, policy = "),
    ("dsrl.agent.sac({learning_st", "dsrl.agent.sac({learning_starts = "), ("policy:fit(data, {ep", "policy:fit(data, {epochs = "), ("dsrl.policy.diffusion{network = {condi", "dsrl.policy.diffusion{network = {condition_hidden = "),
    ("dsrl.policy.diffusion{network = {ki", "dsrl.policy.diffusion{network = {kind = "), ("dsrl.policy.diffusion{network = {kind = \"un", "dsrl.policy.diffusion{network = {kind = \"unet1d"),
    ("dsrl.agent.sac{hidden = {dsr", "dsrl.agent.sac{hidden = {dsrl"), ("dsrl.agent.sac{env = caut", "dsrl.agent.sac{env = cautious"),
    ("dsrl.env.make(\"Ho", "dsrl.env.make(\"Hopper-v5"), ("dsrl.env.make(\"Walk", "dsrl.env.make(\"Walker2d-v5"), ("dsrl.env.make(\"Ant-v5\", {main", "dsrl.env.make(\"Ant-v5\", {main_body = "), ("dsrl.env.make 'Pen", "dsrl.env.make 'Pendulum-v1"), ("dsrl.evaluate{env = \"Pend", "dsrl.evaluate{env = \"Pendulum-v1"),
    ("dsrl.agent.sac{activation = \"sil", "dsrl.agent.sac{activation = \"silu"), ("policy:set_precision(\"bf", "policy:set_precision(\"bfloat16"), ("dsrl.preset(\"sq", "dsrl.preset(\"square"),
    ("dsrl.data.load(\"so", "dsrl.data.load(\"some-data/"), ("dsrl.data.load(\"some-data/o", "dsrl.data.load(\"some-data/one-two.npz"), ("io.open('some-data/o", "io.open('some-data/one-two.npz"),
    ("%autog", "%autoglobal"), ("%run scr", "%run script.lua"), ("%run with", "\"with blank.lua"), ("%run \"with", "%run \"with blank.lua"),
    ("io.open('with", "io.open('with blank.lua"), ("%time dsrl.env.ma", "%time dsrl.env.make"), ("!cat scr", "!cat script.lua"), ("?dsrl.env.ma", "?dsrl.env.make"), ("?Tensor:matm", "?Tensor:matmul"),
    ("dsrl.policy.diffusion{process = {kind = \"fl", "dsrl.policy.diffusion{process = {kind = \"flow"), ("dsrl.policy.diffusion{process = {sigma_d", "dsrl.policy.diffusion{process = {sigma_data = "),
    ("dsrl.policy.diffusion{process = {prediction = \"sa", "dsrl.policy.diffusion{process = {prediction = \"sample"), ("dsrl.preset(\"hopper\", {init_r", "dsrl.preset(\"hopper\", {init_rollout_steps = "),
    ("agent = dsrl.preset(\"hopper\", {activation = \"sil", "agent = dsrl.preset(\"hopper\", {activation = \"silu"),
    ("cautious.any", "cautious.any"), ("nothing.at.a", "nothing.at.a"),
  ]

  @Test func oneAnswer() throws {
    try atPrompt(files: ["some-data/one-two.npz": "", "script.lua": "", "with blank.lua": ""]) { terminal, _ in
      for line in CompletionTests.setting.split(separator: "\n") { try terminal.enter(String(line)) }
      for (typed, completed) in CompletionTests.unique {
        // "#" marks the end of what stands there.
        terminal.type(typed + "\t#")
        let shown = try terminal.wait(for: "#")
        #expect(["#", " #", "\"#", "'#"].contains { shown.hasSuffix(completed + $0) }, "\(typed): \(shown.debugDescription)")
        try terminal.interrupt()
      }
      // Nothing of a script ran for any of this.
      #expect(try terminal.enter("ran").contains("nil"))
    }
  }

  @Test(arguments: [
    ("dsrl.env.make(\"", ["Ant-v5", "Hopper-v5", "Walker2d-v5"]), ("dsrl.evaluate{", ["actor = ", "agent = ", "episodes = ", "seed = "]),
    ("dsrl.", ["dsrl.agent", "dsrl.zeros"]), ("dsrl.env.make(\"PointFork-v0\", {", ["chunk = ", "num_envs = "]),
  ])
  func severalAnswers(_ typed: String, _ shown: [String]) throws {
    try atPrompt { terminal, _ in
      terminal.type(typed + "\t\t")
      let list = try terminal.wait(for: shown.last!)
      #expect(shown.allSatisfy { list.contains($0.trimmed) }, "\(list)")
      try terminal.interrupt()
    }
  }

  /// The table that was opened on a line above.
  @Test func acrossLines() throws {
    try atPrompt { terminal, _ in
      try terminal.enter("agent = dsrl.agent.dsrl_na{")
      try terminal.enter("  hidden = {64},")
      terminal.type("  noise_critic_g\t")
      try terminal.wait(for: "noise_critic_grad_steps = ")
      try terminal.interrupt()
    }
  }
}
