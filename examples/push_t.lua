-- Steering a pusher. A disc pushes a T-shaped block onto its outline, on a rigid-body engine. A small network, trained for a minute on demonstrators of many styles,
-- mostly loses the block; DSRL-NA steers its noise by the dense reward, how much of the outline is covered, the policy itself untouched. That covers
-- several times as much of the outline, but it does not finish the task.
--
--   dsrl-lua run examples/push_t.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 200,  -- episodes of behaviour data
  epochs = 40,           -- of denoiser training
  hidden = 256,          -- width of the denoiser
  chunk = 8,             -- actions executed for one observation
  steps = 40000,         -- environment steps of steering
  init_rollout_steps = 100,  -- steps of all environments before the first update
  episodes = 100,        -- of each evaluation
}
local seed, id = dsrl.run.seed, "PushT-v0"

local data = dsrl.data.demonstrations{env = id, episodes = opt.demonstrations, seed = seed}
print(data)
local env = dsrl.env.make(id, {num_envs = 4, chunk = opt.chunk, seed = seed, max_episode_steps = 200})
local policy = dsrl.policy.diffusion{
  env = env, horizon = opt.chunk, seed = seed,
  network = {hidden = {opt.hidden, opt.hidden, opt.hidden}, activation = "relu", time_size = 16},
  process = {kind = "ddpm", steps = 20, schedule = "cosine"}, sampler = dsrl.sampler.ddim{steps = 5},
}
policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
local base = dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, seed = seed + 100}

-- The noise of one action, repeated along the chunk, moves it as a whole: two numbers to choose instead of sixteen.
local agent = dsrl.agent.dsrl_na{
  env = env, policy = policy, seed = seed, hidden = {128, 128}, action_magnitude = 1.5, gamma = 0.98, learning_rate = 5e-4, noise_tying = "repeated",
  init_rollout_steps = opt.init_rollout_steps, train_freq = 1, gradient_steps = 10, noise_critic_grad_steps = 5, batch_size = 128, entropy_in_backup = false, actor_init = "gaussian",
}
agent:learn{steps = opt.steps, eval_every = math.max(opt.steps // 5, 1), eval_episodes = 20}
local steered = dsrl.evaluate{agent = agent, episodes = opt.episodes, seed = seed + 100}

local function report(name, evaluation)
  local covered = {}
  for i, sum in ipairs(evaluation.returns) do covered[i] = 95 * (1 + sum / evaluation.lengths[i]) end
  local interval = dsrl.stats.bootstrap(covered)
  print(("%-8s covers %4.1f %% of the outline (%.1f to %.1f), mean of %d episodes; return %.1f, success %.1f %%"):format(
    name, dsrl.stats.mean(covered), interval[1], interval[2], opt.episodes, evaluation.mean_reward, 100 * evaluation.success_rate))
end
report("base", base)
report("steered", steered)
