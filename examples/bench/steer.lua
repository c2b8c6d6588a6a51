-- One method on one task with one seed: the cell of the suites beside this file.
--
--   dsrl-lua run examples/bench/steer.lua --seed 1 --set method=dsrl_sac --set env=Pendulum-v1
--
-- The base policy is the same in every cell of a task: it follows from `base_seed`, not from the cell's seed.
local dsrl = require "dsrl"

local opt = dsrl.options{
  env = "PointFork-v0",  -- or Pendulum-v1, Hopper-v5, Walker2d-v5, HalfCheetah-v5
  method = "dsrl_na",    -- base, bounded_base, golden_ticket, best_of_n, dsrl_sac, dsrl_na, residual, sac
  steps = 3000,          -- environment steps of learning
  evaluations = 6,       -- on the way
  eval_episodes = 50,    -- of each evaluation
  base_seed = 0,         -- of the base policy and its data
  epochs = 40,           -- of the base policy's training
  hidden = 128,          -- width of the base policy's networks
  agent_hidden = 0,      -- width of the agents' networks; 0: the same
  chunk = 0,             -- actions decided at once; 0: the task's own
  sampler_steps = 5,     -- of DDIM
}
local seed = dsrl.run.seed

local here = debug.getinfo(1, "S").source:match("^@(.*)[/\\][^/\\]*$") or "."

-- A locomotion task: demonstrated by its medium behaviour policy, steered with the published options.
local function locomotion(name, preset)
  return {
    chunk = 4,
    demonstrate = function()
      local behaviour = dsrl.agent.load_actor(("%s/../%s/behaviour.safetensors"):format(here, preset))
      return dsrl.data.collect{env = name, policy = behaviour, steps = 200000, seed = opt.base_seed}
    end,
    steering = {
      action_magnitude = 1, gamma = 0.99, learning_rate = 3e-4, batch_size = 256, train_freq = 2, gradient_steps = 20, noise_critic_grad_steps = 10,
      init_rollout_steps = 2001, activation = "tanh", layer_norm = true, target_entropy = 0,
    },
  }
end

-- What differs from task to task: where demonstrations come from, how long a chunk is, the options of steering.
local tasks = {
  ["PointFork-v0"] = {
    chunk = 4,
    demonstrate = function() return dsrl.data.demonstrations{env = "PointFork-v0", episodes = 400, seed = opt.base_seed} end,
    steering = {action_magnitude = 1.5, gamma = 0.99, init_rollout_steps = 60, gradient_steps = 20, noise_critic_grad_steps = 10},
  },
  ["Pendulum-v1"] = {
    chunk = 2,
    -- A learner stopped half-way demonstrates, with noise: it swings up, but not always.
    demonstrate = function()
      local env = dsrl.env.make("Pendulum-v1", {num_envs = 1, seed = opt.base_seed})
      local learner = dsrl.agent.sac{env = env, seed = opt.base_seed, learning_rate = 1e-3, hidden = {64, 64}, learning_starts = 500}
      while learner.environment_steps < 2600 do learner:advance() end
      return dsrl.data.collect{env = "Pendulum-v1", policy = learner, steps = 20000, seed = opt.base_seed}
    end,
    steering = {action_magnitude = 1.5, gamma = 0.98, init_rollout_steps = 100, gradient_steps = 20, noise_critic_grad_steps = 10},
  },
}
for name, preset in pairs{["Hopper-v5"] = "hopper", ["Walker2d-v5"] = "walker2d", ["HalfCheetah-v5"] = "halfcheetah"} do tasks[name] = locomotion(name, preset) end
local task = tasks[opt.env] or error(("no task '%s' here"):format(opt.env))
local chunk = opt.chunk > 0 and opt.chunk or task.chunk
local widths = {opt.hidden, opt.hidden, opt.hidden}

local env = dsrl.env.make(opt.env, {num_envs = 4, chunk = chunk, seed = seed})
local policy = dsrl.run.stage("base_policy", function()
  local policy = dsrl.policy.diffusion{
    env = env, horizon = chunk, seed = opt.base_seed,
    network = {kind = "residual_mlp", hidden = widths, activation = "relu", time_size = 16},
    process = {kind = "ddpm", steps = 20, schedule = "cosine"},
    sampler = dsrl.sampler.ddim{steps = opt.sampler_steps},
  }
  policy:fit(task.demonstrate(), {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = opt.base_seed})
  return policy
end)

-- Options of every method that learns by a critic, and of those that act through the policy.
local agent_width = opt.agent_hidden > 0 and opt.agent_hidden or opt.hidden
local learning = {env = env, seed = seed, hidden = {agent_width, agent_width, agent_width}, learning_rate = 1e-3, batch_size = 128, train_freq = 1}
local function with(...)
  local all = {}
  for _, layer in ipairs{learning, ...} do
    for key, value in pairs(layer) do all[key] = value end
  end
  return all
end
local function except(options, names)
  for _, name in ipairs(names) do options[name] = nil end
  return options
end
local makers = {
  bounded_base = function() return dsrl.agent.bounded_base{env = env, policy = policy, seed = seed, action_magnitude = task.steering.action_magnitude} end,
  golden_ticket = function() return dsrl.agent.golden_ticket{env = env, policy = policy, seed = seed, candidates = 10, episodes_per_candidate = 5} end,
  best_of_n = function() return dsrl.agent.best_of_n(with{policy = policy, gamma = task.steering.gamma, gradient_steps = 20, init_rollout_steps = 60}) end,
  dsrl_na = function() return dsrl.agent.dsrl_na(with(task.steering, {policy = policy})) end,
  dsrl_sac = function() return dsrl.agent.dsrl_sac(except(with(task.steering, {policy = policy}), {"noise_critic_grad_steps"})) end,
  residual = function() return dsrl.agent.residual(with{policy = policy, gamma = task.steering.gamma, gradient_steps = 20, init_rollout_steps = 60}) end,
  sac = function() return dsrl.agent.sac(with{gamma = task.steering.gamma, gradient_steps = 20, learning_starts = 240}) end,
}

local function log(step, evaluation)
  dsrl.run.log(step, {["eval/mean_reward"] = evaluation.mean_reward, ["eval/std_reward"] = evaluation.std_reward, ["eval/success_rate"] = evaluation.success_rate})
end

if opt.method == "base" then
  -- It learns nothing, so its curve is a level line.
  local result = dsrl.evaluate{policy = policy, env = env, episodes = opt.eval_episodes, seed = seed + 1000000}
  for step = 0, opt.steps, math.max(1, opt.steps // opt.evaluations) do log(step, result) end
  print(result)
else
  local make = makers[opt.method] or error(("no method '%s' here"):format(opt.method))
  local agent = make()
  agent:learn{steps = opt.steps, eval_every = math.max(1, opt.steps // opt.evaluations), eval_episodes = opt.eval_episodes, save_every = math.max(1, opt.steps // 4)}
  print(dsrl.evaluate{agent = agent, episodes = opt.eval_episodes, seed = seed + 1000000})
end
