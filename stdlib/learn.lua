-- agent:learn{...}: the outer loop. Collect and update (agent:advance), evaluate, log, report.
--   steps          environment steps to do in this call
--   eval_every     environment steps between evaluations; without it there is none
--   eval_episodes  episodes of each evaluation (10)
--   eval_seed      of each evaluation, so that all meet the same episodes (the run's seed + 1000000)
--   eval_env       id or environment to evaluate in (one like the agent's own)
--   num_eval_envs  environments side by side in an evaluation
--   deterministic  whether the agent acts without noise when it is evaluated (false)
--   log_every      environment steps between lines of metrics (steps / 100, at least 1000)
--   on_eval        function(agent, evaluation, step); returning false ends the learning
--   on_step        function(agent, advance, step), after every agent:advance(); returning false ends the learning
-- Returns the evaluations: {{step = , mean_reward = , std_reward = , mean_ep_length = , success_rate = , interval = {low, high}}, ...}.
-- Calling it again goes on from where the agent is.
local dsrl = require "dsrl"

local known = {
  steps = "number", eval_every = "number", eval_episodes = "number", eval_seed = "number", eval_env = "any", num_eval_envs = "number",
  deterministic = "boolean", log_every = "number", on_eval = "function", on_step = "function",
}

local function check(options)
  if type(options) ~= "table" then error("learn wants a table of options, as in agent:learn{steps = 10000}", 3) end
  for name, value in pairs(options) do
    local wanted = known[name]
    if not wanted then
      local names = {}
      for each in pairs(known) do names[#names + 1] = each end
      table.sort(names)
      error(("unknown option '%s' of learn (valid: %s)"):format(name, table.concat(names, ", ")), 3)
    elseif wanted ~= "any" and type(value) ~= wanted then
      error(("'%s' must be a %s, got %s"):format(name, wanted, tostring(value)), 3)
    end
  end
  for _, name in ipairs{"steps", "eval_every", "eval_episodes", "log_every"} do
    local value = options[name]
    if value and (value < 1 or value ~= math.floor(value)) then error(("'%s' must be a positive integer, got %s"):format(name, value), 3) end
  end
  if not options.steps then error("learn wants steps = how many environment steps to do", 3) end
end

-- The last hundred episodes, as Stable-Baselines3's ep_info_buffer.
local function window()
  local episodes, count = {}, 0
  local self = {}
  function self.add(list)
    for _, episode in ipairs(list) do
      episodes[count % 100 + 1] = episode
      count = count + 1
    end
  end
  -- nil where no episode has the field
  function self.mean(field)
    local sum, n = 0, 0
    for _, episode in ipairs(episodes) do
      local value = episode[field]
      if value == true then value = 1 elseif value == false then value = 0 end
      if value then sum, n = sum + value, n + 1 end
    end
    if n > 0 then return sum / n end
  end
  return self
end

-- The means over `advance().metrics` since the last line of the log.
local function means()
  local sums, counts = {}, {}
  local self = {}
  function self.add(values)
    for name, value in pairs(values or {}) do
      sums[name], counts[name] = (sums[name] or 0) + value, (counts[name] or 0) + 1
    end
  end
  function self.take()
    local result = {}
    for name, sum in pairs(sums) do result[name] = sum / counts[name] end
    sums, counts = {}, {}
    return result
  end
  return self
end

local function learn(agent, options)
  check(options)
  local first = agent.environment_steps
  local last = first + options.steps
  local log_every = options.log_every or math.max(1000, options.steps // 100)
  local history, episodes, train = {}, window(), means()
  local bar = dsrl.progress("learn", last, first)
  local began = dsrl.clock()
  local shown = {}

  local function evaluate(step)
    local result = dsrl.evaluate{
      agent = agent, env = options.eval_env, episodes = options.eval_episodes or 10, num_envs = options.num_eval_envs,
      seed = options.eval_seed or dsrl.run.seed + 1000000, deterministic = options.deterministic or false,
    }
    local total = 0
    for _, length in ipairs(result.lengths) do total = total + length end
    local point = {
      step = step, mean_reward = result.mean_reward, std_reward = result.std_reward, mean_ep_length = total / #result.lengths,
      success_rate = result.success_rate, interval = result.interval,
    }
    history[#history + 1] = point
    dsrl.run.log(step, {
      ["eval/mean_reward"] = point.mean_reward, ["eval/std_reward"] = point.std_reward, ["eval/mean_ep_length"] = point.mean_ep_length,
      ["eval/success_rate"] = point.success_rate,
    })
    shown.eval = point.mean_reward
    bar:update(step, shown)
    return not options.on_eval or options.on_eval(agent, result, step) ~= false
  end

  local function log(step)
    local values = train.take()
    values["rollout/ep_rew_mean"], values["rollout/ep_len_mean"] = episodes.mean("return"), episodes.mean("length")
    values["rollout/success_rate"] = episodes.mean("success")
    values["time/fps"] = (step - first) / math.max(dsrl.clock() - began, 1e-9)
    values["train/n_updates"] = agent.gradient_steps
    dsrl.run.log(step, values)
  end

  -- Whether a multiple of `every` lies between the two.
  local function passed(every, before, now) return (now - first) // every > (before - first) // every end
  local step = first
  local going = not options.eval_every or evaluate(step)
  while going and step < last do
    local before, advance = step, agent:advance()
    step = agent.environment_steps
    episodes.add(advance.episodes)
    train.add(advance.metrics)
    shown.reward, shown.success = episodes.mean("return"), episodes.mean("success")
    bar:update(step, shown)
    if passed(log_every, before, step) or step >= last then log(step) end
    if options.on_step and options.on_step(agent, advance, step) == false then going = false end
    if options.eval_every and (passed(options.eval_every, before, step) or step >= last or not going) then
      going = evaluate(step) and going
    end
  end
  bar:finish()
  return history
end

return learn
