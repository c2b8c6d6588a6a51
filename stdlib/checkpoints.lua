-- What a run remembers of itself, so that `dsrl-lua run --resume` goes on instead of beginning anew.
--   stage(name, body)           dsrl.run.stage: what a finished part of a script returned
--   learning(agent, described)  for learn.lua: an agent between two of its steps, with the state of the loop around it
-- Both remember the lines of metrics that were logged on the way, and log them again. After both the script's own random numbers
-- (math.random, dsrl.randn) begin anew, so that it makes no difference whether something was done or remembered.
local host, records = require "dsrl.host", require "learning_files"

local checkpoints = {}

-- A value as Lua source that gives the very same value back; `object` writes what source cannot say.
local function source(value, object)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" or kind == "nil" then return ("%q"):format(value) end
  if kind == "table" then
    if getmetatable(value) ~= nil then error("a table with a metatable cannot be kept in a file", 0) end
    local parts = {}
    for key, inner in pairs(value) do parts[#parts + 1] = ("[%s]=%s"):format(source(key, object), source(inner, object)) end
    table.sort(parts)   -- Lua's own order is another in every process
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return object(value)
end

-- `fill(temporary)` writes what else is to be in the folder.
local function write(folder, value, fill)
  host.write_folder(folder, function(temporary)
    local count = 0
    local function object(inner)
      count = count + 1
      local kind, seed = host.save(inner, ("%s/%d"):format(temporary, count))
      return ("object(%q, %d, %s)"):format(kind, count, seed)
    end
    host.write(temporary .. "/state.lua", "return " .. source(value, object) .. "\n")
    if fill then fill(temporary) end
  end)
end

local function read(folder)
  local function object(kind, number, seed) return host.load(kind, ("%s/%d"):format(folder, number), seed) end
  return assert(load(host.read(folder .. "/state.lua"), "=checkpoint", "t", {object = object}))()
end

local done = {}

function checkpoints.stage(name, body)
  if type(name) ~= "string" or not name:find("^[%w_-]+$") then error("a stage's name is made of letters, digits, _ and -", 2) end
  if type(body) ~= "function" then error("a stage wants a function, got " .. type(body), 2) end
  if not host.folder then return body() end
  if done[name] then error(("there has been a stage '%s' in this run before"):format(name), 2) end
  done[name] = true
  local folder = host.folder .. "/stage-" .. name
  if host.check_folder(folder) then
    host.replay(read(folder).metrics)
  else
    local mark = host.mark()
    local results = table.pack(body())
    write(folder, {results = results, metrics = host.lines(mark)})
  end
  -- What was kept is what counts, the first time too.
  local results = read(folder).results
  host.begin_numbers("stage " .. name)
  return table.unpack(results, 1, results.n)
end

local calls = 0

-- Outside of a run, and for an agent that is none of ours, nothing is kept.
-- With `every`, also saves after so many steps.
function checkpoints.learning(agent, described, every)
  local self = {record = records.none, pause = function() end, finish = function() end}
  if not host.folder or type(agent) ~= "userdata" then return setmetatable(self, {__close = function() end}) end

  calls = calls + 1
  local call, folder, mark = calls, ("%s/learn-%d"):format(host.folder, calls), host.mark()
  local record = records.of(agent)
  local episodes = record.mark()
  self.record = record
  local described_text = source(described, function(value) return ("%q"):format(type(value)) end)
  local saved_at
  if host.check_folder(folder) then
    local saved = read(folder)
    if saved.described ~= described_text then host.mismatch(("call %d of agent:learn was begun with other options than it is now"):format(call)) end
    agent:load(folder .. "/agent")
    host.replay(saved.metrics)
    record.replay(saved.episodes, saved.state)
    self.state, self.is_done, saved_at = saved.state, saved.is_done, saved.state.step
  end

  local function save(state, is_done)
    host.gather(agent)
    local value = {described = described_text, state = state, is_done = is_done, metrics = host.lines(mark), episodes = record.lines(episodes)}
    write(folder, value, function(temporary) host.save_agent(agent, temporary .. "/agent", folder .. "/agent") end)
    saved_at = state.step
  end

  host.watch(true)
  -- Between two steps: saves when it is time to, and ends the run here where that was asked for.
  function self.pause(state)
    local stopping = host.stopping()
    if stopping or (every and state.step - (saved_at or state.first) >= every) then save(state, false) end
    if stopping then host.stop() end
  end
  -- A disk that is full now is no reason to lose what was learned.
  function self.finish(state)
    if not self.is_done then
      local ok, problem = pcall(save, state, true)
      if not ok then io.stderr:write(("dsrl-lua: this call of agent:learn would be repeated on --resume: %s\n"):format(problem)) end
    end
    record.finish(state)
    host.begin_numbers("learn " .. call)
  end
  return setmetatable(self, {__close = function() host.watch(false) end})
end

return checkpoints
