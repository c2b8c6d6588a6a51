-- skills{agent=, env=, levels=, ...}: lets an agent learn and keeps its actor as it passes levels of skill, for behaviour data of a known kind.
--
-- levels: a list of {name = , low = , high = } in returns; the first look whose mean return lies between the two keeps the actor, acting with
--   its noise, as path .. name .. ".safetensors".
-- steps: environment steps at the most; check_every: environment steps between looks; episodes: of each look; seed: of the looks;
-- path: a name that is begun with. Ends when every level is found. Returns what was found, name -> evaluation, and what was not, a list.
local dsrl = require "dsrl"

return function(opt)
  local found, left = {}, #opt.levels
  local next_look = opt.check_every
  opt.agent:learn{
    steps = opt.steps,
    on_step = function(_, _, step)
      if step < next_look then return end
      next_look = next_look + opt.check_every
      local look
      for _, level in ipairs(opt.levels) do
        if not found[level.name] then
          look = look or dsrl.evaluate{agent = opt.agent, episodes = opt.episodes, num_envs = math.min(10, opt.episodes), seed = opt.seed}
          if look.mean_reward >= level.low and look.mean_reward <= level.high then
            local path = opt.path .. level.name .. ".safetensors"
            opt.agent:save_actor(path, {deterministic = false})
            print(("%s, after %d environment steps: %s, saved to %s"):format(level.name, step, look, path))
            found[level.name], left = look, left - 1
          end
        end
      end
      if left == 0 then return false end
    end,
  }
  local missing = {}
  for _, level in ipairs(opt.levels) do
    if not found[level.name] then missing[#missing + 1] = level.name end
  end
  return found, missing
end
