-- Policies and agents at the sizes that scripts/bench measures, their replay filled from Noise-v0.
local agents = {}

-- The sizes of the published Hopper and Can experiments; the policies are the same but for activation and sampler.
local tasks = {
  hopper = {observation_size = 11, action_size = 3, hidden = {128, 128, 128}, activation = "relu", sampler_steps = 5},
  can = {observation_size = 23, action_size = 7, hidden = {2048, 2048, 2048}, activation = "mish", sampler_steps = 8},
}
local chunk, num_envs = 4, 64

local function environment(task, chunk, termination)
  return dsrl.env.make("Noise-v0", {
    num_envs = num_envs, chunk = chunk, seed = 1, observation_size = task.observation_size, action_size = task.action_size,
    termination = termination,
  })
end

-- Uniform actions at random observations, at least `steps` of them.
function agents.behaviour(name, steps)
  local task = tasks[name]
  return dsrl.data.collect{
    env = environment(task, chunk, 0), num_envs = 1, steps = steps,
    policy = function(observations) return dsrl.uniform({#observations, chunk, task.action_size}, -1, 1) end,
  }
end

-- A policy with the weights it was initialised with.
function agents.untrained(name)
  local task = tasks[name]
  return dsrl.policy.diffusion{
    observation_size = task.observation_size, action_size = task.action_size, horizon = chunk,
    network = {kind = "residual_mlp", hidden = {512, 512, 512}, activation = task.activation, time_size = 16},
    process = {kind = "ddpm", steps = 20, schedule = "cosine"},
    sampler = dsrl.sampler.ddim{steps = task.sampler_steps, spacing = "leading"},
  }
end

-- The same weights at every call: one step of training, for the sake of the normalisation.
function agents.policy(name, precision)
  local policy = agents.untrained(name)
  policy:fit(agents.behaviour(name, 300), {epochs = 1})
  policy:set_precision(precision)
  return policy
end

-- Networks that see a chunk as a row of actions: DPPO's small U-Net, Diffusion Policy's U-Net and its transformer.
agents.chunked = {
  ["unet-small"] = {
    observation_size = 11, action_size = 3, observation_steps = 1, horizon = 4,
    network = {kind = "unet1d", down_dims = {64, 128, 256}, diffusion_step_embed_dim = 16},
  },
  unet = {observation_size = 23, action_size = 7, observation_steps = 2, horizon = 16, network = {kind = "unet1d"}},
  transformer = {observation_size = 23, action_size = 7, observation_steps = 2, horizon = 16, network = {kind = "transformer", p_drop_attn = 0}},
}
agents.chunked_names = {"unet-small", "unet", "transformer"}

local function ranges(size, value)
  local list = {}
  for i = 1, size do list[i] = value end
  return list
end

-- One of them with the weights it was initialised with, and normalised observations and actions.
function agents.chunk_policy(name)
  local task = agents.chunked[name]
  return dsrl.policy.diffusion{
    observation_size = task.observation_size, action_size = task.action_size, observation_steps = task.observation_steps, horizon = task.horizon,
    action_steps = task.horizon, action_offset = 0, network = task.network, process = {kind = "ddpm", steps = 100, schedule = "cosine"},
    sampler = dsrl.sampler.ddim{steps = 5, spacing = "leading"},
    normalization = {
      observation_min = ranges(task.observation_size, -1), observation_max = ranges(task.observation_size, 1),
      action_min = ranges(task.action_size, -1), action_max = ranges(task.action_size, 1),
    },
  }
end

-- Uniform actions at random observations for one of them, at least `steps` of them.
function agents.chunk_behaviour(name, steps)
  local task = agents.chunked[name]
  return dsrl.data.collect{
    env = environment(task, task.horizon, 0), num_envs = 1, steps = steps,
    policy = function(observations) return dsrl.uniform({#observations, task.horizon, task.action_size}, -1, 1) end,
  }
end

-- A DSRL-NA agent that remembers `remembered` transitions and has done one training call.
function agents.steering(name, precision, steps, remembered)
  local task = tasks[name]
  local agent = dsrl.agent.dsrl_na{
    env = environment(task, chunk), policy = agents.policy(name, precision), hidden = task.hidden, activation = "tanh", layer_norm = true,
    batch_size = 256, buffer_size = remembered, train_freq = 1, init_rollout_steps = math.ceil(remembered / num_envs),
    gradient_steps = steps.gradient_steps, noise_critic_grad_steps = steps.noise_critic_grad_steps,
    network_precision = steps.network_precision,
  }
  while agent.gradient_steps == 0 do agent:advance() end
  return agent
end

-- One of the agents whose update W9 measures, at Hopper sizes, remembering `remembered` transitions, after one training call.
function agents.updating(kind, precision, remembered, steps)
  local options = {
    env = environment(tasks.hopper, chunk), policy = agents.policy("hopper", precision), hidden = tasks.hopper.hidden, activation = "tanh", layer_norm = true,
    batch_size = 256, buffer_size = remembered, train_freq = 1, init_rollout_steps = math.ceil(remembered / num_envs),
  }
  for name, value in pairs(steps) do options[name] = value end
  local agent = dsrl.agent[kind](options)
  while agent.gradient_steps == 0 do agent:advance() end
  return agent
end

-- A SAC agent that remembers `remembered` transitions and has done one step.
function agents.sac(remembered)
  local agent = dsrl.agent.sac{
    env = environment(tasks.hopper, 1), hidden = {256, 256}, activation = "relu", batch_size = 256, buffer_size = remembered,
    train_freq = 1, gradient_steps = 1, learning_starts = remembered - 1,
  }
  while agent.gradient_steps == 0 do agent:advance() end
  return agent
end

return agents
