-- Steering which way to take. Two routes lead through a maze and demonstrators take either, but only the upper one pays: a reward written in Lua around the task's
-- own. A diffusion policy trained on them takes both; DSRL-NA finds the initial noises that go up, the policy itself untouched.
--
--   dsrl-lua run examples/point_maze.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 200,  -- episodes of behaviour data
  epochs = 40,           -- of denoiser training
  steps = 12000,         -- environment steps of steering
  episodes = 200,        -- of each evaluation
}
local seed = dsrl.run.seed

-- The third number of an observation tells whether the upper checkpoint has been passed, the reward 1 is for the goal.
local env = dsrl.env.wrap("PointMaze-v0", {
  num_envs = 4, chunk = 4, seed = seed, max_episode_steps = 120,
  reward = function(_, _, next_obs, reward) return reward * next_obs[3] end,
})
local data = dsrl.data.demonstrations{env = "PointMaze-v0", episodes = opt.demonstrations, seed = seed}
print(data)
local policy = dsrl.policy.diffusion{
  env = env, horizon = 4, seed = seed, network = {hidden = {128, 128, 128}, activation = "relu", time_size = 16}, process = {kind = "ddpm", steps = 20, schedule = "cosine"},
  sampler = dsrl.sampler.ddim{steps = 5},
}
policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
local base = dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, seed = seed + 100}

local agent = dsrl.agent.dsrl_na{
  env = env, policy = policy, seed = seed, hidden = {128, 128}, action_magnitude = 1.5, gamma = 0.99, learning_rate = 1e-3,
  init_rollout_steps = 100, train_freq = 1, gradient_steps = 10, noise_critic_grad_steps = 5, batch_size = 128, entropy_in_backup = false, actor_init = "gaussian",
}
agent:learn{steps = opt.steps, eval_every = math.max(opt.steps // 6, 1), eval_episodes = 20}
local steered = dsrl.evaluate{agent = agent, episodes = opt.episodes, seed = seed + 100}

-- A return is 1 where the goal was reached by the upper route, else 0.
local function share(name, evaluation)
  local paid = math.tointeger(dsrl.tensor(evaluation.returns):sum():item())
  local interval = dsrl.stats.wilson(paid, opt.episodes)
  print(("%-8s goal by the upper route in %5.1f %% of %d episodes (%.1f to %.1f), by either in %.1f %%"):format(
    name, 100 * paid / opt.episodes, opt.episodes, 100 * interval[1], 100 * interval[2], 100 * evaluation.success_rate))
end
share("base", base)
share("steered", steered)

-- Forty ways through it before and after, and the walls' corners.
local function ways(act)
  local one, list = dsrl.env.make("PointMaze-v0", {seed = seed + 7, max_episode_steps = 120}), {}
  for episode = 1, math.min(40, opt.episodes) do
    local obs, over = one:reset(), false
    local x, y = {obs[1]}, {obs[2]}
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
  title = "PointMaze: ways of the base policy and steered ones", xlabel = "x", ylabel = "y", xlim = {0, 7}, ylim = {0, 7},
  series = {
    {label = "base", trajectories = ways(function(obs) return policy:act(obs) end)},
    {label = "steered", trajectories = ways(function(obs) return agent:act(obs) end)},
  },
}:write(dsrl.run.path("ways.svg"))
