import Testing
import Tensors

private let reinFlow = Program.root + "/Tests/Fixtures/reinflow/finetuned"

/// Lua in, what it returns out.
private let results: [(String, String)] = [
  // environments
  ("local env = dsrl.env.make('Pendulum-v1', {seed = 3}) local obs, info = env:reset() return obs.shape, env.num_envs, env.chunk, env.max_episode_steps, next(info)",
   "{3}, nil, 1, 200, nil"),
  ("local env = dsrl.env.make('Pendulum-v1') env:reset{seed = 1} local o, r, term, trunc = env:step{0.5} return #o, math.type(r), term, trunc", "3, \"float\", false, false"),
  ("local env = dsrl.env.make('Pendulum-v1', {max_episode_steps = 2}) env:reset() env:step{0} local _, _, term, trunc = env:step{0} return term, trunc", "false, true"),
  ("local env = dsrl.env.make('PointFork-v0', {num_envs = 3, chunk = 2}) local o = env:reset() local p, r, term, trunc, info = env:step(dsrl.zeros(3, 2, 2)) return o.shape, p.shape, r.shape, term, trunc, info.steps_taken, info.final_observation.shape, info.episodes",
   "{3, 2}, {3, 2}, {3}, {false, false, false}, {false, false, false}, {2, 2, 2}, {3, 2}, {}"),
  ("local env = dsrl.env.make('PointFork-v0', {num_envs = 1, max_episode_steps = 1}) env:reset() local _, _, _, trunc, info = env:step{{{0, 0}}} local e = info.episodes[1] return trunc, e.env, e.length, e.success",
   "{true}, 1, 1, false"),
  ("local a, b = dsrl.env.make('PointFork-v0'), dsrl.env.make('PointFork-v0') return same(a:reset{seed = 5}, b:reset{seed = 5}), same(a:reset(), b:reset{seed = 5})", "true, false"),
  ("local env = dsrl.env.make('PointFork-v0', {seed = 2}) env:reset() local s = env:state() local a = env:step{1, 0} env:set_state(s) return same(a, (env:step{1, 0}))", "true"),
  ("fork:reset{seed = 2} local s = fork:state() local act = dsrl.ones(2, 4) local a = fork:step(act) fork:set_state(s) return same(a, (fork:step(act))), tostring(s)",
   "true, \"EnvironmentState(PointFork-v0)\""),
  ("local env = dsrl.env.make('PointFork-v0', {chunk = 3}) env:reset{seed = 1} local a = env:step(dsrl.ones(3, 2)) local one = dsrl.env.make('PointFork-v0') one:reset{seed = 1} for i = 1, 2 do one:step{1, 1} end return same(a, (one:step{1, 1}))",
   "true"),
  ("local s = dsrl.env.make('Pendulum-v1').action_space return s.low, s.high, s.shape, s:contains{1}, s:contains{3}, s:contains(s:sample())", "{-2.0}, {2.0}, {1}, true, false, true"),
  ("local s = fork.action_space s:seed(1) local a = s:sample() s:seed(1) return same(a, s:sample())", "true"),
  ("return tostring(fork)", "\"Environment PointFork-v0\n  observation  Box([-0.6, 2.1], [-1.3, 1.3])\n  action       Box(2 in [-1, 1])\n  chunk        2 actions per step\n  num_envs     2, stepped together\n  autoreset    same step: where an episode ends, the next one's first observation is shown at once, the last one's kept beside it\n  horizon      60 environment steps\""),
  ("return dsrl.env.ids()[1], dsrl.env.options('Pendulum-v1')", "\"Ant-v5\", {g = 10.0}"),
  ("local o = dsrl.env.options('Ant-v5') return o.main_body, o.healthy_z_range, o.xml_file, dsrl.env.options('Humanoid-v5').contact_cost_range[2]", "1, {0.2, 1.0}, \"ant.xml\", 10.0"),
  ("local env = dsrl.env.make('Ant-v5', {main_body = 'torso', seed = 1}) env:reset() local o, r, term, trunc, info = env:step(env.action_space:sample()) return #o, env.rules.starts, math.abs(info.reward_forward + info.reward_survive + info.reward_ctrl + info.reward_contact - r) < 1e-12, info.x_position ~= nil", "105, \"positions ± 0.1, velocities + 0.1 N(0, 1)\", true, true"),
  ("local env = dsrl.env.make('Humanoid-v5', {seed = 2, num_envs = 2, include_cinert_in_observation = false, terminate_when_unhealthy = false}) env:reset() local a = dsrl.uniform({2, 17}, -0.4, 0.4) for i = 1, 30 do env:step(a) end local s = env:state() local x, r = env:step(a) for i = 1, 3 do env:step(a) end env:set_state(s) local y, q = env:step(a) return x.shape, same(x, y), same(r, q)", "{2, 218}, true, true"),
  ("local env = dsrl.env.make('MountainCarContinuous-v0') env:reset{seed = 1} local o, r, term, _, info = env:step{2} return #o, string.format('%.3f', r), term, next(info)", "2, \"-0.400\", false, nil"),
  ("local a, b = dsrl.env.make('Pendulum-v1', {g = 0}), dsrl.env.make('Pendulum-v1') a:reset{seed = 1} b:reset{seed = 1} return same((a:step{0}), (b:step{0}))", "false"),
  // data
  ("local d = dsrl.data.demonstrations{episodes = 3, seed = 1} d:save(folder .. '/d.npz') local e = dsrl.data.load(folder .. '/d.npz') return #d == #e, same(d.observations, e.observations), #d:returns(), #d.terminals == #d, d.episodes[1].first, d.episodes[3].last == #d, d:statistics().episodes",
   "true, true, 3, true, 1, true, 3"),
  ("local d = dsrl.data.collect{env = fork, episodes = 3, policy = function(o) return dsrl.zeros(o.shape[1], 2, 2) end} return #d.episodes, d.episodes[1].length, d.actions.shape[2]", "3, 60, 2"),
  ("local d = dsrl.data.collect{env = 'PointFork-v0', steps = 50, num_envs = 2, policy = function(o) return dsrl.zeros(#o, 1, 2) end} return #d, #d.episodes", "50, 2"),
  ("local d = dsrl.data.make{observations = dsrl.zeros(5, 2), actions = dsrl.ones(5, 1), rewards = {1, 2, 3, 4, 5}, terminals = {false, true, false, false, false}} return #d, #d.episodes, d:returns(), d.episodes[1].terminated",
   "5, 2, {3.0, 12.0}, true"),
  // policies
  ("local env = dsrl.env.make('PointFork-v0', {chunk = 4, observation_steps = 2}) local p = dsrl.policy.diffusion{env = env, network = {kind = 'unet1d', down_dims = {8, 8, 8}, diffusion_step_embed_dim = 8}} return p.horizon, p.action_steps, p.action_offset, p.latent_size",
   "8, 4, 1, 16"),
  ("fitted():export_onnx(folder .. '/p.onnx', {opset = 18}) local file = io.open(folder .. '/p.onnx', 'rb') local head = file:read(2) file:close() return head == '\\8\\8'", "true"),
  ("local p = dsrl.policy.reinflow('\(reinFlow)/state.pt', {normalization = '\(reinFlow)/normalization.npz'}) return p.horizon, p.process.kind, tostring(p.sampler)",
   "3, \"flow\", \"flow(euler, 4 steps, linspace spacing, point clip 1.0, no clip, final clip 1.0)\""),
  ("local unit = {observation_min = {-1, -1}, observation_max = {1, 1}, action_min = {-2, 0}, action_max = {2, 4}} local p = dsrl.policy.diffusion{env = fork, network = {hidden = {8}}, normalization = unit} local a = p:decode({0, 0}, {0, 0, 0, 0}) return a.shape, a:select(2, 2):min():item() >= 0",
   "{2, 2}, true"),
  ("""
   local function kinds(p) p:fit(dsrl.data.demonstrations{episodes = 3}, {epochs = 2}) p:save(folder .. '/kind')
     local q, o, w = dsrl.policy.load(folder .. '/kind'), dsrl.randn(3, 2), dsrl.randn(3, 4)
     return p.network.kind, same(p:decode(o, w), q:decode(o, w)), same(p:decode(o, w), p:decode(o, w)), q.parameters == p.parameters end
   local a, b, c, d = kinds(dsrl.policy.diffusion{env = fork, network = {kind = 'unet1d', down_dims = {8, 8}, n_groups = 4, diffusion_step_embed_dim = 8}})
   local e, f, g, h = kinds(dsrl.policy.diffusion{env = fork, network = {kind = 'transformer', n_layer = 1, n_emb = 8, n_head = 2}})
   return a, b, c, d, e, f, g, h
   """, "\"unet1d\", true, true, true, \"transformer\", true, true, true"),
  ("""
   local function own() return dsrl.nn.module{body = dsrl.nn.mlp{inputs = 7, outputs = 4, hidden = {16}}, modes = {},
     forward = function(self, x, t, o) self.modes[self.training] = true return self.body(dsrl.cat({x, t:reshape(-1, 1), o}, 2)) end} end
   local one, two = own(), own() local p = dsrl.policy.diffusion{env = fork, network = one}
   local before = one.body['layers.0.weight']:clone()
   p:fit(dsrl.data.demonstrations{episodes = 3}, {epochs = 1}) p:save(folder .. '/own')
   local q, o, w = dsrl.policy.load(folder .. '/own', {network = two}), dsrl.randn(3, 2), dsrl.randn(3, 4)
   return p.network.kind, p.parameters == one:num_parameters(), same(before, one.body['layers.0.weight']), same(p:decode(o, w), q:decode(o, w)), one.modes[true], one.training
   """, "\"own\", true, false, true, true, false"),
  ("local p = dsrl.policy.diffusion(small) return p.horizon, p.latent_size, p.observation_size, p.action_size, p.precision, p.network.hidden, p.process.steps, p.sampler.options.steps",
   "2, 4, 2, 2, \"float32\", {16, 16, 16}, 10, 5"),
  ("local p = fitted() local o, w = dsrl.randn(3, 2), dsrl.randn(3, 4) local a = p:decode(o, w) return a.shape, p:decode(o[1], w[1]).shape, same(a, p:decode(o:to_table(), w:reshape(3, 2, 2))), p:decode({0, 0}, {0, 0, 0, 0}).shape",
   "{3, 2, 2}, {2, 2}, true, {2, 2}"),
  ("local p = fitted() return p:act(dsrl.zeros(4, 2)).shape, p:act{0, 0}.shape, same(p:act{0, 0}, p:act{0, 0})", "{4, 2, 2}, {2, 2}, false"),
  ("local seen, p = {}, dsrl.policy.diffusion(small) local last = p:fit(dsrl.data.demonstrations{episodes = 3}, {epochs = 3, on_epoch = function(e) seen[#seen + 1] = e.epoch .. '/' .. e.epochs end}) return seen, last.epoch, last.loss > 0",
   "{\"1/3\", \"2/3\", \"3/3\"}, 3, true"),
  ("local p = fitted() p:save(folder .. '/p') local q = dsrl.policy.load(folder .. '/p') local o, w = dsrl.randn(3, 2), dsrl.randn(3, 4) return same(p:decode(o, w), q:decode(o, w)), tostring(p) == tostring(q)", "true, true"),
  ("local p = fitted() p:set_sampler(dsrl.sampler.ddim{steps = 2, clip = false}) return tostring(p.sampler), tostring(p):match('time [%d ]+')", "\"ddim(2 steps, leading spacing, no clip)\", \"time         5       0\""),
  ("local env = dsrl.env.make('Noise-v0', {num_envs = 2, observation_size = 5, action_size = 4, termination = 1}) local o = env:reset{seed = 1} local p, r, ended = env:step(dsrl.zeros(2, 4)) return o.shape, ended, same(o, env:reset{seed = 1}), same(o, p)",
   "{2, 5}, {true, true}, true, false"),
  // agents
  ("local a = dsrl.agent.sac{env = fork, hidden = {8}, learning_starts = 4, batch_size = 4} local r = a:advance() a:advance() return r.environment_steps, r.transitions, r.gradient_steps, r.metrics, a.environment_steps, a.phase, a.options.hidden, a.kind",
   "4, 2, 0, nil, 8, \"learning\", {8}, \"sac\""),
  ("local a = dsrl.agent.sac{env = fork, hidden = {8}, learning_starts = 2, batch_size = 4} local r = a:advance() return r.gradient_steps, r.metrics['train/ent_coef'], a:act(dsrl.zeros(3, 2)).shape, a:act({0, 0}, {deterministic = true}).shape",
   "1, 1.0, {3, 2, 2}, {2, 2}"),
  ("local p = fitted() local a = dsrl.agent.dsrl_na{env = fork, policy = p, hidden = {8}, init_rollout_steps = 2, batch_size = 4, target_entropy = 'auto'} a:advance() return a.phase, a.gradient_steps, a.policy == p, a.env == fork, a.options.target_entropy, a:act({0, 0}).shape",
   "\"learning\", 20, true, true, nil, {2, 2}"),
  ("local function make() local env = dsrl.env.make('PointFork-v0', {num_envs = 2, chunk = 2}) return dsrl.agent.sac{env = env, hidden = {8}, learning_starts = 4, batch_size = 4} end local a = make() for i = 1, 3 do a:advance() end a:save(folder .. '/a') local b = make() b:load(folder .. '/a') local x, y = a:advance(), b:advance() return x.metrics['train/critic_loss'] == y.metrics['train/critic_loss'], same(a:act({0, 0}), b:act({0, 0})), b.environment_steps",
   "true, true, 16"),
  ("local a = dsrl.agent.sac{env = fork} a:save_actor(folder .. '/x.safetensors', {deterministic = true}) local x = dsrl.agent.load_actor(folder .. '/x.safetensors') local o = dsrl.randn(5, 2) return same(a:act(o, {deterministic = true}), x:act(o)), x:act({0, 0}).shape, x.kind, io.open(folder .. '/x.safetensors'):seek('end') < 400000",
   "true, {2, 2}, \"sac\", true"),
  ("local p = fitted() local a = dsrl.agent.dsrl_na{env = fork, policy = p, hidden = {8}} a:save_actor(folder .. '/y') local y = dsrl.agent.load_actor(folder .. '/y', {policy = p}) local o = dsrl.randn(5, 2) return same(a:act(o, {deterministic = true}), y:act(o, {deterministic = true}))",
   "true"),
  ("local p = fitted() local a = dsrl.agent.dsrl_na(dsrl.preset('hopper', {env = fork, policy = p, seed = 9})) return a.options.seed, a.options.hidden, a.options.train_freq, a.options.action_magnitude", "9, {128, 128, 128}, 2, 1.0"),
  ("local p = dsrl.preset('lift') p.env, p.policy, p.hidden = fork, fitted(), {8} return dsrl.agent.dsrl_na(p).options.gradient_steps", "30"),
  ("local p = fitted() local a = dsrl.agent.dsrl_sac{env = fork, policy = p, hidden = {8}, noise_tying = 'repeated'} a:save_actor(folder .. '/z') local y = dsrl.agent.load_actor(folder .. '/z', {policy = p}) local o = dsrl.zeros(3, 2) return y.kind, same(y:act(o, {deterministic = true}), a:act(o, {deterministic = true})), a:noise(o).shape",
   "\"dsrl_sac\", true, {3, 4}"),
  ("local p = fitted() local a = dsrl.agent.residual{env = fork, policy = p, hidden = {8}, seed = 5} a:save_actor(folder .. '/r') local y = dsrl.agent.load_actor(folder .. '/r', {policy = p}) local o = dsrl.randn(3, 2) return y.kind, same(y:act(o, {deterministic = true}), a:act(o, {deterministic = true}))",
   "\"residual\", true"),
  ("local a = dsrl.agent.golden_ticket{env = fork, policy = fitted(), candidates = 2, episodes_per_candidate = 1} while a.phase == 'search' do a:advance() end return a.gradient_steps, a.update_ratio, a:noise{0, 0}.shape", "0, 0.0, {4}"),
  ("local p = fitted() local o = dsrl.agent.dsrl_na{env = fork, policy = p, parity = 'dsrl-2025', distillation_noise = 'box'}.options return o.action_magnitude, o.init_noise, o.time_limits, o.distillation_noise, o.gradient_steps", "1.0, \"unbounded\", \"terminate\", \"box\", 20"),
  ("return dsrl.agent.dsrl_sac(dsrl.preset('transport', {env = fork, policy = fitted(), hidden = {4}}, 'dsrl_sac')).options.init_rollout_steps", "20001"),
  ("local d = dsrl.data.demonstrations{episodes = 3} local a = dsrl.agent.sac{env = fork, hidden = {8}, learning_starts = 2, batch_size = 4, demonstrations = d, demonstration_ratio = 0.25, critic_backup_combine = 'min_of_subset', n_critics = 4} a:advance() return a.gradient_steps", "1"),
  ("local a = dsrl.agent.sac{env = fork, hidden = {8}, learning_starts = 2, batch_size = 4} a:advance() local m = a:train() return m['train/ent_coef'] < 1, a.environment_steps, a.transitions, a.gradient_steps",
   "true, 4, 2, 2"),
  ("local a = dsrl.agent.dsrl_na{env = fork, policy = fitted(), hidden = {8}, init_rollout_steps = 1, train_freq = 1, batch_size = 4, gradient_steps = -1, noise_critic_grad_steps = 1} a:advance() local m = a:train() return m['train/noise_critic_loss'] > 0, a.transitions, a.gradient_steps",
   "true, 2, 4"),
  ("local a = dsrl.agent.sac{env = fork, hidden = {8}, learning_starts = 2, batch_size = 4} a:set_options{batch_size = 8, target_entropy = 'auto'} a:save(folder .. '/s') local b = dsrl.agent.sac{env = fork, hidden = {8}, learning_starts = 2, batch_size = 4} b:load(folder .. '/s') return a.options.batch_size, b.options.batch_size, a.options.hidden",
   "8, 8, {8}"),
  // evaluation
  ("local e = dsrl.evaluate{policy = function(o) return dsrl.zeros(#o, 1, 2) end, env = 'PointFork-v0', episodes = 3} return e.n, e.mean_reward, e.returns, e.lengths, e.interval, e.success_rate, e:to_table().mean_ep_length",
   "3, 0.0, {0.0, 0.0, 0.0}, {60, 60, 60}, {0.0, 0.0}, 0.0, 60.0"),
  ("local p = fitted() local function run(s) return table.concat(dsrl.evaluate{policy = p, env = 'PointFork-v0', episodes = 4, seed = s}.lengths, ' ') end return run(1) == run(1), run(1) == run(2)", "true, false"),
  ("local a = dsrl.agent.sac{env = fork, hidden = {8}} return dsrl.evaluate{agent = a, episodes = 2, deterministic = true}.n, a.environment_steps", "2, 0"),
  ("local p = fitted() local a = dsrl.agent.dsrl_na{env = fork, policy = p, hidden = {8}} local e = dsrl.evaluate{agent = a, episodes = 6, seed = 3, base = true} local b = dsrl.evaluate{policy = p, env = fork, episodes = 6, seed = 3} return e.base.returns[4] == b.returns[4], e.base.mean_reward == b.mean_reward, math.abs(e.gain - (e.mean_reward - b.mean_reward)) < 1e-12, e.gain_interval[1] <= e.gain and e.gain <= e.gain_interval[2], e:to_table().base.n, b.base, b.gain, tostring(e):match('gain') ~= nil",
   "true, true, true, true, 6, nil, nil, true"),
  // diagnostics
  ("local a = dsrl.agent.dsrl_na{env = fork, policy = fitted(), hidden = {8}, init_rollout_steps = 2, batch_size = 4} a:advance() local d = a:diagnose{observations = 8, states = 2, noises = 4, episodes = 2, seed = 5} local names = {} for name in pairs(d) do names[#names + 1] = name end table.sort(names) return table.concat(names, ' '), d.q_bias == d.q_value - d.q_return, a:diagnose{observations = 8, states = 2, noises = 4, episodes = 2, seed = 5}.q_bias == d.q_bias, a.environment_steps",
   "\"box_coverage ent_coef entropy pairs_actor pairs_gaussian q_bias q_return q_value rank_actor rank_gaussian regret_actor regret_gaussian saturation\", true, true, 8"),
  ("local d = dsrl.data.demonstrations{episodes = 4} local a = dsrl.agent.dsrl_na{env = fork, policy = fitted(), hidden = {8}, batch_size = 4, gradient_steps = 5, offline_data = d, init_rollout_steps = 0} local h = a:learn_offline{gradient_steps = 12, eval_every = 10, eval_episodes = 2} a:learn{steps = 8} return a.environment_steps >= 8, h[1].step, h[2].step, h[3].step, #h",
   "true, 0, 10, 15, 3"),
]

@Suite struct DomainTests {
  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == expected)
    try domain.close()
  }

  @Test(arguments: tensorMistakes + linearAlgebraMistakes + fileMistakes + domainMistakes) func mistake(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    let message = domain.message(source)
    #expect(message.contains(expected), "got: \(message)")
    try domain.close()
  }

  @Test func everyNameIsDocumented() throws {
    let domain = try Domain()
    for entry in domain.lua.registry.entries where entry.kind != .module || entry.name.hasPrefix("dsrl") {
      if ![.module, .type].contains(entry.kind) { #expect(!entry.signature.isEmpty, "\(entry.name)") }
      #expect(!entry.doc.isEmpty, "\(entry.name)")
    }
    #expect(domain.lua.registry.entries.count > 150)
    try domain.close()
  }

  /// The published options of every task are options of dsrl_na.
  @Test(arguments: ["hopper", "walker2d", "halfcheetah", "lift", "can", "square", "transport"]) func preset(_ name: String) throws {
    let domain = try Domain()
    let source = "local p = dsrl.preset('\(name)', {env = fork, policy = fitted()}) p.hidden = {4} return dsrl.agent.dsrl_na(p).kind"
    #expect(try domain.results(source) == "\"dsrl_na\"")
    try domain.close()
  }

  /// Ctrl-C while the domain works reaches the script as the interrupt and not as an error of its own.
  @Test func anInterruptEndsFitting() throws {
    let domain = try Domain()
    try domain.lua.setGlobal("stop", domain.lua.makeFunction("stop") { [unowned lua = domain.lua] () in lua.interrupt() })
    let message = domain.message("dsrl.policy.diffusion(small):fit(dsrl.data.demonstrations{episodes = 2}, {epochs = 100000, on_epoch = stop})")
    #expect(message == "interrupted!")
    domain.lua.clearInterrupt()
    #expect(try domain.results("return 1") == "1")
    try domain.close()
  }
}
