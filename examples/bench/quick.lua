-- The quick suite: two small tasks, five methods, three seeds; minutes on two processors.
--
--   dsrl-lua bench examples/bench/quick.lua --jobs 2
--   dsrl-lua bench report examples/bench/quick.lua
local dsrl = require "dsrl"

return dsrl.suite{
  name = "quick", script = "steer.lua",
  grid = {
    env = {"PointFork-v0", "Pendulum-v1"},
    method = {"base", "golden_ticket", "best_of_n", "dsrl_sac", "dsrl_na"},
    seed = dsrl.range(1, 3),
  },
  options = {steps = 3000},
  -- PointFork's return is 1 for passing on the side that pays, less than 0 elsewhere; Pendulum's is about -1200 for chance, -150 for a learned swing.
  normalize = {["PointFork-v0"] = {0, 1}, ["Pendulum-v1"] = {-1200, -150}},
}
