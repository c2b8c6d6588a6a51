-- How samplers compare at 1 to 100 evaluations of the network, where the right answer is known: the data are a mixture of Gaussians on a line,
-- the network is the mixture's exact denoiser, and in one dimension the exact flow map is F_data^-1(F_noise(x)), quantile to quantile.
--
--   dsrl-lua run examples/studies/samplers.lua
local dsrl = require "dsrl"

local opt = dsrl.options{
  points = 512,        -- quantiles of the initial noise at which the map is compared
  samples = 4096,      -- of the samplers that draw noise inside, which have no map
  spread = 0.15,       -- of each of the mixture's three Gaussians; narrower ones are harder
  evaluations = {1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100},
}
local means, weights, spread = {-0.7, 0.1, 0.6}, {0.3, 0.4, 0.3}, opt.spread

-- The error function in double precision: Taylor near 0, a continued fraction beyond.
local function erfc(x)
  if x < 0 then return 2 - erfc(-x) end
  if x < 2.5 then
    local term, sum, k = x, x, 0
    repeat
      k = k + 1
      term = -term * x * x / k
      sum = sum + term / (2 * k + 1)
    until math.abs(term) < 1e-17
    return 1 - 2 / math.sqrt(math.pi) * sum
  end
  local fraction = x
  for k = 60, 1, -1 do fraction = x + k / 2 / fraction end
  return math.exp(-x * x) / math.sqrt(math.pi) / fraction
end
local function normal_cdf(x) return erfc(-x / math.sqrt(2)) / 2 end

-- The mixture as it stands at a noise level: signal * x_0 + noise * e.
local function cdf(x, signal, noise)
  local sum, deviation = 0, math.sqrt((signal * spread) ^ 2 + noise ^ 2)
  for k, mean in ipairs(means) do sum = sum + weights[k] * normal_cdf((x - signal * mean) / deviation) end
  return sum
end
local function inverse(f, p, low, high)
  for _ = 1, 80 do
    local middle = (low + high) / 2
    if f(middle) < p then low = middle else high = middle end
  end
  return (low + high) / 2
end

-- The exact E[x_0 | x] and E[e | x] of x = signal * x_0 + noise * e, all [n, 1].
local mu, log_weight = dsrl.tensor(means), dsrl.tensor(weights):log()
local function expected(x, signal, noise)
  local variance = (signal * spread) ^ 2 + noise ^ 2
  local apart = x - signal * mu
  local share = (log_weight - apart ^ 2 / (variance * 2)):softmax(2)
  return (share * (mu + signal * spread ^ 2 * apart / variance)):sum(2, true), (share * (noise * apart / variance)):sum(2, true)
end

-- A policy whose network says what its process asks for, from the exact denoiser. The parameter is there because a network has one.
local function exact_policy(process, says)
  local network = dsrl.nn.module{
    unused = dsrl.nn.parameter{0},
    forward = function(_, x, t) return says(x, t:reshape{-1, 1}) end,
  }
  local unit = {observation_min = {-1}, observation_max = {1}, action_min = {-1}, action_max = {1}}
  return dsrl.policy.diffusion{observation_size = 1, action_size = 1, horizon = 1, network = network, process = process, normalization = unit}
end

local T = 1000
local alpha_bars, product = {}, 1
for t = 1, T do
  product = product * (1 - (1e-4 + (0.02 - 1e-4) * (t - 1) / (T - 1)))
  alpha_bars[t] = product
end
local table_of_levels = dsrl.tensor(alpha_bars)
local ddpm = exact_policy({kind = "ddpm", steps = T, schedule = "linear", beta_start = 1e-4, beta_end = 0.02}, function(x, t)
  local bar = table_of_levels:index_select(1, (t:reshape{-1} + 1)):reshape{-1, 1}
  local _, e = expected(x, bar:sqrt(), (1 - bar):sqrt())
  return e
end)
-- Karras' network F: D = c_skip x + c_out F(c_in x, ln(sigma) / 4), with sigma_data that of the mixture.
local variance = spread ^ 2
for k, mean in ipairs(means) do variance = variance + weights[k] * mean ^ 2 end
for k, mean in ipairs(means) do for l, other in ipairs(means) do variance = variance - weights[k] * weights[l] * mean * other end end
local sigma_data = math.sqrt(variance)
local edm = exact_policy({kind = "edm", sigma_data = sigma_data}, function(x, t)
  local sigma = (t * 4):exp()
  local total = sigma ^ 2 + sigma_data ^ 2
  local point = x * total:sqrt()
  return (expected(point, dsrl.ones(1, 1), sigma) - point * sigma_data ^ 2 / total) / (sigma * sigma_data / total:sqrt())
end)
-- The velocity of x = (1 - t) e + t x_0: E[x_0 - e | x].
local flow = exact_policy({kind = "flow", time_scale = 1}, function(x, t)
  local action, e = expected(x, t, 1 - t)
  return action - e
end)

local sigma_max, last = 80, alpha_bars[T]
local makers = {
  {name = "ddim", policy = ddpm, cost = 1, make = function(n) return dsrl.sampler.ddim{steps = n, spacing = "trailing", clip = false, final_clip = false} end},
  {name = "dpm_solver_pp 2M", policy = ddpm, cost = 1, make = function(n) return dsrl.sampler.dpm_solver_pp{steps = n, spacing = "trailing", clip = false, final_clip = false} end},
  {name = "edm euler", policy = edm, cost = 1, make = function(n) return dsrl.sampler.edm{steps = n, method = "euler", sigma_max = sigma_max, clip = false, final_clip = false} end},
  {name = "edm heun", policy = edm, cost = 2, less = 1, make = function(n) return dsrl.sampler.edm{steps = n, method = "heun", sigma_max = sigma_max, clip = false, final_clip = false} end},
  {name = "flow euler", policy = flow, cost = 1, make = function(n) return dsrl.sampler.flow{steps = n, method = "euler", clip = false, final_clip = false} end},
  {name = "flow midpoint", policy = flow, cost = 2, make = function(n) return dsrl.sampler.flow{steps = n, method = "midpoint", clip = false, final_clip = false} end},
  {name = "flow heun", policy = flow, cost = 2, make = function(n) return dsrl.sampler.flow{steps = n, method = "heun", clip = false, final_clip = false} end},
  {name = "flow rk4", policy = flow, cost = 4, make = function(n) return dsrl.sampler.flow{steps = n, method = "rk4", clip = false, final_clip = false} end},
}
-- Signal and noise where each process begins, for w from N(0, 1).
local begins = {
  [ddpm] = {math.sqrt(last), math.sqrt(1 - last), 1}, [edm] = {1, sigma_max, sigma_max}, [flow] = {0, 1, 1},
}

local quantiles, noise = {}, {}
for i = 1, opt.points do
  quantiles[i] = (i - 0.5) / opt.points
  noise[i] = {inverse(normal_cdf, quantiles[i], -9, 9)}
end
local w, nowhere = dsrl.tensor(noise), dsrl.zeros(opt.points, 1)
local function data_cdf(x) return cdf(x, 1, 0) end
local exact = {}
for policy, level in pairs(begins) do
  local rows = {}
  for i = 1, opt.points do rows[i] = {inverse(data_cdf, cdf(level[3] * noise[i][1], level[1], level[2]), -2, 2)} end
  exact[policy] = dsrl.tensor(rows)
end

print("root mean square error of the map from noise to action, with at most so many evaluations of the network")
print(("%-18s"):format("evaluations") .. table.concat((function() local t = {} for i, n in ipairs(opt.evaluations) do t[i] = ("%9d"):format(n) end return t end)()))
local series = {}
for _, one in ipairs(makers) do
  local line, x, y = {}, {}, {}
  for i, evaluations in ipairs(opt.evaluations) do
    local steps = (evaluations + (one.less or 0)) // one.cost
    line[i] = ("%9s"):format("")
    if steps >= 1 then
      one.policy:set_sampler(one.make(steps))
      local got = one.policy:decode(nowhere, w):reshape{-1, 1}
      local error = ((got - exact[one.policy]) ^ 2):mean():sqrt():item()
      line[i], x[#x + 1], y[#y + 1] = ("%9.2g"):format(error), steps * one.cost - (one.less or 0), error
      dsrl.run.log(evaluations, {["error/" .. one.name:gsub("%s", "_")] = error})
    end
  end
  print(("%-18s"):format(one.name) .. table.concat(line))
  series[#series + 1] = {label = one.name, x = x, y = y}
end
dsrl.plot.figure{
  title = "Error of the noise-to-action map on a mixture of Gaussians, exact denoiser", xlabel = "evaluations of the network", ylabel = "root mean square error",
  xlog = true, ylog = true, series = series,
}:write(dsrl.run.path("map.svg"))

-- A sampler that draws noise inside has no map; what can be compared is the law of its samples: Wasserstein's distance W1 to the data.
local data = {}
for i = 1, opt.samples do data[i] = inverse(data_cdf, (i - 0.5) / opt.samples, -2, 2) end
local function w1(samples)
  local sorted = samples:reshape{-1}:to_table()
  table.sort(sorted)
  return (dsrl.tensor(sorted) - dsrl.tensor(data)):abs():mean():item()
end
print("\nW1 to the data of " .. opt.samples .. " samples from random noise")
local many, laws = dsrl.zeros(opt.samples, 1), {}
for _, one in ipairs{
  {"ddpm (ancestral)", ddpm, function(n) return dsrl.sampler.ddpm{steps = n, spacing = "trailing", frozen = false, clip = false, final_clip = false} end},
  {"ddim", ddpm, makers[1].make}, {"ddim, eta 1", ddpm, function(n) return dsrl.sampler.ddim{steps = n, eta = 1, spacing = "trailing", clip = false, final_clip = false} end},
  {"dpm_solver_pp 2M", ddpm, makers[2].make}, {"edm euler", edm, makers[3].make}, {"flow euler", flow, makers[5].make},
} do
  local line, y = {}, {}
  for i, n in ipairs(opt.evaluations) do
    one[2]:set_sampler(one[3](n))
    y[i] = w1(one[2]:act(many))
    line[i] = ("%9.2g"):format(y[i])
  end
  print(("%-18s"):format(one[1]) .. table.concat(line))
  laws[#laws + 1] = {label = one[1], x = opt.evaluations, y = y}
end
dsrl.plot.figure{
  title = "Distance of the samples from the data", xlabel = "evaluations of the network", ylabel = "W1", xlog = true, ylog = true, series = laws,
}:write(dsrl.run.path("law.svg"))
