-- The early dip: the published options against those that may remove it, on PointFork with its line far behind the obstacle (examples/studies/dip.lua tells more).
--
--   dsrl-lua bench examples/bench/dip.lua --jobs 2
local dsrl = require "dsrl"

return dsrl.suite{
  name = "dip", script = "../studies/dip.lua", method_key = "variants",
  grid = {variants = {{"published"}, {"warmup"}, {"floor"}, {"fixed"}, {"demos"}, {"half"}}, seed = dsrl.range(1, 3)},
  options = {seeds = 1},
}
