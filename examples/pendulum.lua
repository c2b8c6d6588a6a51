-- Pendulum-v1 from scratch with soft actor-critic: the smallest check that learning works, in about a minute.
--
--   dsrl-lua run examples/pendulum.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  steps = 10000,         -- environment steps
  eval_every = 2500,
  eval_episodes = 20,
  learning_rate = 1e-3,
}
local seed = dsrl.run.seed

local env = dsrl.env.make("Pendulum-v1", {num_envs = 1, seed = seed})
local agent = dsrl.agent.sac{env = env, seed = seed, learning_rate = opt.learning_rate, hidden = {128, 128}, learning_starts = 500}
local history = agent:learn{steps = opt.steps, eval_every = opt.eval_every, eval_episodes = opt.eval_episodes, deterministic = true}

local x, y = {}, {}
for i, point in ipairs(history) do x[i], y[i] = point.step, point.mean_reward end
dsrl.plot.line(x, y, {title = "Pendulum-v1, SAC", xlabel = "environment steps", ylabel = "mean return"}):write(dsrl.run.path("curve.svg"))
print(dsrl.evaluate{agent = agent, episodes = 100, num_envs = 20, seed = seed + 100, deterministic = true})
