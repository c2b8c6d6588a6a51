import LuaBridge
import Testing

/// Lua in, what it returns out. `box` makes a policy of a Lua function, `calls` counts its calls.
private let results: [(String, String)] = [
  // inversion
  ("local p = fitted() local o, w = dsrl.randn(3, 2), dsrl.randn(3, 4) local v, e, c = p:invert(o, p:decode(o, w)) return v.shape, e.shape, c.shape, e:max():item() < 1e-2",
   "{3, 4}, {3}, {3}, true"),
  ("local p = fitted() local v, e, c = p:invert({0, 0}, p:decode({0, 0}, {0.1, 0.2, 0.3, 0.4}), {method = 'ode', steps = 5}) return v.shape, math.type(e), math.type(c)",
   "{4}, \"float\", \"float\""),
  ("local p = box() local v, e = p:invert({{0, 0}}, {{{0.3, 0.1}}}) return e:item() < 1e-4, math.abs(v[{1, 1}] - 0.6) < 1e-3", "true, true"),
  ("local p = fitted() local o, a = dsrl.zeros(2, 2), dsrl.zeros(2, 4) local v, e = p:invert(o, a, {method = 'least_squares', iterations = 5, tolerance = 1e-3}) return v.shape, e.shape", "{2, 4}, {2}"),
  // Jacobian
  ("local p = box() local j = p:jacobian({0, 0}, {0.3, 0.2}) return j.shape, math.abs(j[{1, 1}] - 0.5) < 1e-3, math.abs(j[{1, 2}]) < 1e-3", "{2, 2}, true, true"),
  ("local p = fitted() return p:jacobian(dsrl.zeros(3, 2), dsrl.zeros(3, 4), {step = 0.02}).shape, p:jacobian({0, 0}, dsrl.zeros(2, 2)).shape", "{3, 4, 4}, {4, 4}"),
  // traces
  ("local p = fitted() local o, w = dsrl.randn(3, 2), dsrl.randn(3, 4) local t = p:trace(o, w) return #t, t.x.shape, t.denoised.shape, t.action.shape, t.noise.shape, #t.times, (t.action - p:decode(o, w)):abs():max():item() < 1e-4, tostring(t.sampler)",
   "5, {5, 3, 4}, {5, 3, 4}, {3, 2, 2}, {3, 4}, 5, true, \"ddim(5 steps, leading spacing, clip 1.0)\""),
  ("local t = fitted():trace({0, 0}, {0, 0, 0, 0}) return t.x.shape, t.action.shape, tostring(t):match('^Trace of ddim'), select(2, tostring(t):gsub('\\n', ''))", "{5, 4}, {2, 2}, \"Trace of ddim\", 7"),
  ("local t = box():trace({0, 0}, {1, 1}) return #t, t.sampler, t.x.shape, t.action:to_table(), tostring(t)",
   "0, nil, {0, 2}, {{0.5, 0.5}}, \"Trace, one observation: noise [1, 2] to actions [1, 1, 2]; what lies between is not known\""),
  ("local p = fitted() p:trace({0, 0}, {0, 0, 0, 0}, {plot = folder .. '/t.svg'}) return io.open(folder .. '/t.svg'):read('a'):match('</svg>')", "\"</svg>\""),
  // samplers
  ("local p = fitted() local a, b = dsrl.sampler.ddim{steps = 2, clip = false}, dsrl.sampler.ddim{steps = 5, clip = false} local before = tostring(p) local c = p:compare_samplers(dsrl.zeros(3, 2), dsrl.randn(3, 4), {a, b, a}) return c.distances.shape, c.distances[{1, 1, 3}], c.distances[{1, 1, 2}] > 0, #c.actions, c.actions[1].shape, before == tostring(p), tostring(c.samplers[2]):match('^ddim.5')",
   "{3, 3, 3}, 0.0, true, 3, {3, 2, 2}, true, \"ddim(5\""),
  // steerability
  ("local r = dsrl.steerability(fitted(), dsrl.data.demonstrations{episodes = 3}, {samples = 16, observations = 8}) return r.observations, r.samples, r.spread > 0, #r.spread_by_step, r.noise_share > 0, r.tied_spread > 0, #r.singular_values, #r.shells, #r.step_counts, #r.coverage, r.coverage[5].samples",
   "8, 16, true, 2, true, true, 4, 7, 3, 5, 16"),
  ("local r = dsrl.steerability(box(), {0, 0}) return r.worth, r.effective_rank > 1.99, math.abs(r.spread - 0.5) < 0.05, r.noise_share, r.coverage, r.start_signal, tostring(r):match('^Steerability, 1 observation with 64 noises each: steerable')",
   "\"steerable\", true, true, nil, nil, nil, \"Steerability, 1 observation with 64 noises each: steerable\""),
  ("local r = dsrl.steerability(box(function(o, w) return o * 0.1 end), {{0, 0}, {1, 1}}) return r.worth, r.noise_share, r.verdict:match('^Not steerable')", "\"not steerable\", 0.0, \"Not steerable\""),
  ("dsrl.steerability(box(), {0, 0}, {plot = folder .. '/s.svg', samples = 8}) return io.open(folder .. '/s.svg'):read('a'):match('</svg>')", "\"</svg>\""),
  // policies of a Lua function
  ("local p = box() return p.horizon, p.latent_size, p.observation_size, p.action_size, p.sampler, p.network, p.process, p:decode({0, 0}, {1, 2}).shape, p:act(dsrl.zeros(3, 2)).shape",
   "1, 2, 2, 2, nil, nil, nil, {1, 2}, {3, 1, 2}"),
  ("return tostring(box())", "\"Policy, a black box\n  maps  observation 2 and latent 2 to 1 x 2 actions\""),
  ("local p = dsrl.policy.custom{env = fork, decode = function(o, w) return w:reshape(-1, 2, 2) end} return p.horizon, p.latent_size, dsrl.evaluate{policy = p, env = fork, episodes = 2}.n, #dsrl.data.collect{policy = p, env = fork, steps = 20} >= 20",
   "2, 4, 2, true"),
  ("local p = dsrl.policy.custom{env = fork, decode = function(o, w) return (w * 0.5):tanh() end} local a = dsrl.agent.dsrl_na{env = fork, policy = p, hidden = {8}, init_rollout_steps = 1, train_freq = 1, batch_size = 4, gradient_steps = 1, noise_critic_grad_steps = 1} a:advance() a:advance() a:save(folder .. '/a') local b = dsrl.agent.dsrl_na{env = fork, policy = p, hidden = {8}, init_rollout_steps = 1, train_freq = 1, batch_size = 4, gradient_steps = 1, noise_critic_grad_steps = 1} b:load(folder .. '/a') a:save_actor(folder .. '/actor') local c = dsrl.agent.load_actor(folder .. '/actor', {policy = p}) local o = dsrl.zeros(3, 2) return a.gradient_steps, same(a:act(o, {deterministic = true}), b:act(o, {deterministic = true})), same(c:act(o, {deterministic = true}), a:act(o, {deterministic = true}))",
   "2, true, true"),
  // What the function does to its arguments, or later to its result, touches nothing.
  ("local kept local p = box(function(o, w) o:fill_(7) w:fill_(7) kept = dsrl.zeros(o.shape[1], 2) return kept end) local o, w = dsrl.zeros(1, 2), dsrl.ones(1, 2) local a = p:decode(o, w) kept:fill_(9) return o:to_table(), w:to_table(), a:to_table()",
   "{{0.0, 0.0}}, {{1.0, 1.0}}, {{{0.0, 0.0}}}"),
  ("local p = dsrl.policy.custom{observation_size = 1, action_size = 2, action_low = {0, -3}, action_high = {4, 3}, decode = function(o, w) return {{1, 3}} end} return p:decode({0}, {0, 0}):to_table()", "{{1.0, 3.0}}"),
  ("local co = coroutine.wrap(function() return box():decode({0, 0}, {1, 1}):to_table() end) return co()", "{{0.5, 0.5}}"),
]

private let mistakes: [(String, String)] = [
  ("dsrl.policy.custom{}", "missing 'decode'"),
  ("dsrl.policy.custom{decode = 3, env = fork}", "'decode' must be a function, got number 3"),
  ("dsrl.policy.custom{decode = print}", "missing 'env', or else 'observation_size' and 'action_size'"),
  ("dsrl.policy.custom{decode = print, observation_size = 1, action_size = 0}", "action_size wants a number from 1 to 65536, got 0"),
  ("dsrl.policy.custom{decode = print, observation_size = 1, action_size = 2, action_low = {1}, action_high = {0, 0}}", "an action's numbers want finite bounds"),
  ("dsrl.policy.custom{decode = print, observation_size = 1, action_size = 3, action_low = {1, 2}}", "a policy of 3 numbers to an action wants as many lowest and highest ones, got 2 and 3"),
  ("dsrl.policy.custom{decode = print, env = fork, horison = 3}", "unknown option 'horison' (did you mean 'horizon'?)"),
  ("box(function() end):decode({0, 0}, {0, 0})", "bad result of 'decode' (Tensor or nested lists of numbers expected, got nil)"),
  ("box(function() return 'x' end):decode({0, 0}, {0, 0})", "bad result of 'decode' (Tensor or nested lists of numbers expected, got string 'x')"),
  ("box(function(o, w) return dsrl.zeros(2, 5) end):decode({0, 0}, {0, 0})", "'decode' is to return actions of shape [1, 1, 2] or [1, 2], got [2, 5]"),
  ("box(function(o, w) return w * (0/0) end):decode({0, 0}, {0, 0})", "'decode' is to return finite numbers, got NaN in row 1"),
  ("box(function(o, w)\n\n local x = nil; return x.y end):decode({0, 0}, {0, 0})", "chunk:3: attempt to index a nil value (local 'x')"),
  ("box(function() error('mine') end):jacobian({0, 0}, {0, 0})", "chunk:1: mine"),
  ("local p p = box(function(o, w) return p:decode(o, w) end) p:decode({0, 0}, {0, 0})", "C stack overflow"),
  ("local co = coroutine.create(function() box(function() coroutine.yield() end):decode({0, 0}, {0, 0}) end) error(select(2, coroutine.resume(co)))", "attempt to yield across a C-call boundary"),
  ("box():save(folder .. '/p')", "save wants a policy made by dsrl.policy.diffusion or read from a file, this one is a black box"),
  ("box():fit(dsrl.data.demonstrations{episodes = 1})", "this one is a black box"),
  ("box():set_sampler(dsrl.sampler.ddim{})", "this one is a black box"),
  ("box():set_precision('float32')", "this one is a black box"),
  ("box():compare_samplers({0, 0}, {0, 0}, {dsrl.sampler.ddim{}, dsrl.sampler.ddim{}})", "of a black box only decoding is known, so there are no samplers to compare"),
  ("return box():trace({0, 0}, {0, 0}).figure", "of this policy only decoding is known, so there are no steps to draw"),
  ("box():invert({0, 0}, {{0, 0}}, {method = 'ode'})", "of this policy only decoding is known, so its noise is found by method 'least_squares' alone, got 'ode'"),
  ("dsrl.agent.dsrl_na{env = fork, policy = box()}", "executes chunk = 2 actions at a step, the policy decides on action_steps = 1"),
  ("fitted():invert({0, 0}, {0, 0})", "actions want the shape [2, 2] or [4] here, got [2]"),
  ("fitted():invert({0, 0}, {0, 0, 0, 0/0})", "an inversion wants observations and actions of finite numbers"),
  ("fitted():invert({0, 0}, {0, 0, 0, 0}, {method = 'newton'})", "'method' must be one of 'ode', 'fixed_point', 'least_squares', got string 'newton'"),
  ("fitted():invert({0, 0}, {0, 0, 0, 0}, {steps = 3})", "steps are of method 'ode'; 'fixed_point' has iterations and tolerance"),
  ("fitted():invert({0, 0}, {0, 0, 0, 0}, {method = 'ode', iterations = 3})", "iterations and tolerance are of methods"),
  ("fitted():invert({0, 0}, {0, 0, 0, 0}, {method = 'ode', steps = 11})", "an inversion has at most 9 steps, got 11"),
  ("local p = fitted() p:set_sampler(dsrl.sampler.ddpm{}) p:invert({0, 0}, {0, 0, 0, 0}, {method = 'ode'})", "a ddpm sampler with noise of its own solves no differential equation"),
  ("local p = fitted() p:set_sampler(dsrl.sampler.ddpm{frozen = false}) p:invert({0, 0}, {0, 0, 0, 0})", "a ddpm sampler that is not frozen draws noise of its own"),
  ("return fitted():trace(dsrl.zeros(0, 2), dsrl.zeros(0, 4)).figure", "a trace of no observations has no picture"),
  ("dsrl.steerability(fitted(), {0/0, 0})", "a steerability report wants observations of finite numbers"),
  ("fitted():trace({0, 0}, {0, 0})", "noise wants the shape [4] or [2, 2] here, got [2]"),
  ("fitted():trace({0, 0}, {0, 0, 0, 0}, {plot = 'x.jpg'})", "a picture's name ends in .svg or .png, got 'x.jpg'"),
  ("fitted():trace({0, 0}, {0, 0, 0, 0}, {plott = 'x.svg'})", "unknown option 'plott' (did you mean 'plot'?)"),
  ("fitted():compare_samplers({0, 0}, {0, 0, 0, 0}, {dsrl.sampler.ddim{}})", "a comparison wants 2 to 16 samplers, got 1"),
  ("fitted():compare_samplers({0, 0}, {0, 0, 0, 0}, {dsrl.sampler.ddim{}, dsrl.sampler.edm{}})", "a ddpm process is sampled by ddpm, ddim and dpm_solver_pp, got edm"),
  ("fitted():jacobian({0, 0}, {0, 0, 0, 0}, {step = -1})", "a Jacobian by differences wants a positive step, got -1"),
  ("dsrl.steerability(fitted(), {0, 0}, {samples = 1})", "samples of a steerability report want a number from 2 to 10000, got 1"),
  ("dsrl.steerability(fitted(), {0, 0}, {observations = 3})", "observations is for a DataSet; of a Tensor all rows are taken"),
  ("dsrl.steerability(fitted(), {0, 0, 0})", "observations want the shape [2] or [n, 2], got [3]"),
  ("dsrl.steerability(fork, {0, 0})", "bad argument #1 to 'steerability' (Policy expected, got Environment)"),
  ("dsrl.steerability(dsrl.policy.diffusion(small), {0, 0})", "this policy has no normalisation yet"),
]

@Suite struct InspectionTests {
  private func domain() throws -> Domain {
    let domain = try Domain()
    try domain.lua.run("function box(f) return dsrl.policy.custom{observation_size = 2, action_size = 2, decode = f or function(o, w) return w * 0.5 end} end")
    return domain
  }

  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }

  @Test(arguments: mistakes) func mistake(_ source: String, _ expected: String) throws {
    let domain = try domain()
    let message = domain.message(source)
    #expect(message.contains(expected), "got: \(message)")
    try domain.close()
  }

  /// Ctrl-C inside the function of a policy stops what called it, wherever that is, and the agent goes on afterwards.
  @Test func anInterruptInsideDecode() throws {
    let domain = try domain()
    try domain.lua.setGlobal("stop", domain.lua.makeFunction("stop") { [unowned lua = domain.lua] () in lua.interrupt() })
    try domain.lua.run(
      """
      stopping = false
      policy = dsrl.policy.custom{env = fork, decode = function(o, w) if stopping then stop() end return (w * 0.5):tanh() end}
      agent = dsrl.agent.dsrl_na{env = fork, policy = policy, hidden = {8}, init_rollout_steps = 1, train_freq = 1, batch_size = 4, gradient_steps = 1, noise_critic_grad_steps = 1}
      agent:advance()
      stopping = true
      """)
    for call in ["agent:advance()", "dsrl.evaluate{policy = policy, env = fork, episodes = 2}", "dsrl.steerability(policy, {0, 0})", "policy:jacobian({0, 0}, dsrl.zeros(4))"] {
      #expect(domain.message(call) == "interrupted!", "\(call)")
      domain.lua.clearInterrupt()
    }
    #expect(try domain.results("stopping = false return agent:advance().gradient_steps > 0") == "true")
    try domain.close()
  }
}
