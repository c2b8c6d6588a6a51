-- The three published locomotion tasks: what steering adds to a policy cloned from medium behaviour, against what it is compared with.
-- Hours for each cell; made for a cluster (--launcher slurm), or for --only env=Hopper-v5 over a night.
--
--   dsrl-lua bench examples/bench/gym.lua --jobs 2 --only env=Hopper-v5
local dsrl = require "dsrl"

local folder = debug.getinfo(1, "S").source:match("^@(.*)[/\\][^/\\]*$") or "."
local names = {["Hopper-v5"] = "Hopper", ["Walker2d-v5"] = "Walker2d", ["HalfCheetah-v5"] = "HalfCheetah"}
local curves, published = dsrl.json.read(folder .. "/../published/dsrl-paper-curves.json"), {}
for env, name in pairs(names) do
  published[env] = {}
  for _, method in ipairs{"DSRL", "DPPO"} do
    published[env][method] = {steps = curves[name][method].steps, values = curves[name][method]["return"]}
  end
end

return dsrl.suite{
  name = "gym", script = "steer.lua",
  grid = {
    env = {"Hopper-v5", "Walker2d-v5", "HalfCheetah-v5"},
    method = {"base", "golden_ticket", "best_of_n", "dsrl_sac", "dsrl_na", "sac"},
    seed = dsrl.range(1, 3),
  },
  options = {steps = 300000, evaluations = 12, hidden = 256, agent_hidden = 128},
  -- D4RL's random and expert returns (Fu et al. 2020).
  normalize = {["Hopper-v5"] = {-20.272305, 3234.3}, ["Walker2d-v5"] = {1.629008, 4592.3}, ["HalfCheetah-v5"] = {-280.178953, 12135}},
  published = published,
}
