-- The two ways to learn, by acting (agent:learn) and from data alone (agent:learn_offline), and the options of both.
--   unit     the option that says how long
--   done     how far an agent is in that unit
--   forward  one step of the loop, as agent:advance()
local ways = {}

ways.online = {
  name = "learn", unit = "steps", what = "environment steps", done = function(agent) return agent.environment_steps end,
  forward = function(agent) return agent:advance() end,
}

ways.offline = {
  name = "learn_offline", unit = "gradient_steps", what = "gradient steps", done = function(agent) return agent.gradient_steps end,
  forward = function(agent)
    local before = agent.gradient_steps
    local metrics = agent:train()
    return {environment_steps = 0, transitions = 0, gradient_steps = agent.gradient_steps - before, episodes = {}, metrics = metrics}
  end,
}

local known = {
  eval_every = "number", eval_episodes = "number", eval_seed = "number", eval_env = "any", num_eval_envs = "number", deterministic = "boolean",
  log_every = "number", save_every = "number", diagnostics = "any", on_eval = "function", on_step = "function", on_episode = "function",
}

-- Raises at the line that called the function that calls this.
function ways.check(options, way)
  if type(options) ~= "table" then error(("%s wants a table of options, as in agent:%s{%s = 10000}"):format(way.name, way.name, way.unit), 3) end
  for name, value in pairs(options) do
    local wanted = name == way.unit and "number" or known[name]
    if not wanted then
      local names = {way.unit}
      for each in pairs(known) do names[#names + 1] = each end
      table.sort(names)
      error(("unknown option '%s' of %s (valid: %s)"):format(name, way.name, table.concat(names, ", ")), 3)
    elseif wanted ~= "any" and type(value) ~= wanted then
      error(("'%s' must be a %s, got %s"):format(name, wanted, tostring(value)), 3)
    end
  end
  for _, name in ipairs{way.unit, "eval_every", "eval_episodes", "log_every", "save_every"} do
    local value = options[name]
    if value and (value < 1 or value ~= math.floor(value)) then error(("'%s' must be a positive integer, got %s"):format(name, value), 3) end
  end
  local looks = options.diagnostics
  if looks ~= nil and type(looks) ~= "boolean" and (math.type(looks) ~= "integer" or looks < 1) then
    error(("'diagnostics' must be true, false or a positive integer, got %s"):format(tostring(looks)), 3)
  end
  if not options[way.unit] then error(("%s wants %s = how many %s to do"):format(way.name, way.unit, way.what), 3) end
end

return ways
