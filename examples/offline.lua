-- Steering from data alone, and from data first. The demonstrations that the base policy imitates also say what paid: DSRL-NA learns from them which
-- noise to start from, without a step in the environment, and then goes on online; beside it the same agent without data.
--
--   dsrl-lua run examples/offline.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 600,     -- episodes of behaviour data; about half of them pay
  epochs = 60,              -- of denoiser training
  gradient_steps = 3000,    -- of the critics, from the data alone
  steps = 1500,             -- environment steps after that
  eval_every = 250,         -- environment steps
  episodes = 400,           -- of the evaluations at the ends
}
local seed = dsrl.run.seed
local data = dsrl.data.demonstrations{env = "PointFork-v0", episodes = opt.demonstrations, seed = seed}
local function place() return dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = seed}) end
local policy = dsrl.run.stage("policy", function()
  local policy = dsrl.policy.diffusion{
    env = place(), horizon = 4, seed = seed, network = {hidden = {128, 128, 128}, activation = "relu", time_size = 16},
    process = {steps = 20}, sampler = dsrl.sampler.ddim{steps = 5},
  }
  policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
  return policy
end)

local function rate(what)
  what.env, what.episodes, what.seed = place(), opt.episodes, seed + 100
  local found = dsrl.evaluate(what)
  return ("%.1f %% (%.1f to %.1f)"):format(100 * found.success_rate, 100 * found.success_interval[1], 100 * found.success_interval[2])
end
print("success of the demonstrations    ", ("%.1f %%"):format(100 * dsrl.stats.mean(data:returns())))
print("base policy                      ", rate{policy = policy})

-- The same agent three times: what it is given of the data is all that differs.
local function make(more)
  local options = {
    env = place(), policy = policy, seed = seed, hidden = {128, 128}, action_magnitude = 1.5, learning_rate = 1e-3, batch_size = 128,
    train_freq = 1, gradient_steps = 20, noise_critic_grad_steps = 10,
  }
  for name, value in pairs(more) do options[name] = value end
  return dsrl.agent.dsrl_na(options)
end
local curves = {}
local function online(label, agent)
  local history = agent:learn{steps = opt.steps, eval_every = opt.eval_every, eval_episodes = 100, num_eval_envs = 20}
  local curve = {label = label, x = {}, y = {}}
  for i, point in ipairs(history) do curve.x[i], curve.y[i] = point.step, point.success_rate end
  curves[#curves + 1] = curve
  print(("%-33s"):format(label), rate{agent = agent})
end

local agent = make{offline_data = data, offline_mix_ratio = 0.5, init_rollout_steps = 0}
agent:learn_offline{gradient_steps = opt.gradient_steps, log_every = 500}
print("from the data alone              ", rate{agent = agent})
online("then online, half of each batch", agent)
online("data in the replay from the start", make{offline_data = data, init_rollout_steps = 30})
online("without data", make{init_rollout_steps = 30})

dsrl.plot.figure{
  title = "PointFork: success while learning online", xlabel = "environment steps", ylabel = "success", ylim = {0, 1}, series = curves,
}:write(dsrl.run.path("curves.svg"))
