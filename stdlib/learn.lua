-- agent:learn{...}: the outer loop. Collect and update (agent:advance), evaluate, log, report.
--   steps          environment steps to do in this call
--   eval_every     environment steps between evaluations; without it there is none
--   eval_episodes  episodes of each evaluation (10)
--   eval_seed      of each evaluation, so that all meet the same episodes (the run's seed + 1000000)
--   eval_env       id or environment to evaluate in (one like the agent's own)
--   num_eval_envs  environments side by side in an evaluation
--   deterministic  whether the agent acts without noise when it is evaluated (false)
--   log_every      environment steps between lines of metrics (steps / 100, at least 1000)
--   save_every     environment steps between checkpoints of a run, beside the one that is made when the run is told to stop
--   on_eval        function(agent, evaluation, step); returning false ends the learning
--   on_step        function(agent, advance, step), after every agent:advance(); returning false ends it
-- Returns the evaluations: {{step = , mean_reward = , std_reward = , mean_ep_length = , success_rate = , interval = {low, high}}, ...}.
-- Calling it again goes on from where the agent is. In a resumed run it goes on from where it was stopped, to the same numbers.
local dsrl, checkpoints = require "dsrl", require "checkpoints"

local known = {
  steps = "number", eval_every = "number", eval_episodes = "number", eval_seed = "number", eval_env = "any", num_eval_envs = "number",
  deterministic = "boolean", log_every = "number", save_every = "number", on_eval = "function", on_step = "function",
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
  for _, name in ipairs{"steps", "eval_every", "eval_episodes", "log_every", "save_every"} do
    local value = options[name]
    if value and (value < 1 or value ~= math.floor(value)) then error(("'%s' must be a positive integer, got %s"):format(name, value), 3) end
  end
  if not options.steps then error("learn wants steps = how many environment steps to do", 3) end
end

-- The last hundred episodes, as Stable-Baselines3's ep_info_buffer; `state` holds episodes and their count.
local function remember(state, list)
  for _, episode in ipairs(list) do
    state.episodes[state.count % 100 + 1] = episode
    state.count = state.count + 1
  end
end

-- The mean of a field over them; nil where no episode has it.
local function mean(state, field)
  local sum, n = 0, 0
  for _, episode in ipairs(state.episodes) do
    local value = episode[field]
    if value == true then value = 1 elseif value == false then value = 0 end
    if value then sum, n = sum + value, n + 1 end
  end
  if n > 0 then return sum / n end
end

-- The means over `advance().metrics` since the last line of the log.
local function add(state, values)
  for name, value in pairs(values or {}) do
    state.sums[name], state.counts[name] = (state.sums[name] or 0) + value, (state.counts[name] or 0) + 1
  end
end
local function take(state)
  local result = {}
  for name, sum in pairs(state.sums) do result[name] = sum / state.counts[name] end
  state.sums, state.counts = {}, {}
  return result
end

local function learn(agent, options)
  check(options)
  local learning <close> = checkpoints.learning(agent, options, options.save_every)
  local first = agent.environment_steps
  -- All that the loop knows between two of its steps.
  local state = learning.state or {
    first = first, step = first, going = true, evaluates = options.eval_every ~= nil, history = {}, episodes = {}, count = 0, sums = {}, counts = {},
  }
  if learning.is_done then
    learning.finish(state)
    return state.history
  end
  first = state.first
  local last, resumed = first + options.steps, state.step
  local log_every = options.log_every or math.max(1000, options.steps // 100)
  local bar = dsrl.progress("learn", last, resumed)
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
    table.insert(state.history, point)
    dsrl.run.log(step, {
      ["eval/mean_reward"] = point.mean_reward, ["eval/std_reward"] = point.std_reward, ["eval/mean_ep_length"] = point.mean_ep_length,
      ["eval/success_rate"] = point.success_rate,
    })
    shown.eval = point.mean_reward
    bar:update(step, shown)
    return not options.on_eval or options.on_eval(agent, result, step) ~= false
  end

  local function log(step)
    local values = take(state)
    values["rollout/ep_rew_mean"], values["rollout/ep_len_mean"] = mean(state, "return"), mean(state, "length")
    values["rollout/success_rate"] = mean(state, "success")
    values["time/fps"] = (step - resumed) / math.max(dsrl.clock() - began, 1e-9)
    values["train/n_updates"], values["train/transitions"], values["train/update_ratio"] = agent.gradient_steps, agent.transitions, agent.update_ratio
    dsrl.run.log(step, values)
  end

  -- Whether a multiple of `every` lies between the two.
  local function passed(every, before, now) return (now - first) // every > (before - first) // every end
  while true do
    learning.pause(state)
    if state.evaluates then
      state.evaluates = false
      state.going = evaluate(state.step) and state.going
    elseif state.going and state.step < last then
      local before, advance = state.step, agent:advance()
      local step = agent.environment_steps
      state.step = step
      remember(state, advance.episodes)
      add(state, advance.metrics)
      shown.reward, shown.success = mean(state, "return"), mean(state, "success")
      bar:update(step, shown)
      if passed(log_every, before, step) or step >= last then log(step) end
      if options.on_step and options.on_step(agent, advance, step) == false then state.going = false end
      state.evaluates = options.eval_every and (passed(options.eval_every, before, step) or step >= last or not state.going)
    else
      break
    end
  end
  bar:finish()
  learning.finish(state)
  return state.history
end

return learn
