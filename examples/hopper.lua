-- Hopper-v5, the whole way: behaviour data, a diffusion policy imitating it, DSRL-NA steering its initial noise with the published options,
-- and our curve over the published ones (arXiv 2506.15799, figure 4).
--
--   dsrl-lua run examples/hopper.lua --seed 1                      about an hour on one processor
--   dsrl-lua run examples/hopper.lua --set steps=100000 --set data=mine.npz --set policy=runs/.../policy
local dsrl = require "dsrl"

local opt = dsrl.options{
  steps = 300000,        -- environment steps of steering
  eval_every = 25000,    -- environment steps between evaluations
  eval_episodes = 50,    -- of each evaluation
  data = "",             -- an npz file of behaviour data; empty: collected from the actor
  data_steps = 200000,   -- environment steps to collect
  actor = "",            -- who collects; empty: examples/hopper/behaviour.safetensors
  policy = "",           -- a saved policy to steer; empty: one is trained
  hidden = 256,          -- width of the policy's network; 512 is the published one, and four times slower
  epochs = 40,
  action_magnitude = 1,  -- bound of the steered noise
  init_rollout_steps = 2001,  -- vector steps before the first gradient step
  precision = "float32",  -- of the frozen policy; "bfloat16" is the other
  network_precision = "float32",  -- of the products by which the agent's networks learn
  episodes = 100,        -- of the evaluations before and after
}
local seed = dsrl.run.seed
local here = debug.getinfo(1, "S").source:match("^@(.*)[/\\][^/\\]*$") or "."

-- 1. The base policy.
local env = dsrl.env.make("Hopper-v5", {num_envs = 4, chunk = 4, seed = seed})
local function train()
  local data
  if opt.data ~= "" then
    data = dsrl.data.load(opt.data)
  else
    local behaviour = dsrl.agent.load_actor(opt.actor ~= "" and opt.actor or here .. "/hopper/behaviour.safetensors")
    data = dsrl.data.collect{env = "Hopper-v5", policy = behaviour, steps = opt.data_steps, seed = seed}
    data:save(dsrl.run.path("behaviour.npz"))
  end
  print(data)
  local policy = dsrl.policy.diffusion{
    env = env, horizon = 4, seed = seed,
    network = {kind = "residual_mlp", hidden = {opt.hidden, opt.hidden, opt.hidden}, activation = "relu", time_size = 16},
    process = {kind = "ddpm", steps = 20, schedule = "cosine"},
    sampler = dsrl.sampler.ddim{steps = 5, spacing = "leading"},
  }
  policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
  policy:save(dsrl.run.path("policy"))
  return policy
end
-- A stage: a run that was stopped and goes on does not train it again.
local policy = opt.policy ~= "" and dsrl.policy.load(opt.policy) or dsrl.run.stage("base_policy", train)
policy:set_precision(opt.precision)
local base = dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, num_envs = 25, seed = seed + 100}
print("base policy:    ", base)

-- 2. Steering, with the published options of the task.
local agent = dsrl.agent.dsrl_na(dsrl.preset("hopper", {
  env = env, policy = policy, seed = seed, action_magnitude = opt.action_magnitude, init_rollout_steps = opt.init_rollout_steps,
  network_precision = opt.network_precision,
}))
local history = agent:learn{
  steps = opt.steps, eval_every = opt.eval_every, eval_episodes = opt.eval_episodes, num_eval_envs = 25,
  on_eval = function(_, evaluation, step)
    local calm = dsrl.evaluate{agent = agent, episodes = opt.eval_episodes, num_envs = 25, seed = seed + 100, deterministic = true}
    dsrl.run.log(step, {["eval/mean_reward_deterministic"] = calm.mean_reward})
    print(("%7d steps: stochastic %s\n               deterministic %s"):format(step, evaluation, calm))
  end,
}
local steered = dsrl.evaluate{agent = agent, episodes = opt.episodes, num_envs = 25, seed = seed + 100}
print("steered policy: ", steered)

-- 3. Our curve over the published ones.
local published = dsrl.json.read(here .. "/published/dsrl-paper-curves.json").Hopper
local ours = {label = "this run", x = {}, y = {}, low = {}, high = {}}
for i, point in ipairs(history) do
  ours.x[i], ours.y[i], ours.low[i], ours.high[i] = point.step, point.mean_reward, point.interval[1], point.interval[2]
end
local function until_step(curve, last)
  local x, y = {}, {}
  for i, step in ipairs(curve.steps) do
    if step <= last then x[#x + 1], y[#y + 1] = step, curve["return"][i] end
  end
  return x, y
end
local series = {ours}
for _, method in ipairs{"DSRL", "DPPO"} do
  local x, y = until_step(published[method], math.max(opt.steps, 300000))
  series[#series + 1] = {label = method .. ", published", x = x, y = y}
end
dsrl.plot.figure{title = "Hopper-v5", xlabel = "environment steps", ylabel = "mean return", series = series}:write(dsrl.run.path("curve.svg"))
print(("mean return %.0f -> %.0f after %d environment steps; curve.svg in %s"):format(
  base.mean_reward, steered.mean_reward, agent.environment_steps, dsrl.run.folder or "this folder"))
