-- skills{agent=, levels=, ...}: lets an agent learn and keeps its actor as it passes levels of skill, for behaviour data of a known kind.
--
-- levels: a list of {name = , low = , high = , falls = } in returns; the first look whose mean return lies between the two keeps the actor, acting with
--   its noise, as path .. name .. ".safetensors"; falls: the share of episodes that must end before the time limit, at least (0).
-- steps: environment steps at the most; check_every: environment steps between looks; episodes: of each look; last_episodes: of another one that
--   must find the same before the actor is kept (none); seed: of the looks; path: a name that is begun with.
-- Ends when every level is found. Returns what was found, name -> evaluation, and what was not, a list.
local dsrl = require "dsrl"

return function(opt)
  local found, left = {}, #opt.levels
  local next_look, limit = opt.check_every, opt.agent.env.max_episode_steps

  local function look(episodes)
    return dsrl.evaluate{agent = opt.agent, episodes = episodes, num_envs = math.min(10, episodes), seed = opt.seed}
  end

  local function within(level, seen) return seen.mean_reward >= level.low and seen.mean_reward <= level.high end

  local function fallen(seen)
    local count = 0
    for _, length in ipairs(seen.lengths) do
      if limit and length < limit then count = count + 1 end
    end
    return count / #seen.lengths
  end

  opt.agent:learn{
    steps = opt.steps,
    on_step = function(_, _, step)
      if step < next_look then return end
      next_look = next_look + opt.check_every
      local first, last
      for _, level in ipairs(opt.levels) do
        if not found[level.name] then
          first = first or look(opt.episodes)
          if within(level, first) then
            last = last or opt.last_episodes and look(opt.last_episodes) or first
            if within(level, last) and fallen(last) >= (level.falls or 0) then
              local path = opt.path .. level.name .. ".safetensors"
              opt.agent:save_actor(path, {deterministic = false})
              print(("%s, after %d environment steps: %s, %.0f %% fall, saved to %s"):format(level.name, step, last, 100 * fallen(last), path))
              found[level.name], left = last, left - 1
            end
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
