-- agent:learn{diagnostics = true or every so many steps}: agent:diagnose along the way, the base policy on the evaluations' seeds, and at the end a
-- picture (diagnostics.svg in the run's folder) and what it all says, in words. Nothing of it moves the learning.
local dsrl, words = require "dsrl", require "diagnosis_words"

local diagnostics = {}
local with_actor = {sac = true, dsrl_sac = true, dsrl_na = true, residual = true}
local pictures = 0

-- The lines of the picture: what agent:diagnose calls them, and what they are called there.
local lines = {
  {"ent_coef", "temperature"}, {"saturation", "saturated noise"}, {"box_coverage", "coverage of the box"},
  {"pairs_gaussian", "pairs ordered alike, base policy's noise"}, {"pairs_actor", "pairs ordered alike, actor's noise"},
}

local function draw(seen, history)
  local series = {}
  for _, line in ipairs(lines) do
    local values = seen.values[line[1]]
    if values then series[#series + 1] = {label = line[2], x = values.steps, y = values.numbers} end
  end
  local success = {label = "success", x = {}, y = {}}
  for _, point in ipairs(history) do
    if point.success_rate then success.x[#success.x + 1], success.y[#success.y + 1] = point.step, point.success_rate end
  end
  if #success.x > 0 then series[#series + 1] = success end
  if #success.x > 1 and seen.base and seen.base.success_rate then
    series[#series + 1] = {label = "base policy's success", x = {success.x[1], success.x[#success.x]}, y = {seen.base.success_rate, seen.base.success_rate}}
  end
  if #series == 0 then return end
  pictures = pictures + 1
  local name = pictures == 1 and "diagnostics.svg" or ("diagnostics-%d.svg"):format(pictures)
  dsrl.plot.figure{title = "While it learned", xlabel = "steps", series = series, ylim = {0, 1}, width = 1200, file = dsrl.run.path(name)}
end

local nothing = {look = function() end, compare = function() end, finish = function() end}

-- `state` is the loop's, which checkpoints keep.
function diagnostics.watch(agent, options, state, way)
  if not options.diagnostics then return nothing end
  if not with_actor[agent.kind] then error(("diagnostics want an agent with an actor and critics (sac, dsrl_sac, dsrl_na, residual), got a %s"):format(agent.kind), 3) end
  local every = options.diagnostics == true and math.max(1, options[way.unit] // 20) or options.diagnostics
  local seed = options.eval_seed or dsrl.run.seed + 1000000
  state.diagnosis = state.diagnosis or {values = {}}
  local seen, watch = state.diagnosis, {}

  -- Between two steps of the loop, `before` and `now`.
  function watch.look(before, now)
    if (now - state.first) // every == (before - state.first) // every then return end
    local logged = {}
    for name, number in pairs(agent:diagnose{seed = seed}) do
      logged["diagnostics/" .. name] = number
      local values = seen.values[name] or {steps = {}, numbers = {}}
      values.steps[#values.steps + 1], values.numbers[#values.numbers + 1] = now, number
      seen.values[name] = values
    end
    dsrl.run.log(now, logged)
  end

  -- After an evaluation: the policy that is steered meets the same episodes, once.
  function watch.compare(step)
    if not agent.policy then return end
    if not seen.base then
      local found = dsrl.evaluate{
        policy = agent.policy, env = options.eval_env or agent.env, episodes = options.eval_episodes or 10, num_envs = options.num_eval_envs, seed = seed,
      }
      seen.base = {mean_reward = found.mean_reward, success_rate = found.success_rate}
    end
    dsrl.run.log(step, {["eval/base_mean_reward"] = seen.base.mean_reward, ["eval/base_success_rate"] = seen.base.success_rate})
  end

  function watch.finish()
    if dsrl.dist.rank > 0 then return end
    for _, line in ipairs(words(seen, state.history, options.eval_episodes or 10)) do print(line) end
    if not dsrl.run.folder then return end
    local ok, problem = pcall(draw, seen, state.history)
    if not ok then io.stderr:write(("dsrl-lua: no picture of the diagnostics: %s\n"):format(problem)) end
  end
  return watch
end

return diagnostics
