-- How many actions at once, so how many numbers of noise: chunks of 1 to 16 actions of two numbers each, steered by the same method.
--
--   dsrl-lua bench examples/bench/dimension.lua --jobs 2
local dsrl = require "dsrl"

return dsrl.suite{
  name = "dimension", script = "steer.lua", method_key = "chunk",
  grid = {env = {"PointFork-v0"}, chunk = {1, 2, 4, 8, 16}, seed = dsrl.range(1, 5)},
  options = {method = "dsrl_na", steps = 3000},
  normalize = {["PointFork-v0"] = {0, 1}},
}
