-- How to sample the initial noise, and how far from the shell of radius sqrt(d) the actions stay in distribution. The data are chunks whose law is
-- known: d numbers on a circle of radius 1 in each pair of coordinates, the angles of neighbouring pairs tied. A policy is trained on them, and
-- then fed noises of four laws (Gaussian, box, ball, shell) at growing radius; what comes out is measured by its distance to that manifold.
--
--   dsrl-lua run examples/studies/initial_noise.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  pairs = 6,            -- of coordinates: the chunk has twice as many numbers
  samples = 20000,      -- of behaviour
  epochs = 250,
  hidden = 256,
  points = 1000,        -- noises of each law at each radius
  steps = 20,           -- of the sampler
}
local seed, d = dsrl.run.seed, 2 * opt.pairs

-- A random first angle, and a turn by +0.6 or -0.6 from each pair to the next.
local function behaviour(n)
  local angle, rows = dsrl.uniform({n, 1}, 0, 2 * math.pi), {}
  for _ = 1, opt.pairs do
    rows[#rows + 1], rows[#rows + 2] = angle:cos(), angle:sin()
    angle = angle + 0.6 * dsrl.randn(n, 1):sign()
  end
  return dsrl.cat(rows, 2) + 0.03 * dsrl.randn(n, d)
end

-- The mean distance of a pair to its circle, and of its turn to the nearest of the two.
local function faults(chunks)
  local xy = chunks:reshape{-1, opt.pairs, 2}
  local radius = (xy ^ 2):sum(3):sqrt()
  local off = (radius - 1):abs():mean():item()
  local a, b = xy:narrow(2, 1, opt.pairs - 1), xy:narrow(2, 2, opt.pairs - 1)
  local cosine = (a * b):sum(3) / (radius:narrow(2, 1, opt.pairs - 1) * radius:narrow(2, 2, opt.pairs - 1)):clamp(1e-6, 1e6)
  return off, (cosine - math.cos(0.6)):abs():mean():item()
end

local actions = behaviour(opt.samples)
local data = dsrl.data.make{observations = dsrl.zeros(opt.samples, 1), actions = actions, timeouts = dsrl.ones(opt.samples)}
local policy = dsrl.policy.diffusion{
  observation_size = 1, action_size = d, horizon = 1, seed = seed,
  network = {hidden = {opt.hidden, opt.hidden, opt.hidden}, time_size = 32}, process = {steps = 100}, sampler = dsrl.sampler.ddim{steps = opt.steps},
}
local last = policy:fit(data, {epochs = opt.epochs, batch_size = 256, learning_rate = 1e-3, seed = seed})
print(("trained: loss %.3f"):format(last.loss))

-- Noises whose root mean square radius is `scale` times sqrt(d): at scale 1 all four laws have the Gaussian's energy.
local function directions(n)
  local x = dsrl.randn(n, d)
  return x / (x ^ 2):sum(2, true):sqrt()
end
local root = math.sqrt(d)
local laws = {
  {"Gaussian", function(n, scale) return dsrl.randn(n, d) * scale end},
  {"box", function(n, scale) return dsrl.uniform({n, d}, -1, 1) * (math.sqrt(3) * scale) end},
  {"ball", function(n, scale) return directions(n) * dsrl.uniform({n, 1}, 0, 1) ^ (1 / d) * (root * scale * math.sqrt((d + 2) / d)) end},
  {"shell", function(n, scale) return directions(n) * (root * scale) end},
}
local nowhere = dsrl.zeros(opt.points, 1)
local off, turn = faults(behaviour(opt.points))
print(("the behaviour itself: %.3f off its circles, %.3f off its turns"):format(off, turn))

-- Fewer clipped: how many of the chunk's numbers the sampler's clipping holds at the data's range.
local function clipped(chunks) return (chunks:abs() / actions:abs():max():item()):ge(0.999):mean():item() end
print(("%-10s %7s %16s %16s %10s"):format("law", "radius", "off the circles", "off the turns", "clipped"))
local series, turns = {}, {}
for _, law in ipairs(laws) do
  local x, y, z = {}, {}, {}
  for _, scale in ipairs{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4} do
    local chunks = policy:decode(nowhere, law[2](opt.points, scale)):reshape{-1, d}
    x[#x + 1], y[#y + 1], z[#z + 1] = scale, faults(chunks)
    print(("%-10s %7.2f %16.3f %16.3f %9.1f%%"):format(law[1], scale, y[#y], z[#z], 100 * clipped(chunks)))
  end
  series[#series + 1], turns[#turns + 1] = {label = law[1], x = x, y = y}, {label = law[1], x = x, y = z}
end
local function level(value) return {label = "the behaviour itself", x = {0, 4}, y = {value, value}} end
series[5], turns[5] = level(off), level(turn)
dsrl.plot.figure{
  title = "How far actions are off the data's circles", xlabel = "radius of the noise, in sqrt(d)", ylabel = "mean distance", series = series,
}:write(dsrl.run.path("circles.svg"))
dsrl.plot.figure{
  title = "How far neighbouring pairs are off the data's turns", xlabel = "radius of the noise, in sqrt(d)", ylabel = "mean distance of cosines", series = turns,
}:write(dsrl.run.path("turns.svg"))
