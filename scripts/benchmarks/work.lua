-- One worker of scripts/bench: the work of docs/benchmarks.md by dsrl-lua itself.
--   dsrl-lua work.lua WORKLOADS THREADS PRECISIONS REMEMBERED
-- It announces its cases, then answers on standard output what it is told on standard input; see workers.py for the protocol.
local cases = require "cases"

local wanted, threads, precisions, remembered = table.unpack(arg)
dsrl.threads(math.tointeger(tonumber(threads)))
io.stdout:setvbuf("line")

local function say(...) print("@ " .. table.concat({...}, " ")) end

local known = {}

local function announce(case)
  known[case.name .. " " .. case.implementation] = case
  say("case", case.name, case.implementation, case.scale or 1)
end

say("version", "dsrl-lua", dsrl.version)
local context = {
  add = announce, missing = function(name, implementation, reason) say("missing", name, implementation, (tostring(reason):gsub("^[^:]*:%d+: ", ""):gsub("%s+", " "))) end,
  fact = function(name, value) say("fact", name, value) end, remembered = math.tointeger(tonumber(remembered)) or 50000, precisions = {},
}
for precision in (precisions or "float32,bfloat16"):gmatch("[^,]+") do table.insert(context.precisions, precision) end
for workload in wanted:gmatch("[^,]+") do
  if not cases[workload] then
    local names = {}
    for name in pairs(cases) do table.insert(names, name) end
    table.sort(names)
    error("there is no workload " .. workload .. "; there are " .. table.concat(names, ", "), 0)
  end
  cases[workload](context)
end
say("ready")

local function case(name, implementation)
  return known[name .. " " .. implementation] or error(("there is no case %s of %s"):format(name, implementation), 0)
end

local answers = {}

function answers.run(name, implementation, count)
  local seconds, calls, waited = case(name, implementation).run(math.tointeger(tonumber(count)))
  say("took", string.format("%.9g", seconds), calls, string.format("%.9g", waited))
end

-- Every call by itself, less what it waited.
function answers.each(name, implementation, count)
  local run, times = case(name, implementation).run, {}
  for i = 1, math.tointeger(tonumber(count)) do
    local seconds, _, waited = run(1)
    times[i] = string.format("%.9g", math.max(seconds - waited, 0))
  end
  say("each", table.concat(times, " "))
end

function answers.threads(count)
  dsrl.threads(math.tointeger(tonumber(count)))
  say("done")
end

for line in io.stdin:lines() do
  local words = {}
  for word in line:gmatch("%S+") do table.insert(words, word) end
  if words[1] == "quit" then break end
  local good, message = pcall(answers[words[1]] or error, table.unpack(words, 2))
  if not good then say("failed", (tostring(message):gsub("%s+", " "))) end
end
