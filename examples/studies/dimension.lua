-- How the dimension of the action space, 1 to 128, affects the denoising error, the sampler's steps and steerability. The data are two Gaussian modes,
-- so that the exact denoiser is known in every dimension; network, training and data are alike throughout.
--
--   dsrl-lua run examples/studies/dimension.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  dimensions = {1, 2, 4, 8, 16, 32, 64, 128},
  samples = 20000,   -- of behaviour
  epochs = 40,
  hidden = 256,
  process_steps = 100,
  tolerance = 0.1,   -- root mean square distance from the finest sampler's action within which 90 of 100 noises must end
  points = 500,
}
local seed, spread = dsrl.run.seed, 0.1

-- Cosine noising, as the policy's: alpha bar at time t of T.
local function alpha_bar(t)
  local function f(x) return math.cos((x / opt.process_steps + 0.008) / 1.008 * math.pi / 2) ^ 2 end
  return f(t + 1) / f(0)
end

local function trained(d)
  local mode = dsrl.uniform({1, d}, -1, 1):sign() * 0.6
  local actions = dsrl.randn(opt.samples, 1):sign() * mode + spread * dsrl.randn(opt.samples, d)
  local unit = {observation_min = {-1}, observation_max = {1}, action_min = {}, action_max = {}}
  for k = 1, d do unit.action_min[k], unit.action_max[k] = -1, 1 end
  local policy = dsrl.policy.diffusion{
    observation_size = 1, action_size = d, horizon = 1, seed = seed, process = {steps = opt.process_steps},
    network = {hidden = {opt.hidden, opt.hidden, opt.hidden}, time_size = 32}, normalization = unit,
  }
  local data = dsrl.data.make{observations = dsrl.zeros(opt.samples, 1), actions = actions, timeouts = dsrl.ones(opt.samples)}
  local started = os.clock()
  policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
  return policy, mode, actions, os.clock() - started
end

-- What the learned denoiser says of the noise beyond the exact one: mean of (e - e*)^2 over coordinates and even times, where an ignorant one errs by 1.
-- The denoised sample D, and with it e = (x - signal D) / noise, is read off the map of one ddim step from that time.
local function denoising_error(policy, mode, d)
  local nowhere, sum, count = dsrl.zeros(opt.points, 1), 0, 0
  for t = 5, opt.process_steps - 5, 10 do
    local bar = alpha_bar(t)
    local signal, noise = math.sqrt(bar), math.sqrt(1 - bar)
    local clean = dsrl.randn(opt.points, 1):sign() * mode + spread * dsrl.randn(opt.points, d)
    local x = clean * signal + dsrl.randn(opt.points, d) * noise
    policy:set_sampler(dsrl.sampler.ddim{times = {t}, clip = false})
    local said = policy:decode(nowhere, x):reshape{-1, d}
    local variance = (signal * spread) ^ 2 + noise ^ 2
    local side = ((x * mode):sum(2, true) * (signal / variance)):tanh()
    local exact = side * mode + (x - side * mode * signal) * (signal * spread ^ 2 / variance)
    sum, count = sum + ((said - exact) ^ 2):mean():item() * bar / (1 - bar), count + 1
  end
  return sum / count
end

-- The fewest steps of the sampler that take nine noises of ten to where as many steps as the process has take them.
local function steps_needed(policy, d)
  local nowhere, w = dsrl.zeros(opt.points, 1), dsrl.randn(opt.points, d)
  local function decode(steps)
    policy:set_sampler(dsrl.sampler.ddim{steps = steps})
    return policy:decode(nowhere, w):reshape{-1, d}
  end
  local finest = decode(opt.process_steps)
  for _, steps in ipairs{1, 2, 3, 4, 5, 8, 10, 16, 20, 25, 50} do
    local apart = ((decode(steps) - finest) ^ 2):mean(2):sqrt()
    if apart:lt(opt.tolerance):mean():item() >= 0.9 then return steps end
  end
  return opt.process_steps
end

-- How near the best of n random noises comes to an action of the data, per coordinate; and how near the nearest of n data do.
local function coverage(policy, actions, d, n)
  local w, nowhere = dsrl.randn(n, d), dsrl.zeros(n, 1)
  local made = policy:decode(nowhere, w):reshape{-1, d}
  local sum, own, targets = 0, 0, 50
  for i = 1, targets do
    local target = actions:narrow(1, i, 1)
    sum = sum + ((made - target) ^ 2):mean(2):sqrt():min():item()
    own = own + ((actions:narrow(1, 1000, n) - target) ^ 2):mean(2):sqrt():min():item()
  end
  return sum / targets, own / targets
end

print(("%9s %10s %10s %8s %10s %12s %22s %12s"):format(
  "dimension", "train s", "error", "steps", "eff. rank", "spread", "best of 1000: noises", "data"))
local error, steps, rank, best = {}, {}, {}, {}
for i, d in ipairs(opt.dimensions) do
  local policy, mode, actions, seconds = trained(d)
  error[i], steps[i] = denoising_error(policy, mode, d), steps_needed(policy, d)
  policy:set_sampler(dsrl.sampler.ddim{steps = 20})
  local report = dsrl.steerability(policy, dsrl.zeros(1, 1), {samples = 256, seed = seed})
  rank[i] = report.effective_rank
  local made, own = coverage(policy, actions, d, 1000)
  best[i] = made
  print(("%9d %10.1f %10.4f %8d %10.1f %12.3f %22.3f %12.3f"):format(d, seconds, error[i], steps[i], rank[i], report.spread, made, own))
  dsrl.run.log(d, {error = error[i], steps = steps[i], effective_rank = rank[i], best_of_1000 = made})
end
local function picture(name, title, label, y, log)
  dsrl.plot.figure{title = title, xlabel = "dimension of the action", ylabel = label, xlog = true, ylog = log, legend = false, series = {{x = opt.dimensions, y = y}}}
    :write(dsrl.run.path(name))
end
picture("error.svg", "What the learned denoiser errs beyond the exact one", "mean squared error of the noise", error, true)
picture("steps.svg", "Sampler steps needed", "ddim steps", steps, false)
picture("rank.svg", "Directions in which the noise moves the action", "effective rank", rank, true)
picture("best.svg", "How near the best of 1000 noises comes to an action of the data", "root mean square distance", best, false)
