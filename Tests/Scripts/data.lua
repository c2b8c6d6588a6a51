-- Behaviour data as scripts hold them.
local dsrl = require "dsrl"
local check = require "check"

local data = dsrl.data.demonstrations{episodes = 6, seed = 1}
local kept = data:filter(function(episode) return episode.index % 2 == 0 end)
assert(#kept.episodes == 3 and kept.episodes[1].length == data.episodes[2].length)
assert(#data:slice(2, -2).episodes == 4 and #data:first(1).episodes == 1)
assert(#data:filter{top = 0.5}.episodes == 3)
assert(#kept:concat(data).episodes == 9 and #dsrl.data.concat{data, data, kept}.episodes == 15)

local windows = data:windows{horizon = 3, observation_steps = 2, pad_after = 2}
assert(#windows.starts == #data and windows.actions.shape[2] == 3 and windows.observations.shape[2] == 2)
-- The first window shows the first observation twice; the last repeats the last action.
assert(windows.observations[1][1]:to_table()[1] == windows.observations[1][2]:to_table()[1])
assert(windows.actions[-1][1]:to_table()[1] == windows.actions[-1][3]:to_table()[1])

local ranges = data:normalization()
local policy = dsrl.policy.diffusion{observation_size = 2, action_size = 2, horizon = 2, network = {hidden = {8, 8, 8}}, normalization = ranges}
assert(policy.normalization_hash == ranges.hash)
policy:fit(data, {epochs = 1})
assert(policy.normalization_hash == ranges.hash)

check.near(dsrl.data.normalized_score("hopper-medium-v2", 3234.3), 100)

-- Collected data know what was seen last, and so can be written in Minari's layout.
local still = function(observation) return dsrl.zeros(observation.shape[1], 1, 2) end
local collected = dsrl.data.collect{env = "PointFork-v0", policy = still, episodes = 4, num_envs = 2, noise = 0.5, seed = 3}
assert(collected.final_observations.shape[1] == 4 and collected.success ~= nil)
check.near(collected.actions:std():item(), 0.5, 0.1)
local same = dsrl.data.collect{env = "PointFork-v0", policy = still, episodes = 4, num_envs = 2, noise = 0.5, seed = 3}
assert((same.actions - collected.actions):abs():max():item() == 0)
for _, name in ipairs{"d.hdf5", "d.npz", "d-v0/"} do
  local path = dsrl.run.path(name)
  collected:save(path)
  local read = dsrl.data.load((path:gsub("/$", "")))
  assert((read.observations - collected.observations):abs():max():item() == 0 and #read.episodes == 4)
  assert((read.final_observations - collected.final_observations):abs():max():item() == 0)
  assert(#dsrl.data.load((path:gsub("/$", "")), {episodes = {2, 3}}).episodes == 2)
end
assert(tostring(collected):find("success in", 1, true))
