-- A policy under the microscope, before any steering: the way from noise to action step by step, samplers side by side, demonstrations traced
-- back to the noises that they would come from, whether the noise is worth steering, and a policy of which only decoding is known.
--
--   dsrl-lua run examples/microscope.lua --seed 3
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 300,  -- episodes of behaviour data
  epochs = 40,           -- of denoiser training
  inverted = 200,        -- chunks of the demonstrations that are traced back
  samples = 64,          -- noises for each observation of the report
  episodes = 100,        -- of each evaluation
}
local seed = dsrl.run.seed

-- 1. A policy that passes an obstacle on either side, as its demonstrators do.
local data = dsrl.data.demonstrations{env = "PointFork-v0", episodes = opt.demonstrations, seed = seed}
local env = dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = seed})
local policy = dsrl.policy.diffusion{
  env = env, seed = seed, network = {hidden = {128, 128, 128}, activation = "relu"}, process = {kind = "ddpm", steps = 20},
  sampler = dsrl.sampler.ddim{steps = 10},
}
policy:fit(data, {epochs = opt.epochs, seed = seed})
local obs = env:reset{seed = seed}

-- 2. One noise on its way to an action.
local noise = dsrl.randn{4, policy.latent_size}
print(policy:trace(obs[1], noise[1], {plot = dsrl.run.path("trace.svg")}))

-- 3. The same noises by other samplers: few steps, many, and another method.
local samplers = {dsrl.sampler.ddim{steps = 2}, dsrl.sampler.ddim{steps = 10}, dsrl.sampler.ddim{steps = 20}, dsrl.sampler.dpm_solver_pp{steps = 10}}
print(policy:compare_samplers(obs, noise, samplers, {plot = dsrl.run.path("samplers.svg")}))

-- 4. Which noises would the demonstrations have come from? Their mean sideward part, by the side to which they go.
local left, right, errors = {x = {}, y = {}}, {x = {}, y = {}}, {}
local observations, actions = {}, {}
for i = 1, math.min(opt.inverted, #data.episodes) do
  local first = data.episodes[i].first
  observations[i] = data.observations[first]
  actions[i] = data.actions:narrow(1, first, policy.horizon)
end
local chunks = dsrl.stack(actions)
for _, method in ipairs{"ode", "fixed_point", "least_squares"} do
  local found, error = policy:invert(dsrl.stack(observations), chunks, {method = method})
  errors[#errors + 1] = ("%s %.4f"):format(method, error:mean():item())
  if method == "fixed_point" then
    local parts, sideward = found:reshape{-1, policy.horizon, 2}:mean(2), chunks:mean(2):select(2, 2)
    for i = 1, #sideward do
      local side = sideward[i] > 0 and left or right
      side.x[#side.x + 1], side.y[#side.y + 1] = parts[{i, 1}], parts[{i, 2}]
    end
  end
end
print("demonstrations traced back, mean distance when decoded again: " .. table.concat(errors, ", "))
local series = {}
for label, points in pairs{["goes left"] = left, ["goes right"] = right} do
  if #points.x > 0 then series[#series + 1] = {label = label, x = points.x, y = points.y, style = "points"} end
end
table.sort(series, function(a, b) return a.label < b.label end)
dsrl.plot.figure{
  title = "PointFork: the noises of the demonstrations", xlabel = "mean forward noise", ylabel = "mean sideward noise", series = series,
}:write(dsrl.run.path("noises.svg"))

-- 5. Is the noise worth steering?
local report = dsrl.steerability(policy, data, {samples = opt.samples, seed = seed, plot = dsrl.run.path("steerability.svg")})
report.spectrum:write(dsrl.run.path("spectrum.svg"))
print(report)

-- 6. A black box: whatever decodes is a policy. This one is the first, with less sideward motion; its agent knows nothing of diffusion.
local calm = dsrl.policy.custom{
  env = env,
  decode = function(observation, w) return policy:decode(observation, w) * dsrl.tensor{1, 0.5} end,
}
print(calm)
print(dsrl.steerability(calm, obs, {samples = opt.samples, seed = seed}).verdict)
print("the first policy: ", dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, seed = seed + 100})
print("the calm one:     ", dsrl.evaluate{policy = calm, env = env, episodes = opt.episodes, seed = seed + 100})
