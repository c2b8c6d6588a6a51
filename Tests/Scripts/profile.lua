-- What dsrl.profile returns: times that add up, names of operators and of an agent's networks.
local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2})
local policy = dsrl.policy.diffusion{env = env, horizon = 2, network = {hidden = {16, 16, 16}}, process = {steps = 10}}
local result = dsrl.profile(function()
  policy:fit(dsrl.data.demonstrations{episodes = 5}, {epochs = 2})
  local agent = dsrl.agent.dsrl_na{env = env, policy = policy, hidden = {8}, init_rollout_steps = 2}
  agent:learn{steps = 40}
end)

local sum, share, found = 0, 0, {}
for _, row in ipairs(result.operators) do
  sum, share = sum + row.self, share + row.share
  found[row.name .. " " .. row.direction] = row
  assert(row.total >= row.self - 1e-9 and (row.calls > 0 or row.name == "other"), row.name)
end
assert(math.abs(sum - result.seconds) < 0.02 * result.seconds and math.abs(share - 1) < 0.02)
for _, name in ipairs{"matmul forward", "matmul backward", "mish forward", "tanh backward", "adam_step forward", "polyak_step forward", "randn forward", "packed_chain forward", "other forward"} do
  assert(found[name], name)
end
assert(found["matmul forward"].gflops > 0 and not found["randn forward"].gflops)

sum = 0
local paths = {}
for i, layer in ipairs(result.layers) do
  sum = sum + layer.self
  paths[layer.path] = layer
  assert(i == 1 or layer.self <= result.layers[i - 1].self)
end
assert(math.abs(sum - result.seconds) < 0.02 * result.seconds)
for _, path in ipairs{"actor / MLP / Linear 2x8", "critics / MLP / Linear 6x8", "noise critics / MLP / Linear 8x1", "target critics", "decode", "DiffusionMLP / ResidualMLP"} do
  assert(paths[path], path)
end
assert(paths["critics / MLP / Linear 6x8"].backward > 0 and paths["target critics"].backward == 0)

-- An error passes, and the next profile runs.
local ok, message = pcall(dsrl.profile, function() error("mine") end)
assert(not ok and message:find("mine"))
ok, message = pcall(dsrl.profile, function() dsrl.profile(function() end) end)
assert(not ok and message:find("a profile is running already"))
dsrl.profile(function() end)
