-- What scripts/soak kills and resumes: a policy fitted, two agents that learn from it and are saved often, all left in the run's folder.
local dsrl = require "dsrl"

local opt = dsrl.options{
  steps = 3000,       -- environment steps of each agent
  save_every = 60,    -- environment steps between checkpoints
}
local seed = dsrl.run.seed
local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 4, seed = seed})
local data = dsrl.data.demonstrations{episodes = 100, seed = seed}
local policy = dsrl.run.stage("policy", function()
  local policy = dsrl.policy.diffusion{env = env, network = {hidden = {32, 32, 32}}, process = {steps = 10}, seed = seed}
  policy:fit(data, {epochs = 5, seed = seed})
  return policy
end)
policy:save(dsrl.run.path("policy"))

local options = {policy = policy, seed = seed, hidden = {32, 32}, init_rollout_steps = 20, batch_size = 64, gradient_steps = 5}
for _, kind in ipairs{"dsrl_na", "dsrl_sac"} do
  options.env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 4, seed = seed + 1})
  local agent = dsrl.agent[kind](options)
  local history = agent:learn{steps = opt.steps, eval_every = opt.steps // 4, eval_episodes = 10, log_every = 100, save_every = opt.save_every}
  for _, point in ipairs(history) do print(kind, point.step, point.mean_reward) end
  agent:save(dsrl.run.path(kind))
end
print(math.random(), dsrl.randn(1))
