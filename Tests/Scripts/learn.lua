-- The outer loop over an agent that only counts.
local dsrl, check, learn = require "dsrl", require "check", require "learn"

local function counter()
  local agent = {environment_steps = 0, gradient_steps = 0}
  function agent:advance()
    self.environment_steps, self.gradient_steps = self.environment_steps + 7, self.gradient_steps + 1
    local episode = {["return"] = self.environment_steps, length = 7, success = self.environment_steps > 70}
    return {environment_steps = 7, transitions = 7, gradient_steps = 1, episodes = {episode}, metrics = {["train/actor_loss"] = 1 / self.gradient_steps}}
  end
  return agent
end

local plain, calls = dsrl.evaluate, {}
dsrl.evaluate = function(options)
  calls[#calls + 1] = options
  return {mean_reward = options.agent.environment_steps, std_reward = 0, lengths = {3, 5}, success_rate = 0.5, interval = {0, 1}}
end

local agent = counter()
local steps = 0
local history = learn(agent, {steps = 100, eval_every = 30, eval_episodes = 2, eval_seed = 9, log_every = 50, on_step = function() steps = steps + 1 end})
assert(steps == 15 and agent.environment_steps == 105)
-- at 0, at the first step past 30, 60 and 90, and at the end
local at = {}
for i, point in ipairs(history) do at[i] = point.step end
assert(table.concat(at, " ") == "0 35 63 91 105", table.concat(at, " "))
assert(history[2].mean_reward == 35 and history[2].mean_ep_length == 4 and history[2].success_rate == 0.5)
assert(calls[1].episodes == 2 and calls[1].seed == 9 and calls[1].agent == agent and calls[1].deterministic == false)

-- Goes on; a callback ends it.
history = learn(agent, {steps = 50, eval_every = 10, on_eval = function(_, _, step) return step < 120 end})
assert(history[1].step == 105 and history[#history].step == 126, history[#history].step)
assert(#learn(counter(), {steps = 20}) == 0)

-- What it logged
local lines = {}
for line in io.lines(dsrl.run.path("metrics.jsonl")) do lines[#lines + 1] = dsrl.json.parse(line) end
local logged
for _, line in ipairs(lines) do if not logged and line["time/fps"] then logged = line end end
assert(logged["time/total_timesteps"] == 56 and logged["rollout/ep_len_mean"] == 7)
check.near(logged["rollout/ep_rew_mean"], (7 + 56) / 2)
check.near(logged["train/actor_loss"], (1 + 1/2 + 1/3 + 1/4 + 1/5 + 1/6 + 1/7 + 1/8) / 8)
assert(logged["rollout/success_rate"] == 0 and lines[1]["eval/mean_reward"] == 0 and lines[1]["eval/success_rate"] == 0.5)

-- Every episode is shown; one may be enough.
local returns = {}
learn(counter(), {steps = 50, on_episode = function(_, episode, step)
  returns[#returns + 1] = episode["return"] == step and episode.length
  return step < 21
end})
assert(#returns == 3 and returns[3] == 7)

check.fails("unknown option 'step' of learn", learn, agent, {step = 1})
check.fails("'steps' must be a positive integer", learn, agent, {steps = 0})
check.fails("'eval_every' must be a number", learn, agent, {steps = 1, eval_every = "x"})
check.fails("wants steps", learn, agent, {})
dsrl.evaluate = plain
