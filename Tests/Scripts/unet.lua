-- Diffusion Policy's U-Net over rows, put together of its blocks in Lua, learns to denoise sines of a phase that it is told.
local dsrl = require "dsrl"
local nn = dsrl.nn

local function level(inputs, outputs, condition)
  local options = {n_groups = 4, cond_predict_scale = true}
  return {nn.conditional_residual_block1d(inputs, outputs, condition, options), nn.conditional_residual_block1d(outputs, outputs, condition, options)}
end

local function unet(channels, sizes, condition)
  local net = {time = nn.time_embedding(16), down = {}, up = {}, shrink = {}, grow = {}}
  local all, inputs = condition + 16, channels
  for i, size in ipairs(sizes) do
    net.down[i] = level(inputs, size, all)
    net.shrink[i] = i < #sizes and nn.downsample1d(size) or nil
    inputs = size
  end
  net.middle = level(inputs, inputs, all)
  for i = #sizes - 1, 1, -1 do
    net.up[i] = level(2 * sizes[i + 1], sizes[i], all)
    net.grow[i] = nn.upsample1d(sizes[i])
  end
  net.head = nn.sequential(nn.conv1d_block(sizes[1], sizes[1], 5, 4), nn.conv1d(sizes[1], channels, 1))

  local function through(blocks, x, c) return blocks[2](blocks[1](x, c), c) end
  function net:forward(x, t, c)
    c = dsrl.cat({self.time(t), c}, 2)
    local kept = {}
    for i, blocks in ipairs(self.down) do
      x = through(blocks, x, c)
      kept[i] = x
      if self.shrink[i] then x = self.shrink[i](x) end
    end
    x = through(self.middle, x, c)
    for i = #self.down - 1, 1, -1 do x = self.grow[i](through(self.up[i], dsrl.cat({x, kept[i + 1]}, 2), c)) end
    return self.head(x)
  end
  return nn.module(net)
end

dsrl.manual_seed(1)
local net = unet(2, {16, 32}, 2)
assert(net(dsrl.zeros(3, 2, 8), dsrl.zeros(3), dsrl.zeros(3, 2)).shape[3] == 8)
local names = net:named_parameters()
assert(names["down.1.0.cond_encoder.1.weight"] and names["shrink.0.conv.weight"] and names["head.1.bias"])

-- the noise in level · noise + sines of the phase
local place = dsrl.arange(16):reshape(1, 1, 16) * (2 * math.pi / 16)
local function batch(n)
  local phase, noise, time = dsrl.uniform({n, 1, 1}, 0, 6.28), dsrl.randn(n, 2, 16), dsrl.uniform({n}, 0.5, 1.5)
  local clean = dsrl.cat({(place + phase):sin(), (place + phase):cos()}, 2)
  return clean + noise * time:reshape(n, 1, 1), time, dsrl.cat({phase:sin(), phase:cos()}, 2):reshape(n, 2), noise
end

local optimizer = dsrl.optim.adamw(net, {schedule = dsrl.optim.cosine{learning_rate = 3e-3, steps = 300, warm_up = 20}, max_grad_norm = 1})
local function loss(n)
  local x, time, phase, noise = batch(n)
  return (net(x, time, phase) - noise):square():mean()
end
for _ = 1, 300 do
  local value = loss(32)
  optimizer:zero_grad()
  value:backward()
  optimizer:step()
end
local final = dsrl.no_grad(function() return loss(256) end):item()
assert(final < 0.1, ("the mean square error %.3f is not far below the noise's own, 1"):format(final))
