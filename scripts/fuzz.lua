-- Writes lines for the prompt: dsrl-lua fuzz.lua SEED LINES CALLS
-- Random lines are words of Lua in no order. Calls are right ones with something else in an argument's place. What would end the process
-- or leave its folder by right (os, io, debug, !cmd) is not among the words.
local seed, line_count, call_count = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
math.randomseed(seed)
local function pick(list) return list[math.random(#list)] end

local words = {
  "and", "do", "else", "end", "false", "function", "if", "in", "local", "nil", "not", "or", "return", "then", "true", "(", ")", "{", "}", "[", "]",
  "+", "-", "*", "/", "//", "%", "^", "#", "==", "~=", "<", "<=", "=", ";", ":", ",", ".", "..", "...", "::", "<close>", "<const>", "\"", "'", "[[",
  "]]", "--", "=expr", "?", "?dsrl", "?\"noise\"", "%who", "0", "1", "-1", "1e308", "0x", "0/0", "1//0", "'x'", "a", "b", "t", "dsrl", "dsrl.zeros", "dsrl.env",
  "dsrl.agent", "dsrl.policy", "dsrl.stats", "dsrl.json", "_", "_1", "_err", "_G", "_ENV", "pcall", "error", "print", "tostring", "setmetatable", "select",
  "\0", "\255\254", "é", "\t", "\\", "`", "@", "$", "goto", "break", "coroutine.wrap", "string.format", "table.concat", "load",
}

-- The objects that the calls are made with; made anew by each, so that nothing is kept.
local calls = {
  "t:sum($)", "t:mean($, $)", "t:reshape($, $)", "t:matmul($)", "t:select($, $)", "t:narrow($, $, $)", "t:index_select($, $)", "t[$]", "t[{$, $}]",
  "t + $", "$ * t", "t ^ $", "t:permute($, $)", "t:transpose($, $)", "t:softmax($)", "t:clamp($, $)", "t:backward($)", "t:item($)", "t:to_table($)",
  "t:requires_grad($)", "dsrl.tensor($)", "dsrl.zeros($, $)", "dsrl.ones($)", "dsrl.full($, $)", "dsrl.arange($, $, $)", "dsrl.linspace($, $, $)",
  "dsrl.eye($)", "dsrl.cat($, $)", "dsrl.stack($)", "dsrl.cat({t, $}, $)", "dsrl.randn($, $)", "dsrl.uniform($, $, $)", "dsrl.manual_seed($)",
  "dsrl.no_grad($)", "dsrl.env.make($)", "dsrl.env.make('Pendulum-v1', $)", "dsrl.env.make('Pendulum-v1', {seed = $})", "dsrl.env.make('PointFork-v0', {chunk = $})",
  "env:reset($)", "env:reset{seed = $}", "env:step($)", "env:set_state($)", "env.action_space:contains($)", "env.action_space:seed($)", "dsrl.env.options($)",
  "dsrl.data.load($)", "dsrl.data.collect($)", "dsrl.data.collect{env = env, policy = $, steps = 4}", "dsrl.data.demonstrations{episodes = $ and 1}",
  "dsrl.policy.diffusion($)", "dsrl.policy.diffusion{env = env, network = $}", "dsrl.policy.diffusion{env = env, network = {hidden = {4, 4}}, process = $}",
  "dsrl.policy.load($)", "dsrl.sampler.ddim($)", "dsrl.sampler.ddim{steps = $}", "policy:decode($, $)", "policy:act($)", "policy:fit($, $)", "policy:set_sampler($)",
  "policy:set_precision($)", "policy:save($)", "dsrl.agent.sac($)", "dsrl.agent.sac{env = env, hidden = {4}, seed = $}", "dsrl.agent.sac{env = $}",
  "dsrl.agent.dsrl_na($)", "dsrl.agent.dsrl_na{env = env, policy = $}", "dsrl.agent.load_actor($, $)", "agent:act($, $)", "agent:learn($)", "agent:learn{steps = $ and 1}",
  "agent:noise($)", "agent:load($)", "agent[$]", "agent.options = $", "dsrl.evaluate($)", "dsrl.evaluate{agent = $, episodes = 1}", "dsrl.preset($, $)",
  "dsrl.stats.mean($)", "dsrl.stats.quantile($, $)", "dsrl.stats.wilson($, $)", "dsrl.stats.iqm($)", "dsrl.json.text($)", "dsrl.json.parse($)", "dsrl.json.read($)",
  "dsrl.plot.figure($)", "dsrl.plot.figure{series = $}", "dsrl.plot.line($, $)", "dsrl.progress($, $)", "dsrl.threads($ and 2)", "dsrl.run.log($, $)",
  "dsrl.run.path($)", "dsrl.run.stage($, $)", "dsrl.run.stage('s', $)", "dsrl.options($)", "dsrl.clock($)", "tostring($)", "print($)", "string.format('%d %s', $, $)",
  "table.concat($)", "table.unpack($)", "coroutine.wrap($)($)", "setmetatable({}, $)", "load($)", "select($, $)", "string.rep('x', 100, $)", "require($)",
}

local values = {
  "nil", "true", "0", "-1", "1", "2", "1.5", "0/0", "1/0", "-1/0", "math.maxinteger", "math.mininteger", "2^53", "1e300", "'x'", "''", "'\\0'", "('x'):rep(1000)", "{}", "{1}", "{1, 2, 3}",
  "{{1, 2}, {3}}", "{x = 1}", "{[3] = 1}", "{[0] = 1, [1e9] = 2}", "print", "pcall", "error", "function(...) return ... end", "function() error{} end",
  "function() return dsrl.zeros(2, 2) end", "coroutine.create(print)", "coroutine.wrap(function() coroutine.yield(1) end)", "coroutine.yield",
  "dsrl.zeros(0)", "dsrl.zeros(2, 2)", "dsrl.full({2}, 0/0)", "dsrl.ones(3):requires_grad()", "t", "env", "policy", "agent", "_G", "package.loaded",
  "(function() local c = {}; c[1] = c; c.c = c; return c end)()", "(function() local d = {}; for _ = 1, 300 do d = {d} end; return d end)()",
  "setmetatable({}, {__index = function(_, k) return k end, __len = function() return 1e9 end, __name = 'Tensor'})",
  "setmetatable({}, {__tostring = function() return 1 end})", "setmetatable({}, {__tostring = function() error{} end})", "setmetatable({}, {__index = function() error('lies') end})",
  "setmetatable({}, {__call = function(...) return ... end, __metatable = 'Tensor'})", "setmetatable({}, {__gc = function() dsrl.zeros(2):sum() error('gc') end})",
  "setmetatable({}, {__eq = function() return 1 end, __lt = function() error() end, __concat = error, __pairs = error})",
  "(function() local x <close> = setmetatable({}, {__close = function() error('close') end}); return 1 end)()",
  "(function() local function f(n) return n > 0 and 1 + f(n - 1) or 0 end; return f(1e6) end)()",
  "(function() local function f() return pcall(f) end; return f() end)()",
  "coroutine.wrap(function() return dsrl.no_grad(function() return coroutine.yield(1) end) end)()",
  "dsrl.no_grad(function() return coroutine.wrap(function() local function f(n) if n > 0 then dsrl.no_grad(function() f(n - 1) end) end end f(300) end)() end)",
  "select('#', table.unpack({}, 1, 1e5))", "select(2, pcall(string.rep, 'x', 1 << 60))", "('x'):rep(3, 'é\\255')",
}

-- One line each: objects, the call, and nothing left of them.
local setup = "local t, env, policy, agent = dsrl.ones(2, 3), fork, frozen, learner; "
local function mutated()
  local call = pick(calls):gsub("%$", function() return pick(values):gsub("%%", "%%%%") end)
  local kinds = {"%s", "local _ = %s", "pcall(function() return %s end)", "coroutine.wrap(function() return %s end)()", "local x <close> = %s"}
  return (setup .. pick(kinds):gsub("%%s", function() return call end))
end

local function garbage()
  local parts = {}
  for i = 1, math.random(12) do parts[i] = pick(words) end
  return (table.concat(parts, pick{" ", " ", ""}):gsub("\n", " "))
end

print("fork = dsrl.env.make('PointFork-v0', {num_envs = 2, chunk = 2}); fork:reset()")
print("frozen = dsrl.policy.diffusion{env = fork, network = {hidden = {8, 8, 8}}, process = {steps = 5}}; frozen:fit(dsrl.data.demonstrations{episodes = 2}, {epochs = 1})")
print("learner = dsrl.agent.sac{env = fork, hidden = {4}, learning_starts = 1000000}")
-- Behind the strings' metatable, where garbage does not reach: puts the global variables back, collects, says what is held.
print((([[
function string.fuzz(word) local kept = string.fuzz_kept
  for name in kept.pairs(kept.globals) do if kept.first[name] == nil then kept.globals[name] = nil end end
  for name, value in kept.pairs(kept.first) do kept.globals[name] = value end
  kept.collect() kept.collect()
  local held = kept.memory()
  kept.print(word, held.tensors, held.peak, held.objects)
end
string.fuzz_kept = {pairs = pairs, globals = _G, collect = collectgarbage, print = print, memory = dsrl.memory, first = {}}
for name, value in pairs(_G) do string.fuzz_kept.first[name] = value end]]):gsub("\n", " ")))
-- Six times: what Swift let go of in a collection is Lua's to free in the next, which begins with another line.
local function count(word) for _ = 1, 6 do print(("('%s'):fuzz()"):format(word)) end end

-- Once before anything is counted: what the first of its kind sets up is no leak.
local repeated = {}
for i = 1, call_count do repeated[i] = mutated() end
for _, line in ipairs(repeated) do print(line) end
count("BEFORE")
for _ = 1, line_count do
  print(garbage())
  print(")]]")   -- closes what the line left open
end
for _, line in ipairs(repeated) do print(line) end
count("AFTER")
