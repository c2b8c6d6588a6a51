-- 300 steps whose graphs weigh 20 MB and more, none of it in tensors that Lua sees: the process stays small.
local dsrl = require "dsrl"

local net = dsrl.nn.mlp{inputs = 8, outputs = 1, hidden = {512, 512, 512}, layer_norm = true, activation = "tanh"}
local optimizer = dsrl.optim.adam(net)
local x = dsrl.randn(1024, 8)
for _ = 1, 300 do
  local loss = net(x):mean()
  optimizer:zero_grad()
  loss:backward()
end

local peak
for line in io.lines("/proc/self/status") do peak = peak or tonumber(line:match("^VmHWM:%s*(%d+) kB")) end
assert(peak < 400 * 1024, ("the process held %d kB at its peak"):format(peak))
