-- The early dip: with a sparse reward, steering first does worse than the policy that it steers (on Robomimic's Can .46 falls to .14 to .31 and comes
-- back tens of thousands of steps later). Here PointFork with its line far behind the obstacle, so that the one reward comes a dozen decisions after the
-- choice that earns it. What happens along the way with the options of the published code, and with others, one at a time and together?
--
--   dsrl-lua run examples/studies/dip.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  finish_line = 4.0,      -- x of the line; the obstacle is at 1
  seeds = 5,              -- agents of each kind
  steps = 10000,          -- environment steps of each
  eval_every = 500,       -- environment steps
  eval_episodes = 100,
  demonstrations = 600,   -- episodes of behaviour data
  epochs = 40,            -- of denoiser training
  hidden = 64,            -- width of the agents' two layers
  variants = {},          -- names of those to run; all without
}
local first = dsrl.run.seed

local function place(seed, n) return dsrl.env.make("PointFork-v0", {num_envs = n, chunk = 4, seed = seed, finish_line = opt.finish_line}) end
local data = dsrl.data.demonstrations{episodes = opt.demonstrations, seed = first, finish_line = opt.finish_line}
local policy = dsrl.run.stage("policy", function()
  local policy = dsrl.policy.diffusion{
    env = place(first, 1), horizon = 4, seed = first, network = {hidden = {128, 128, 128}, activation = "relu", time_size = 16},
    process = {steps = 20}, sampler = dsrl.sampler.ddim{steps = 5},
  }
  policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = first})
  return policy
end)
local base = dsrl.evaluate{policy = policy, env = place(first, 1), episodes = 1000, num_envs = 50, seed = first + 100}
print("base policy", base)

-- Name, label, and what differs from the published options (temperature learned from 1 on, towards an entropy of 0).
local variants = {
  {"published", "published options", {}},
  {"warmup", "critics alone for 1500 steps", {critic_warmup = 1500}},
  {"floor", "temperature at least 0.1", {ent_coef_min = 0.1}},
  {"fixed", "temperature 0.2", {ent_coef = 0.2}},
  {"gaussian", "actor started near N(0, I)", {actor_init = "gaussian"}},
  {"hard", "no entropy in the backup", {entropy_in_backup = false}},
  {"mixed", "half of the distilled noise the actor's", {distillation_noise = "mixed"}},
  {"demos", "demonstrations in the replay", {offline_data = data}},
  {"half", "demonstrations half of each batch", {offline_data = data, offline_mix_ratio = 0.5}},
}
local function wanted(name)
  if #opt.variants == 0 then return true end
  for _, each in ipairs(opt.variants) do if each == name then return true end end
end

-- One agent's success at each evaluation.
local function curve(options, seed)
  local all = {
    env = place(seed, 4), policy = policy, seed = seed, hidden = {opt.hidden, opt.hidden}, learning_rate = 1e-3, batch_size = 64,
    init_rollout_steps = 60, train_freq = 1, gradient_steps = 10, noise_critic_grad_steps = 5,
  }
  for name, value in pairs(options) do all[name] = value end
  local history = dsrl.agent.dsrl_na(all):learn{
    steps = opt.steps, eval_every = opt.eval_every, eval_episodes = opt.eval_episodes, num_eval_envs = 50, eval_seed = first + 200, log_every = opt.steps,
  }
  local steps, rates = {}, {}
  for i, point in ipairs(history) do steps[i], rates[i] = point.step, point.success_rate end
  return steps, rates
end

local function interval(values)
  local bounds = dsrl.stats.bootstrap(values, {seed = first})
  return ("%.2f (%.2f to %.2f)"):format(dsrl.stats.mean(values), bounds[1], bounds[2])
end

print(("%-41s %-20s %-20s %-20s %s"):format("options", "lowest, of its seeds", "mean of the first half", "last quarter", "below the base by .1"))
local series = {}
for _, variant in ipairs(variants) do
  if wanted(variant[1]) then
    local x, sums, low, early, late, below = nil, {}, {}, {}, {}, 0
    local all = {}
    for seed = first, first + opt.seeds - 1 do
      local steps, rates = curve(variant[3], seed)
      x = steps
      all[#all + 1] = rates
      local n = #rates
      local lowest = 1
      for _, rate in ipairs(rates) do lowest = math.min(lowest, rate) end
      low[#low + 1] = lowest
      early[#early + 1] = dsrl.stats.mean{table.unpack(rates, 1, n // 2)}
      late[#late + 1] = dsrl.stats.mean{table.unpack(rates, n - n // 4 + 1, n)}
      for _, rate in ipairs(rates) do if rate < base.success_rate - 0.1 then below = below + 1 / n / opt.seeds end end
    end
    for i = 1, #x do
      local sum = 0
      for _, rates in ipairs(all) do sum = sum + rates[i] end
      sums[i] = sum / #all
    end
    print(("%-41s %-20s %-20s %-20s %.0f %%"):format(variant[2], interval(low), interval(early), interval(late), 100 * below))
    series[#series + 1] = {label = variant[2], x = x, y = sums}
  end
end
series[#series + 1] = {label = "base policy", x = {0, opt.steps}, y = {base.success_rate, base.success_rate}}
dsrl.plot.figure{
  title = ("Success while learning, mean of %d seeds"):format(opt.seeds), xlabel = "environment steps", ylabel = "success", ylim = {0, 1}, width = 1000,
  series = series,
}:write(dsrl.run.path("dip.svg"))
