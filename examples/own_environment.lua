-- A task of your own in Lua, and steering in it. A cart is pushed to a mark on its left or on its right; demonstrators go to either, but only the
-- right one pays. A diffusion policy trained on them does both; DSRL-NA finds the initial noises that go right.
--
--   dsrl-lua run examples/own_environment.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 300,  -- episodes of behaviour data
  epochs = 40,           -- of denoiser training
  steps = 4000,          -- environment steps of steering
  episodes = 200,        -- of each evaluation
}
local seed = dsrl.run.seed

-- 1. The task. Its state stands in self, its random numbers come from rng: so seeds, vectors, checkpoints and evaluations hold for it.
local marks = dsrl.env.define{
  id = "TwoMarks-v0", observation_space = {low = -3, high = 3, shape = 2}, action_space = {low = -1, high = 1}, max_episode_steps = 40,
  reset = function(self, rng)
    self.x, self.v = rng:normal(0, 0.05), 0
    return {self.x, self.v}
  end,
  step = function(self, action)
    self.v = 0.8 * self.v + 0.2 * action[1]
    self.x = math.max(-3, math.min(3, self.x + 0.2 * self.v))
    return {self.x, self.v}, -math.abs(self.x - 1), false, false, {success = math.abs(self.x - 1) < 0.2}
  end,
}
local faults = dsrl.env.check(marks)
assert(#faults == 0, table.concat(faults, "\n"))

-- 2. Demonstrators, who choose a side while the cart stands between the marks.
local env = dsrl.env.make(marks, {num_envs = 4, chunk = 4, seed = seed})
local data = dsrl.data.collect{
  env = env, episodes = opt.demonstrations, seed = seed,
  policy = function(obs)
    local x, v = obs:select(2, 1), obs:select(2, 2)
    local side = (x + 0.02 * dsrl.randn(#x)):gt(0) * 2 - 1
    local push = (3 * (side - x) - 2 * v + 0.1 * dsrl.randn(#x)):clamp(-1, 1)
    return dsrl.stack({push, push, push, push}, 2):reshape(#x, 4, 1)
  end,
}
print(data)

-- 3. The base policy imitates both.
local policy = dsrl.policy.diffusion{
  env = env, horizon = 4, seed = seed, network = {hidden = {64, 64, 64}, activation = "relu", time_size = 16}, process = {kind = "ddpm", steps = 20, schedule = "cosine"},
  sampler = dsrl.sampler.ddim{steps = 5},
}
policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
print("base policy:    ", dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, seed = seed + 100})

-- 4. Steering.
local agent = dsrl.agent.dsrl_na{
  env = env, policy = policy, seed = seed, hidden = {64, 64}, action_magnitude = 1.5, gamma = 0.98, learning_rate = 1e-3,
  init_rollout_steps = 50, gradient_steps = 20, noise_critic_grad_steps = 10, batch_size = 128,
}
local history = agent:learn{steps = opt.steps, eval_every = math.max(opt.steps // 8, 1), eval_episodes = 20}
print("steered policy: ", dsrl.evaluate{agent = agent, episodes = opt.episodes, seed = seed + 100})

local steps, returns = {}, {}
for i, point in ipairs(history) do steps[i], returns[i] = point.step, point.mean_reward end
dsrl.plot.line(steps, returns, {title = "TwoMarks: return while steering", xlabel = "environment steps", ylabel = "mean return"}):write(dsrl.run.path("curve.svg"))
