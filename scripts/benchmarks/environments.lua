-- How fast environments written in Lua step, docs/environments.md: dsrl-lua scripts/benchmarks/environments.lua [ROUNDS]
-- Every figure is the median over rounds, in which the cases take turns; behind it the quartiles.
local dsrl = require "dsrl"

local rounds = math.tointeger(tonumber(arg and arg[1])) or 15
local source = [[
return {
  id = "TwoMarks-v0", observation_space = {low = -3, high = 3, shape = 2}, action_space = {low = -1, high = 1}, max_episode_steps = 40,
  reset = function(self, rng)
    self.x, self.v = rng:normal(0, 0.05), 0
    return {self.x, self.v}
  end,
  step = function(self, action)
    BUSY
    self.v = 0.8 * self.v + 0.2 * action[1]
    self.x = math.max(-3, math.min(3, self.x + 0.2 * self.v))
    return {self.x, self.v}, -math.abs(self.x - 1), false
  end,
}]]

-- The task as a file, and one whose step computes for a while without touching memory: what a second thread brings here.
local function file(busy)
  local path = os.tmpname()
  local handle = assert(io.open(path, "w"))
  handle:write((source:gsub("BUSY", function() return busy end)))
  handle:close()
  return path
end
local task, loop = file(""), file("local s = 0.0 for i = 1, 20000 do s = s + (i % 7) * 0.5 end")
dsrl.env.define(dofile(task))

-- Steps of single environments a second, over some `seconds`.
local function stepping(env, seconds)
  local n, chunk, width = env.num_envs, env.chunk, env.action_space.shape[1]
  local actions = dsrl.uniform({n, chunk * width}, -1, 1)
  env:reset{seed = 1}
  return function()
    local function run(count)
      local start = dsrl.clock()
      for _ = 1, count do env:step(actions) end
      return dsrl.clock() - start
    end
    local count = 1
    while run(count) < seconds / 4 do count = count * 2 end
    return 4 * count * n * chunk / run(4 * count)
  end
end

local function show(what, values, format)
  local low, high = dsrl.stats.quantile(values, 0.25), dsrl.stats.quantile(values, 0.75)
  print(("%-58s " .. format .. " (" .. format .. " to " .. format .. ")"):format(what, dsrl.stats.median(values), low, high))
end

-- 1. One thread.
dsrl.threads(1)
local single = {}
for _, case in ipairs{{1, 8}, {16, 1}, {16, 8}} do
  local env = dsrl.env.make("TwoMarks-v0", {num_envs = case[1], chunk = case[2]})
  table.insert(single, {name = ("%d in chunks of %d, steps/s on one thread"):format(case[1], case[2]), rate = stepping(env, 0.05), rates = {}})
end

-- 2. Sixteen interpreters on one thread and on two.
local scaling = {}
for _, case in ipairs{{loop, 1, "a loop that computes"}, {task, 1, "16 apart, single steps"}, {task, 8, "16 apart, chunks of 8"}} do
  local env = dsrl.env.script(case[1], {num_envs = 16, chunk = case[2]})
  table.insert(scaling, {name = case[3], rate = stepping(env, 0.03), one = {}, two = {}, gain = {}, share = {}})
end

-- 3. A reward of three tensor operations around sixteen Hoppers: what it adds to a step, in parts of one, Hopper's physics stepped too.
local plain = stepping(dsrl.env.make("Hopper-v5", {num_envs = 16}), 0.02)
local wrapped = stepping(dsrl.env.wrap("Hopper-v5", {num_envs = 16, batch = true,
  reward = function(_, action, next_obs) return next_obs:select(2, 6) - (action * action):sum(2) * 0.001 end}), 0.02)
local added = {}

for round = 1, rounds do
  dsrl.threads(1)
  for _, case in ipairs(single) do case.rates[round] = case.rate() end
  local pairs_of_round = {}
  for k = 1, 9 do pairs_of_round[k] = 100 * (plain() / wrapped() - 1) end
  added[round] = dsrl.stats.median(pairs_of_round)
  for _, case in ipairs(scaling) do
    dsrl.threads(1)
    case.one[round] = case.rate()
    dsrl.threads(2)
    case.two[round] = case.rate()
    case.gain[round] = case.two[round] / case.one[round]
    case.share[round] = case.gain[round] / scaling[1].gain[round]
  end
end
for _, case in ipairs(single) do show(case.name, case.rates, "%.0f") end
for _, case in ipairs(scaling) do
  show(case.name .. ", steps/s on one thread", case.one, "%.0f")
  show(case.name .. ", steps/s on two", case.two, "%.0f")
  show(case.name .. ", gain of the second thread", case.gain, "%.2f")
end
for k = 2, #scaling do show(scaling[k].name .. ", gain as a share of the loop's", scaling[k].share, "%.2f") end
show("a batch reward, % of a step of 16 Hoppers", added, "%.1f")
os.remove(task)
os.remove(loop)
