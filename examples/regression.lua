-- A network of one's own, trained by Adam: a module is a table with parameters, other modules and a function forward.
-- Random Fourier features, one hidden layer with a gate, and a noisy curve to fit, in a few seconds.
--
--   dsrl-lua run examples/regression.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  points = 512,
  noise = 0.1,
  hidden = 64,
  steps = 1500,
  batch_size = 128,
  learning_rate = 1e-2,
  decay = 0.99,          -- of the averaged weights that are kept in the end
}

-- Features sin(frequency x + phase) are drawn once and never trained: buffers. A constructor is a function that returns a module.
local function fourier(size)
  return dsrl.nn.module{
    frequency = dsrl.nn.buffer(dsrl.randn(1, size) * 3), phase = dsrl.nn.buffer(dsrl.uniform({size}, 0, 6.2832)),
    forward = function(self, x) return (x:matmul(self.frequency) + self.phase):sin() end,
  }
end

local function network(hidden)
  return dsrl.nn.module{
    features = fourier(hidden), value = dsrl.nn.linear(hidden, hidden), gate = dsrl.nn.linear(hidden, hidden), out = dsrl.nn.linear(hidden, 1),
    scale = dsrl.nn.parameter(1),
    forward = function(self, x)
      local h = self.features(x)
      return self.out(self.value(h):tanh() * self.gate(h):sigmoid()) * self.scale
    end,
  }
end

local function curve(x) return (x * 3):sin() + (x ^ 2) * 0.3 end
local x = dsrl.uniform({opt.points, 1}, -2, 2)
local y = curve(x) + dsrl.randn(opt.points, 1) * opt.noise

local net = network(opt.hidden)
print(net)
local adam = dsrl.optim.adam(net, {schedule = dsrl.optim.cosine{learning_rate = opt.learning_rate, steps = opt.steps, warm_up = 20}, max_grad_norm = 1})
local average = dsrl.optim.ema(net, {decay = opt.decay})
for step = 1, opt.steps do
  local rows = {}
  for i = 1, opt.batch_size do rows[i] = math.random(opt.points) end
  local loss = (net(x:index_select(1, rows)) - y:index_select(1, rows)):square():mean()
  adam:zero_grad()
  loss:backward()
  adam:step()
  average:update()
  if step % 100 == 0 then dsrl.run.log(step, {["train/loss"] = loss:item(), ["train/learning_rate"] = adam.learning_rate}) end
end
average:copy_to(net)

local grid = dsrl.linspace(-2, 2, 200):reshape(-1, 1)
local fit = dsrl.no_grad(function() return net(grid) end)
print(("mean square error of the noiseless curve: %.5f"):format((fit - curve(grid)):square():mean():item()))
dsrl.plot.line(grid, fit, {title = "regression", xlabel = "x", ylabel = "y"}):write(dsrl.run.path("fit.svg"))
