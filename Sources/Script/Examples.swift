import LuaBridge

// The examples of the help pages. `env`, `data`, `policy`, `agent`, `obs` and `t` stand for what their names say; the tests run every one.
extension Session {
  func documentExamples() {
    for (name, lines) in examples { lua.registry.document(example: name, lines) }
  }
}

private let examples: KeyValuePairs = [
  "dsrl.tensor": "t = dsrl.tensor{{1, 2}, {3, 4}}",
  "dsrl.zeros": "dsrl.zeros(2, 3)",
  "dsrl.arange": "dsrl.arange(0, 1, 0.25)",
  "dsrl.linspace": "dsrl.linspace(-1, 1, 5)",
  "dsrl.randn": "dsrl.randn(4, 8):std()",
  "dsrl.cat": "dsrl.cat({dsrl.zeros(2, 1), dsrl.ones(2, 1)}, 2)",
  "dsrl.no_grad": "dsrl.no_grad(function() return t * 2 end)",
  "dsrl.evaluate": "dsrl.evaluate{agent = agent, episodes = 20, seed = 100}",
  "dsrl.preset": "dsrl.preset(\"hopper\", {env = env, policy = policy, seed = 1})",
  "dsrl.options": "opt = dsrl.options{steps = 10000, learning_rate = 3e-4}",
  "dsrl.progress": "bar = dsrl.progress(\"work\", 10)\nfor i = 1, 10 do bar:update(i) end\nbar:finish()",
  "dsrl.env.make": "env = dsrl.env.make(\"PointFork-v0\", {num_envs = 4, chunk = 2, seed = 1})",
  "dsrl.data.collect": "data = dsrl.data.collect{env = env, policy = policy, episodes = 10}",
  "dsrl.data.demonstrations": "data = dsrl.data.demonstrations{episodes = 100}",
  "dsrl.data.make": "dsrl.data.make{observations = dsrl.randn(6, 2), actions = dsrl.randn(6, 2), timeouts = dsrl.tensor{0, 0, 1, 0, 0, 1}}",
  "dsrl.policy.diffusion": "policy = dsrl.policy.diffusion{env = env, network = {hidden = {64, 64, 64}}, process = {steps = 20}}",
  "dsrl.sampler.ddpm": "policy:set_sampler(dsrl.sampler.ddpm())",
  "dsrl.sampler.dpm_solver_pp": "policy:set_sampler(dsrl.sampler.dpm_solver_pp{steps = 8})",
  "dsrl.sampler.edm": "dsrl.policy.diffusion{observation_size = 3, action_size = 1, horizon = 4, process = {kind = 'edm'}, sampler = dsrl.sampler.edm{steps = 10, sigma_max = 20}}",
  "dsrl.sampler.flow": "dsrl.policy.diffusion{observation_size = 3, action_size = 1, horizon = 4, process = {kind = 'flow'}, sampler = dsrl.sampler.flow{method = 'midpoint', steps = 5}}",
  "dsrl.sampler.ddim": "policy:set_sampler(dsrl.sampler.ddim{steps = 5})",
  "dsrl.agent.sac": "agent = dsrl.agent.sac{env = env, learning_starts = 1000}",
  "dsrl.agent.dsrl_sac": "agent = dsrl.agent.dsrl_sac{env = env, policy = policy, noise_tying = \"repeated\"}",
  "dsrl.agent.residual": "agent = dsrl.agent.residual{env = env, policy = policy, residual_scale = 0.2}",
  "dsrl.agent.best_of_n": "agent = dsrl.agent.best_of_n{env = env, policy = policy, candidates = 16}",
  "dsrl.agent.golden_ticket": "agent = dsrl.agent.golden_ticket{env = env, policy = policy, candidates = 5, episodes_per_candidate = 2}\nagent:learn{steps = 400}",
  "dsrl.agent.bounded_base": "dsrl.evaluate{agent = dsrl.agent.bounded_base{env = env, policy = policy, action_magnitude = 1}, episodes = 5}",
  "dsrl.agent.dsrl_na": "agent = dsrl.agent.dsrl_na{env = env, policy = policy, action_magnitude = 1}",
  "dsrl.plot.line": "dsrl.plot.line(dsrl.linspace(0, 6, 100), dsrl.linspace(0, 6, 100):sin(), {title = \"sine\"})",
  "dsrl.plot.scatter": "dsrl.plot.scatter(dsrl.randn(200), dsrl.randn(200))",
  "dsrl.plot.hist": "dsrl.plot.hist(dsrl.randn(1000), {bins = 30})",
  "dsrl.plot.image": "dsrl.plot.image(dsrl.randn(8, 16), {x = {0, 1}, y = {-1, 1}})",
  "dsrl.stats.bootstrap": "dsrl.stats.bootstrap({1.5, 2, 2.5, 4}, {confidence = 0.9})",
  "Tensor:matmul": "t:matmul(t) + 1",
  "Tensor:sum": "t:sum(1)",
  "Tensor:backward": "x = dsrl.ones(3):requires_grad(); (x * x):sum():backward(); x.grad",
  "Environment:reset": "obs, info = env:reset{seed = 1}",
  "Environment:step": "obs, reward, terminated, truncated, info = env:step(dsrl.zeros(2, 2, 2))",
  "Environment:state": "state = env:state(); env:set_state(state)",
  "Policy:fit": "policy:fit(data, {epochs = 2, batch_size = 128})",
  "Policy:decode": "policy:decode(obs, dsrl.randn(2, policy.latent_size))",
  "Agent:learn": "agent:learn{steps = 100, eval_every = 50, eval_episodes = 2}",
  "Agent:act": "agent:act(obs, {deterministic = true})",
]
