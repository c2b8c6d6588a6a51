-- Modules written in Lua train as the built-in ones do.
local dsrl, check = require "dsrl", require "check"
local nn, optim = dsrl.nn, dsrl.optim

local function same(a, b, tolerance)
  assert(table.concat(a.shape, " ") == table.concat(b.shape, " "))
  check.near((a - b):abs():max():item(), 0, tolerance or 0)
end

-- Least squares: gradient descent ends where the normal equations say, here solved by hand for two unknowns and a constant.
dsrl.manual_seed(1)
local x = dsrl.randn(200, 2)
local y = x:matmul(dsrl.tensor{{1.5}, {-2}}) + 0.5 + dsrl.randn(200, 1) * 0.3
local line = nn.module{
  slope = nn.parameter(dsrl.zeros(2, 1)), shift = nn.parameter(0),
  forward = function(self, input) return input:matmul(self.slope) + self.shift end,
}
local function loss(model) return (model(x) - y):square():mean() end
for _, make in ipairs{
  function() return optim.adam(line, {schedule = optim.cosine{learning_rate = 0.1, steps = 400, warm_up = 10}}) end,
  function() return optim.sgd(line, {learning_rate = 0.1, momentum = 0.8, nesterov = true}) end,
} do
  nn.init(line, "normal", {std = 2})
  line:load_state_dict{slope = dsrl.randn(2, 1) * 3, shift = dsrl.tensor(4)}
  local optimizer = make()
  for _ = 1, 400 do
    local value = loss(line)
    optimizer:zero_grad()
    value:backward()
    optimizer:step()
  end
  -- X'(Xb - y) = 0 with a column of ones in X
  local design = dsrl.cat({x, dsrl.ones(200, 1)}, 2)
  local coefficients = dsrl.cat({line.slope:detach(), line.shift:detach():reshape(1, 1)})
  local normal = design:transpose():matmul(design:matmul(coefficients) - y)
  check.near(normal:abs():max():item(), 0, 0.02)
  check.near(line.slope[1][1], 1.5, 0.1)
end

-- The same net, built in and written out: the same numbers before, during and after training.
local function written(hidden)
  local layers = {
    ["0"] = nn.linear(3, hidden), ["1"] = nn.layer_norm(hidden), ["3"] = nn.linear(hidden, hidden), ["4"] = nn.layer_norm(hidden), ["6"] = nn.linear(hidden, 2),
  }
  return nn.module{
    layers = layers,
    forward = function(self, input)
      local l = self.layers
      local h = l["1"](l["0"](input)):mish()
      return l["6"](l["4"](l["3"](h)):mish())
    end,
  }
end
local built, own = nn.mlp{inputs = 3, outputs = 2, hidden = {16, 16}, activation = "mish", layer_norm = true}, written(16)
local stacked = nn.sequential(nn.linear(3, 16), nn.layer_norm(16), nn.mish(), nn.sequential{nn.linear(16, 16), nn.layer_norm(16), nn.mish()}, nn.linear(16, 2))
assert(built:num_parameters() == own:num_parameters() and built:num_parameters() == stacked:num_parameters())
local state = built:state_dict()
own:load_state_dict(state)
local renamed = {}
for name, tensor in pairs(state) do
  local place, rest = name:match("^layers%.(%d)%.(.*)$")
  renamed[({["0"] = "0", ["1"] = "1", ["3"] = "3.0", ["4"] = "3.1", ["6"] = "4"})[place] .. "." .. rest] = tensor
end
stacked:load_state_dict(renamed)
local nets, optimizers = {built, own, stacked}, {}
for i, net in ipairs(nets) do optimizers[i] = optim.adamw(net, {learning_rate = 1e-2, max_grad_norm = 0.5}) end
local input, target = dsrl.randn(20, 3), dsrl.randn(20, 2)
for step = 1, 30 do
  local values = {}
  for i, net in ipairs(nets) do
    local value = (net(input) - target):square():mean()
    optimizers[i]:zero_grad()
    value:backward()
    values[i] = {value:item(), (optimizers[i]:step())}
  end
  for i = 2, 3 do
    check.near(values[i][1], values[1][1], 1e-5)
    check.near(values[i][2], values[1][2], 1e-4)
  end
end
same(built(input), own(input), 1e-4)
same(built(input), stacked(input), 1e-4)

-- Names, order, sharing, buffers, nesting
local tied = nn.linear(2, 2)
local net = nn.module{
  b = tied, a = {tied, nn.linear(2, 1), extra = {deep = nn.parameter{1, 2, 3}}}, count = 3, name = "x", offset = nn.buffer{5}, value = dsrl.zeros(4),
  forward = function(self, v) return self.a[2](self.b(v)) + self.offset end,
}
local names = {}
for name in pairs(net:named_parameters()) do names[#names + 1] = name end
table.sort(names)
assert(table.concat(names, " ") == "a.0.bias a.0.weight a.1.bias a.1.weight a.extra.deep", table.concat(names, " "))
assert(#net:parameters() == 5 and net:num_parameters() == 6 + 3 + 3)
assert(net:parameters()[1] == tied.weight and net.count == 3 and net.b == tied)
local dict = net:state_dict()
assert(dict.offset and not dict.value and not dict["b.weight"])
dict.offset = dsrl.tensor{7}
net:load_state_dict(dict)
assert(net.offset[1] == 7)
net.b = nn.linear(2, 2)
assert(#net:parameters() == 7, "a field that is assigned counts from then on")
net.b = tied

-- train, eval, dropout
local noisy = nn.sequential(nn.dropout(0.5), nn.module{forward = function(self, v) return self.training and v * 2 or v end})
local ones = dsrl.ones(1000)
dsrl.manual_seed(3)
local dropped = noisy(ones)
assert(dropped:min():item() == 0 and dropped:max():item() == 4)
check.near(dropped:mean():item(), 2, 0.3)
dsrl.manual_seed(3)
same(noisy(ones), dropped)
assert(noisy:eval() == noisy and noisy[2].training == false)
same(noisy(ones), ones)
noisy:train()
assert(noisy[2].training == true and noisy(ones):min():item() == 0)
noisy:train(false)
same(noisy(ones), ones)

-- Optimisers go on from what they saved; averages follow.
local function trained(steps, from)
  dsrl.manual_seed(9)
  local model = nn.mlp{inputs = 2, outputs = 1, hidden = {8}}
  local optimizer = optim.adam(model, {learning_rate = 1e-2})
  local average = optim.ema(model, {decay = 0.5})
  if from then model:load_state_dict(from[1]) optimizer:load_state_dict(from[2]) average:load_state_dict(from[3]) end
  for _ = 1, steps do
    local value = loss(model)
    model:zero_grad()
    value:backward()
    optimizer:step()
    average:update()
  end
  return {model:state_dict(), optimizer:state_dict(), average:state_dict()}
end
local whole, half = trained(10), trained(5)
local resumed = trained(5, half)
for part = 1, 3 do for name, tensor in pairs(whole[part]) do same(tensor, resumed[part][name]) end end

local one, two = nn.linear(2, 2), nn.linear(2, 2)
local before = one.weight:clone()
optim.polyak(one, two, 0.25)
same(one.weight, before * 0.75 + two.weight * 0.25, 1e-6)
local average = optim.ema({one = one}, {decay = 0.9})
nn.init(one, "zeros")
average:update()
average:copy_to{one = one}
same(one.weight, (before * 0.75 + two.weight * 0.25):detach() * 0.9, 1e-6)

-- One optimiser of several modules and a tensor alone
local alone = nn.parameter{1}
local both = optim.sgd({one, {two}, alone}, {learning_rate = 1})
local total = (one(dsrl.ones(1, 2)) + two(dsrl.ones(1, 2)) + alone):sum()
total:backward()
both:step()
assert(alone[1] == -1)
check.near(optim.clip_grad_norm({one, two, alone}, 1e9), math.sqrt(8 + 4 + 4), 1e-5)
