-- How many denoising steps steering needs: DDIM of 1 to 20 steps under the same policy and the same method.
--
--   dsrl-lua bench examples/bench/samplers.lua --jobs 2
local dsrl = require "dsrl"

return dsrl.suite{
  name = "samplers", script = "steer.lua", method_key = "sampler_steps",
  grid = {env = {"PointFork-v0"}, sampler_steps = {1, 2, 5, 10, 20}, seed = dsrl.range(1, 5)},
  options = {method = "dsrl_na", steps = 3000},
  normalize = {["PointFork-v0"] = {0, 1}},
}
