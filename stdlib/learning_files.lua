-- What those who read Stable-Baselines3's and rl_zoo3's files find of a run: monitor.csv, a line for each episode of training, and evaluations.npz, every
-- episode of the evaluations. The first agent that learns in a run has them in the run's folder, the others in agent-2, agent-3, ... below it.
-- Checkpoints keep the lines of a call of agent:learn, and its evaluations in the loop's state.
local dsrl, host = require "dsrl", require "dsrl.host"

local records = {}
records.none = {add = function() end, evaluated = function() end}

local known, count = setmetatable({}, {__mode = "k"}), 0

-- The file holds what is side by side in a matrix: the evaluations with as many episodes as the last.
local function write(folder, evaluations)
  local last = evaluations[#evaluations]
  if not last then return end
  local steps, returns, lengths, successes = {}, {}, {}, {}
  for _, each in ipairs(evaluations) do
    if #each.returns == #last.returns and (each.successes == nil) == (last.successes == nil) then
      steps[#steps + 1], returns[#returns + 1], lengths[#lengths + 1], successes[#successes + 1] = each.step, each.returns, each.lengths, each.successes
    end
  end
  host.write_evaluations(folder, steps, returns, lengths, last.successes and successes)
end

local function make(agent)
  count = count + 1
  local folder = count == 1 and dsrl.run.folder or ("%s/agent-%d"):format(dsrl.run.folder, count)
  local id = agent.env.id
  local record, past = {}, {}   -- past: the evaluations of calls before

  local function all(state)
    local list = table.move(past, 1, #past, 1, {})
    return table.move(state.evaluations or {}, 1, #(state.evaluations or {}), #list + 1, list)
  end

  function record.mark() return host.episode_mark(folder) end
  function record.lines(mark) return host.episode_lines(folder, mark) end
  function record.replay(lines, state)
    host.replay_episodes(folder, id, lines)
    write(folder, all(state))
  end
  function record.add(episodes)
    for _, episode in ipairs(episodes) do host.add_episode(folder, id, episode["return"], episode.length, episode.success) end
  end
  function record.evaluated(state, step, result)
    state.evaluations = state.evaluations or {}
    table.insert(state.evaluations, {step = step, returns = result.returns, lengths = result.lengths, successes = result.successes})
    write(folder, all(state))
  end
  function record.finish(state) past = all(state) end
  return record
end

-- The record of an agent that learns in a run.
function records.of(agent)
  known[agent] = known[agent] or make(agent)
  return known[agent]
end

return records
