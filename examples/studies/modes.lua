-- What a diffusion policy captures that a Gaussian MLP and a discretised policy do not, on a task with two modes: demonstrators pass the obstacle of
-- PointFork on either side. Four policies are trained on the same chunks of twelve actions, long enough to need one mind, and run chunk after chunk;
-- success is crossing either gate.
--
--   dsrl-lua run examples/studies/modes.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 600, -- episodes
  chunk = 12,           -- actions carried out before the next look
  epochs = 150,         -- over the data, for all four alike
  hidden = 256,         -- of each network
  bins = 21,            -- of each action component, in the discretised policies
  episodes = 400,       -- of each evaluation
  paths = 40,           -- drawn
}
local seed, chunk, batch_size = dsrl.run.seed, opt.chunk, 256
local size = 2 * chunk
local data = dsrl.data.demonstrations{env = "PointFork-v0", episodes = opt.demonstrations, seed = seed}

-- The chunks: from each step with enough after it in its episode, [n, 2] observations and [n, 2 * chunk] actions.
local rows, later = {}, {}
for _, episode in ipairs(data.episodes) do
  for row = episode.first, episode.last - chunk + 1 do
    rows[#rows + 1] = row
    for step = 0, chunk - 1 do later[#later + 1] = row + step end
  end
end
local observations = data.observations:index_select(1, rows)
local actions = data.actions:index_select(1, later):reshape{-1, size}

-- Minimises loss(observations, actions), a mean over a batch.
local function train(module, loss)
  local steps = opt.epochs * (#rows // batch_size)
  local adam = dsrl.optim.adam(module, {schedule = dsrl.optim.cosine{learning_rate = 1e-3, steps = steps}})
  for _ = 1, steps do
    local batch = {}
    for i = 1, batch_size do batch[i] = math.random(#rows) end
    adam:zero_grad()
    loss(observations:index_select(1, batch), actions:index_select(1, batch)):backward()
    adam:step()
  end
end
local function mlp(inputs, outputs, hidden)
  hidden = hidden or opt.hidden
  return dsrl.nn.mlp{inputs = inputs, outputs = outputs, hidden = {hidden, hidden}, activation = "relu"}
end

-- 1. A diagonal Gaussian over the chunk.
local gaussian = mlp(2, 2 * size)
local function moments(obs)
  local out = gaussian(obs)
  return out:narrow(2, 1, size), out:narrow(2, size + 1, size):clamp(-5, 2)
end
train(gaussian, function(obs, act)
  local mean, log_std = moments(obs)
  return (((act - mean) / log_std:exp()) ^ 2 * 0.5 + log_std):mean()
end)
local function act_gaussian(obs)
  return dsrl.no_grad(function()
    local mean, log_std = moments(obs)
    return (mean + log_std:exp() * dsrl.randn(#obs, size)):reshape{-1, chunk, 2}
  end)
end

-- 2. and 3. Categories: every component in bins of its own, all drawn independently, or each given those before it, by a small network for each.
local function bin_of(act) return ((act:clamp(-1, 1) + 1) * (0.5 * opt.bins) + 0.5):clamp(1, opt.bins):floor() end
local function draw(logits)
  local gumbel = -(-dsrl.uniform(logits.shape, 1e-7, 1):log()):log()
  local bin = (logits + gumbel):argmax(-1)
  return (bin - 0.5 + dsrl.uniform(bin.shape, -0.5, 0.5)) * (2 / opt.bins) - 1
end
local independent = mlp(2, size * opt.bins)
train(independent, function(obs, act)
  local logits = independent(obs):reshape{-1, size, opt.bins}
  return -logits:log_softmax(3):gather(3, bin_of(act):reshape{-1, size, 1}):mean()
end)
local function act_independent(obs)
  return dsrl.no_grad(function() return draw(independent(obs):reshape{-1, size, opt.bins}):reshape{-1, chunk, 2} end)
end

local heads = {}
for k = 1, size do heads[k] = mlp(2 + k - 1, opt.bins, opt.hidden // 4) end
local autoregressive = dsrl.nn.module{heads = heads}
local function logits_of(k, obs, act)
  return heads[k](k == 1 and obs or dsrl.cat({obs, act:narrow(2, 1, k - 1)}, 2))
end
train(autoregressive, function(obs, act)
  local bins, sum = bin_of(act), 0
  for k = 1, size do sum = sum - logits_of(k, obs, act):log_softmax(2):gather(2, bins:narrow(2, k, 1)):mean() end
  return sum / size
end)
local function act_autoregressive(obs)
  return dsrl.no_grad(function()
    local act
    for k = 1, size do
      local component = draw(logits_of(k, obs, act)):reshape{-1, 1}
      act = act and dsrl.cat({act, component}, 2) or component
    end
    return act:reshape{-1, chunk, 2}
  end)
end

-- 4. Diffusion.
local env = dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = chunk, seed = seed})
local diffusion = dsrl.policy.diffusion{
  env = env, seed = seed, network = {hidden = {opt.hidden, opt.hidden, opt.hidden}, activation = "relu"}, process = {steps = 20}, sampler = dsrl.sampler.ddim{steps = 10},
}
diffusion:fit(data, {epochs = opt.epochs, batch_size = batch_size, learning_rate = 1e-3, seed = seed})

local policies = {
  {"Gaussian", act_gaussian, gaussian:num_parameters()}, {"bins, independent", act_independent, independent:num_parameters()},
  {"bins, autoregressive", act_autoregressive, autoregressive:num_parameters()},
  {"diffusion", function(obs) return diffusion:act(obs) end, diffusion.parameters},
}

-- One episode: where it crossed the line (1 left, -1 right, 0 nowhere), and its path.
local function run(one, act)
  local obs, over, info = one:reset(), false, nil
  local x, y = {obs[1]}, {obs[2]}
  while not over do
    local steps = act(obs:reshape{1, 2})[1]
    for step = 1, chunk do
      local _, terminated, truncated
      obs, _, terminated, truncated, info = one:step(steps[step])
      x[#x + 1], y[#y + 1] = obs[1], obs[2]
      over = terminated or truncated
      if over then break end
    end
  end
  return info.side, {x = x, y = y}
end

print(("%-22s %11s %8s %8s %24s"):format("", "parameters", "left", "right", "fails (95 % interval)"))
for _, policy in ipairs(policies) do
  local one = dsrl.env.make("PointFork-v0", {seed = seed + 7})
  local passed, list = {[-1] = 0, [0] = 0, [1] = 0}, {}
  for episode = 1, opt.episodes do
    local side, path = run(one, policy[2])
    passed[side] = passed[side] + 1
    if episode <= opt.paths then list[episode] = path end
  end
  local interval = dsrl.stats.wilson(passed[0], opt.episodes)
  local function percent(n) return 100 * n / opt.episodes end
  print(("%-22s %11d %7.1f%% %7.1f%% %9.1f%% (%4.1f to %4.1f)"):format(
    policy[1], policy[3], percent(passed[1]), percent(passed[-1]), percent(passed[0]), 100 * interval[1], 100 * interval[2]))
  dsrl.plot.figure{
    title = policy[1], xlabel = "x", ylabel = "y", xlim = {-0.5, 2.2}, ylim = {-1.3, 1.3}, series = {{trajectories = list}},
  }:write(dsrl.run.path(policy[1]:gsub("%W+", "-") .. ".svg"))
end
