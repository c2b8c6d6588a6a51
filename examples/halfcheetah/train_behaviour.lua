-- Cheetahs of three skills, for behaviour data: SAC, whose actor is kept where its stochastic returns pass each of the three. The middle one is
-- like the cheetah behind D4RL's medium data; data of all three together are a mixture. Its actors are
-- behaviour.safetensors (the middle one), behaviour_low.safetensors and behaviour_high.safetensors.
--
--   dsrl-lua run examples/halfcheetah/train_behaviour.lua --seed 1
local dsrl = require "dsrl"
local skills = require "skills"

local opt = dsrl.options{
  low = {1500, 2800}, medium = {3900, 4600}, high = {5800, 15000},  -- the returns wanted
  steps = 600000,           -- environment steps at the most
  check_every = 5000,       -- environment steps between looks
  episodes = 10,            -- of each look
  actor = "",               -- what the actors' files begin with; empty: behaviour_ in the run's folder
}
local seed = dsrl.run.seed

local env = dsrl.env.make("HalfCheetah-v5", {num_envs = 1, seed = seed})
local agent = dsrl.agent.sac{
  env = env, seed = seed, hidden = {128, 128}, learning_rate = 1e-3, batch_size = 128, learning_starts = 5000,
}
local found, missing = skills{
  agent = agent, steps = opt.steps, check_every = opt.check_every, episodes = opt.episodes, seed = seed + 1000,
  levels = {
    {name = "low", low = opt.low[1], high = opt.low[2]}, {name = "medium", low = opt.medium[1], high = opt.medium[2]},
    {name = "high", low = opt.high[1], high = opt.high[2]},
  },
  path = opt.actor ~= "" and opt.actor or dsrl.run.path("behaviour_"),
}
if #missing > 0 then print("not reached within " .. opt.steps .. " steps: " .. table.concat(missing, ", ")) end
if not found.medium then error("no cheetah of the middle skill; try another seed") end
