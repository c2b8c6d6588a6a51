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
--   diagnostics    true or every so many steps: agent:diagnose along the way, the base policy beside each evaluation, a picture and words at the end
--   on_eval        function(agent, evaluation, step); returning false ends the learning
--   on_step        function(agent, advance, step), after every agent:advance(); returning false ends it
--   on_episode     function(agent, episode, step), for every episode that ended in it; returning false ends it
-- What they are given may be changed by agent:set_options.
-- Returns the evaluations: {{step = , mean_reward = , std_reward = , mean_ep_length = , success_rate = , interval = {low, high}}, ...}.
-- Calling it again goes on from where the agent is. In a resumed run it goes on from where it was stopped, to the same numbers.
-- Under mpirun all ranks do it together: dsrl.dist.
local dsrl, checkpoints, ways, diagnostics, ranks = require "dsrl", require "checkpoints", require "ways", require "diagnostics", require "dist_learning"

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

local function learn(agent, options, way)
  if way ~= ways.offline then way = ways.online end
  ways.check(options, way)
  local learning <close> = checkpoints.learning(agent, options, options.save_every)
  local together <close> = ranks(agent)
  local first = way.done(agent)
  -- All that the loop knows between two of its steps.
  local state = learning.state or {
    first = first, step = first, going = true, evaluates = options.eval_every ~= nil, history = {}, episodes = {}, count = 0, sums = {}, counts = {},
  }
  local watch = diagnostics.watch(agent, options, state, way)
  if learning.is_done then
    watch.finish()
    learning.finish(state)
    return state.history
  end
  first = state.first
  local last, resumed = first + options[way.unit], state.step
  local log_every = options.log_every or math.max(1000, options[way.unit] // 100)
  local bar = dsrl.progress(way.name, last, resumed)
  local began = dsrl.clock()
  local shown = {}

  local function evaluate(step)
    local result = dsrl.evaluate{
      agent = agent, env = options.eval_env, episodes = options.eval_episodes or 10, num_envs = options.num_eval_envs,
      seed = options.eval_seed or dsrl.run.seed + 1000000, deterministic = options.deterministic or false, distributed = together.size > 1 or nil,
    }
    local total = 0
    for _, length in ipairs(result.lengths) do total = total + length end
    local point = {
      step = step, mean_reward = result.mean_reward, std_reward = result.std_reward, mean_ep_length = total / #result.lengths,
      success_rate = result.success_rate, interval = result.interval,
    }
    table.insert(state.history, point)
    if way == ways.online then learning.record.evaluated(state, step, result) end
    dsrl.run.log(step, {
      ["eval/mean_reward"] = point.mean_reward, ["eval/std_reward"] = point.std_reward, ["eval/mean_ep_length"] = point.mean_ep_length,
      ["eval/success_rate"] = point.success_rate,
    })
    watch.compare(step)
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
      local before, advance = state.step, way.forward(agent)
      local step = way.done(agent)
      state.step = step
      remember(state, advance.episodes)
      learning.record.add(advance.episodes)
      add(state, advance.metrics)
      shown.reward, shown.success = mean(state, "return"), mean(state, "success")
      bar:update(step, shown)
      if passed(log_every, before, step) or step >= last then log(step) end
      watch.look(before, step)
      if options.on_step and options.on_step(agent, advance, step) == false then state.going = false end
      for _, episode in ipairs(options.on_episode and advance.episodes or {}) do
        if options.on_episode(agent, episode, step) == false then state.going = false end
      end
      state.evaluates = options.eval_every and (passed(options.eval_every, before, step) or step >= last or not state.going)
    else
      break
    end
  end
  bar:finish()
  watch.finish()
  learning.finish(state)
  together.finish()
  return state.history
end

return learn
