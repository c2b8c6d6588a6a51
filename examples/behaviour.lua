-- Behaviour policies of known skills for Hopper, Walker2d and HalfCheetah: SAC, whose actor is kept where its stochastic returns pass each level. The medium one
-- is like the policy behind D4RL's medium data, the hopper's falls before the time limit in most episodes too; data of several together are a mixture.
-- Those made so lie in examples/hopper, examples/walker2d and examples/halfcheetah: behaviour.safetensors (medium), behaviour_low and behaviour_high.
--
--   dsrl-lua run examples/behaviour.lua --seed 2 --set task=hopper
--   dsrl-lua run examples/behaviour.lua --seed 1 --set task=walker2d
--   dsrl-lua run examples/behaviour.lua --seed 1 --set task=halfcheetah
local dsrl = require "dsrl"
local skills = require "skills"

local tasks = {
  hopper = {
    id = "Hopper-v5", learning_rate = 1e-3, steps = 200000, check_every = 2500, episodes = 20, last_episodes = 100,
    levels = {medium = {1300, 1700}}, falls = 0.7,
  },
  walker2d = {
    id = "Walker2d-v5", learning_rate = 5e-4, steps = 1000000, check_every = 10000, episodes = 20,
    levels = {low = {800, 1400}, medium = {2200, 2700}, high = {3300, 6000}},
  },
  halfcheetah = {
    id = "HalfCheetah-v5", learning_rate = 1e-3, steps = 600000, check_every = 5000, episodes = 10,
    levels = {low = {1500, 2800}, medium = {3900, 4600}, high = {5800, 15000}},
  },
}
-- Where it says so, 0 and {} stand for the task's own, above.
local opt = dsrl.options{
  task = "walker2d",                  -- or hopper, halfcheetah
  low = {}, medium = {}, high = {},   -- the returns wanted of each level; {}: the task's own
  falls = -1,                         -- the share of episodes that must end before the time limit, at least; -1: the task's own
  steps = 0,                          -- environment steps at the most; 0: the task's own
  check_every = 0,                    -- environment steps between looks; 0: the task's own
  episodes = 0,                       -- of each look; 0: the task's own
  actor = "",                         -- what the actors' files begin with; empty: behaviour_ in the run's folder
}
local task = tasks[opt.task] or error(("no task '%s'; there are hopper, walker2d and halfcheetah"):format(opt.task))
local function own(name) return opt[name] > 0 and opt[name] or task[name] end

local levels = {}
for _, name in ipairs{"low", "medium", "high"} do
  local range = #opt[name] == 2 and opt[name] or task.levels[name]
  if range then levels[#levels + 1] = {name = name, low = range[1], high = range[2], falls = opt.falls >= 0 and opt.falls or task.falls} end
end

local seed = dsrl.run.seed
local env = dsrl.env.make(task.id, {num_envs = 1, seed = seed})
local agent = dsrl.agent.sac{
  env = env, seed = seed, hidden = {128, 128}, learning_rate = task.learning_rate, batch_size = 128, learning_starts = 5000,
}
local found, missing = skills{
  agent = agent, levels = levels, steps = own "steps", check_every = own "check_every", episodes = own "episodes", last_episodes = task.last_episodes,
  seed = seed + 1000, path = opt.actor ~= "" and opt.actor or dsrl.run.path("behaviour_"),
}
if #missing > 0 then print("not reached within " .. own "steps" .. " steps: " .. table.concat(missing, ", ")) end
if not found.medium then error("no policy of the medium skill; try another seed") end
