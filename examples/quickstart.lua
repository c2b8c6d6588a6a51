-- Steering in a minute. A point must pass an obstacle; demonstrators pass left and right alike, but only the left side pays.
-- A diffusion policy trained on them does both; DSRL-NA finds the initial noises that go left, the policy itself untouched.
--
--   dsrl-lua run examples/quickstart.lua --seed 3 --set steps=3000
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 600,  -- episodes of behaviour data
  epochs = 60,           -- of denoiser training
  steps = 3000,          -- environment steps of steering
  episodes = 400,        -- of each evaluation
  precision = "float32", -- of the frozen policy; "bfloat16" is the other
  network_precision = "float32",  -- of the products by which the agent's networks learn
}
local seed = dsrl.run.seed

-- 1. Behaviour data: half of the demonstrators turn left, half right.
local data = dsrl.data.demonstrations{env = "PointFork-v0", episodes = opt.demonstrations, seed = seed}
print(data)

-- 2. The base policy imitates both.
local env = dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = seed})
local policy = dsrl.policy.diffusion{
  env = env, horizon = 4, seed = seed,
  network = {kind = "residual_mlp", hidden = {128, 128, 128}, activation = "relu", time_size = 16},
  process = {kind = "ddpm", steps = 20, schedule = "cosine"},
  sampler = dsrl.sampler.ddim{steps = 10},
}
policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
local base = dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, seed = seed + 100}
print("base policy:    ", base)

-- 3. Steering: learn which noise to start from.
policy:set_precision(opt.precision)
local agent = dsrl.agent.dsrl_na{
  env = env, policy = policy, seed = seed,
  hidden = {128, 128, 128}, action_magnitude = 1.5, gamma = 0.99, learning_rate = 1e-3,
  init_rollout_steps = 60, train_freq = 1, gradient_steps = 20, noise_critic_grad_steps = 10, batch_size = 128,
  network_precision = opt.network_precision,
}
agent:learn{steps = opt.steps, eval_every = 500, eval_episodes = 50}
local steered = dsrl.evaluate{agent = agent, episodes = opt.episodes, seed = seed + 100}
print("steered policy: ", steered)

-- 4. What changed. First the noise: its mean forward and sideward part, by the side to which the frozen policy turns it.
local starts = dsrl.env.make("PointFork-v0", {num_envs = 400, chunk = 4, seed = seed + 7}):reset()
local function clouds(noise)
  local chunks, parts = policy:decode(starts, noise), noise:reshape{-1, 4, 2}:mean(2)
  local sideward = chunks:mean(2):select(2, 2)
  local left, right = {x = {}, y = {}}, {x = {}, y = {}}
  for i = 1, #sideward do
    local side = sideward[i] > 0 and left or right
    side.x[#side.x + 1], side.y[#side.y + 1] = parts[{i, 1}], parts[{i, 2}]
  end
  return left, right
end
local free_left, free_right = clouds(dsrl.randn{400, policy.latent_size})
local chosen_left, chosen_right = clouds(agent:noise(starts))
local function cloud(label, points) return {label = label, x = points.x, y = points.y, style = "points"} end
local series = {cloud("N(0, I), turns left", free_left), cloud("N(0, I), turns right", free_right), cloud("chosen, turns left", chosen_left)}
if #chosen_right.x > 0 then series[4] = cloud("chosen, turns right", chosen_right) end
dsrl.plot.figure{
  title = "PointFork: the noise, before and after steering", xlabel = "mean forward noise", ylabel = "mean sideward noise", series = series,
}:write(dsrl.run.path("noise.svg"))

-- Then the paths that the point takes.
local function paths(act, count)
  local one = dsrl.env.make("PointFork-v0", {seed = seed + 7})
  local list = {}
  for episode = 1, count do
    local obs = one:reset()
    local x, y = {obs[1]}, {obs[2]}
    local over = false
    while not over do
      local chunk = act(obs)
      for step = 1, #chunk do
        local _, terminated, truncated
        obs, _, terminated, truncated = one:step(chunk[step])
        x[#x + 1], y[#y + 1] = obs[1], obs[2]
        over = terminated or truncated
        if over then break end
      end
    end
    list[episode] = {x = x, y = y}
  end
  return list
end
dsrl.plot.figure{
  title = "PointFork: 40 paths of the base policy, 40 steered", xlabel = "x", ylabel = "y",
  series = {
    {label = "base", trajectories = paths(function(obs) return policy:act(obs) end, 40)},
    {label = "steered", trajectories = paths(function(obs) return agent:act(obs) end, 40)},
  },
}:write(dsrl.run.path("paths.svg"))
print(("success %.1f %% -> %.1f %% after %d environment steps; noise.svg and paths.svg in %s"):format(
  100 * base.success_rate, 100 * steered.success_rate, agent.environment_steps, dsrl.run.folder or "this folder"))
