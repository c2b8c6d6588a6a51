-- A medium Hopper policy, like the one behind D4RL's medium data: SAC, stopped when its stochastic returns are between 1300 and 1700 and
-- it falls before the time limit in most episodes. Leaves its actor, from which examples/hopper.lua collects its data.
--
--   dsrl-lua run examples/hopper/train_behaviour.lua --seed 2
local dsrl = require "dsrl"

local opt = dsrl.options{
  low = 1300, high = 1700,  -- the returns wanted
  falls = 0.7,              -- the share of episodes that must end before the time limit, at least
  steps = 200000,           -- environment steps at the most
  check_every = 2500,       -- environment steps between looks
  episodes = 100,           -- of the last look
  actor = "",               -- where the actor goes; empty: the run's folder
}
local seed = dsrl.run.seed

local env = dsrl.env.make("Hopper-v5", {num_envs = 1, seed = seed})
local agent = dsrl.agent.sac{
  env = env, seed = seed, hidden = {128, 128}, learning_rate = 1e-3, batch_size = 128, learning_starts = 5000,
}

-- The mean return over `episodes`, and the share that fell.
local function look(episodes)
  local result = dsrl.evaluate{agent = agent, episodes = episodes, num_envs = 10, seed = seed + 1000}
  local fallen = 0
  for _, length in ipairs(result.lengths) do
    if length < env.max_episode_steps then fallen = fallen + 1 end
  end
  return result, fallen / episodes
end

local found = false
local next_look = opt.check_every
agent:learn{
  steps = opt.steps,
  on_step = function(_, _, step)
    if step < next_look then return end
    next_look = next_look + opt.check_every
    local result = look(math.min(20, opt.episodes))
    if result.mean_reward < opt.low or result.mean_reward > opt.high then return end
    local fallen
    result, fallen = look(opt.episodes)
    if result.mean_reward >= opt.low and result.mean_reward <= opt.high and fallen >= opt.falls then
      print(("after %d environment steps: %s, %.0f %% fall"):format(step, result, 100 * fallen))
      found = true
      return false
    end
  end,
}
if not found then error(("no policy with returns from %g to %g within %d steps; try another seed"):format(opt.low, opt.high, opt.steps)) end

local path = opt.actor ~= "" and opt.actor or dsrl.run.path("actor")
agent:save_actor(path, {deterministic = false})
print("actor saved to " .. path)
