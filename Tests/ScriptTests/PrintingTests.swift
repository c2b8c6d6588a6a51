import Testing

/// Values as the prompt prints them, 80 characters wide, without colours.
@Suite struct PrintingTests {
  static let values: [(source: String, printed: String)] = [
    ("{}", "{}"), ("{1, 2, {3, b = 4}, name = 'hi\\n\"x\"', [1.5] = true, [-1] = 0, ['two words'] = nil}", "{1, 2, {3, b = 4}, [-1] = 0, [1.5] = true, name = \"hi\\n\\\"x\\\"\"}"),
    ("{['two words'] = 1, ['end'] = 2, [true] = 3, z = 4, a = 5}", "{[\"end\"] = 2, [\"two words\"] = 1, [true] = 3, a = 5, z = 4}"),
    ("{{{{{1}}}}}", "{{{{{...}}}}}"), ("(function() local t = {1} t.self = t return t end)()", "{1, self = {... itself}}"),
    ("(function() local t = {} return {t, t} end)()", "{{}, {}}"), ("{print, coroutine.create(print)}", "{function, thread}"),
    ("setmetatable({1}, {__tostring = function() return 'mine' end})", "mine"), ("{setmetatable({1}, {__name = 'Point', __index = error})}", "{Point {1}}"),
    ("setmetatable({}, {__pairs = error, __len = error, __index = error})", "{}"), ("('x'):rep(300)", String(repeating: "x", count: 300)),
    ("{('x'):rep(300)}", "{\n  \"" + String(repeating: "x", count: 200) + "...\"\n}"), ("{'\\0\\27'}", "{\"\\0\\27\"}"),
    ("{alpha = 'a long text to fill a line with', beta = 'another long text to fill it', gamma = {1, 2}}",
     "{\n  alpha = \"a long text to fill a line with\",\n  beta = \"another long text to fill it\",\n  gamma = {1, 2}\n}"),
    ("(function() local t = {} for i = 1, 150 do t[i] = i % 10 end return t end)()",
     "{\n" + (0..<4).map { line in "  " + (1...26).map { line * 26 + $0 }.filter { $0 <= 100 }.map { "\($0 % 10)" + ($0 < 100 ? "," : "") }.joined(separator: " ") }.joined(separator: "\n") + "\n  ... 50 more elements\n}"),
    ("(function() local t = {} for i = 1, 45 do t[('k%02d'):format(i)] = i end return t end)()",
     "{\n" + (1...40).map { "  k" + ($0 < 10 ? "0" : "") + "\($0) = \($0)" }.joined(separator: ",\n") + "\n  ... 5 more fields\n}"),
    ("dsrl.tensor{{1, 2}, {3, 4}}", "tensor f32 [2, 2]\n  1  2\n  3  4"), ("{dsrl.zeros(2), dsrl.zeros(3, 4)}", "{tensor f32 [2] (0, 0), tensor f32 [3, 4]}"),
    ("{dsrl.sampler.ddim(), dsrl.env.make('Pendulum-v1')}", "{ddim(5 steps, leading spacing, clip 1.0), Environment Pendulum-v1}"),
    ("dsrl.env.make('Hopper-v5', {num_envs = 2, chunk = 4})",
     "Environment Hopper-v5\n  observation  Box(11 in [-inf, inf])\n  action       Box(3 in [-1, 1])\n  chunk        4 actions per step\n  num_envs     2, stepped together\n  autoreset    same step: where an episode ends, the next one's first observation is shown at once, the last one's kept beside it\n  horizon      1000 environment steps\n  version      rules of Gymnasium 1.2, MuJoCo 3.3.7\n  model        hopper.xml, 4 steps of 0.002 s\n  reward       x' + 1 while healthy - 0.001 |action|²\n  healthy      z in (0.7, inf), angle in (-0.2, 0.2), other positions in (-100, 100), velocities in (-100, 100); else the episode ends\n  starts       positions ± 0.005, velocities ± 0.005"),
  ]

  @Test func values() throws {
    let program = try Program()
    for (source, printed) in PrintingTests.values {
      let outcome = try program.run(["-i"], input: source)
      #expect(outcome.output == printed + "\n", "\(source): \(outcome.output)\(outcome.errors)")
    }
    try program.remove()
  }

  @Test func hugeTablesAreCut() throws {
    let program = try Program()
    let outcome = try program.run(["-i"], input: "t = {} for i = 1, 300000 do t[i] = {i, {i, {i}}} t['k' .. i] = t[i] end\nt\n")
    #expect(outcome.output.split(separator: "\n").count < 200 && outcome.output.contains("... 299900 more elements") && outcome.output.contains("... 299960 more fields"))
    try program.remove()
  }

  @Test func whatIsLearnedAndHowFar() throws {
    let program = try Program()
    let outcome = try program.run(["-i"], input: """
      env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2})
      data = dsrl.data.demonstrations{episodes = 30}
      data
      policy = dsrl.policy.diffusion{env = env, network = {hidden = {16, 16, 16}}, process = {steps = 20}}
      policy:fit(data, {epochs = 1});
      policy
      agent = dsrl.agent.dsrl_na{env = env, policy = policy, init_rollout_steps = 4, hidden = {8}, gradient_steps = 1}
      for i = 1, 3 do agent:advance() end
      agent
      """)
    for part in [
      "steps in 30 episodes", "return       0.", "█", "Policy, diffusion, fitted", "residual_mlp 16-16-16 mish", "ddpm, 20 steps, cosine schedule", "time        16      12       8       4       0",
      "signal  0.2316  0.5188  0.7560  0.9203  0.9960", "noise", "Agent dsrl_na in PointFork-v0 (2 environments, chunk 2), learning", "12 transitions, 2 gradient steps", "12 of 1000000 transitions", "(Q^W)", "coefficient", "steers",
    ] { #expect(outcome.output.contains(part), "\(part): \(outcome.output)") }
    try program.remove()
  }
}
