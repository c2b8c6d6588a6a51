-- For learn.lua: the ranks of mpirun learn one agent together. Each steps its part of the environments and computes the gradients of its rows of every
-- batch; at the end, and before every checkpoint, each has the whole agent.
local dsrl, host = require "dsrl", require "dsrl.host"

-- Of an agent that is none of ours every rank has its own. Raises at the line that called the function that calls this.
return function(agent)
  local self = {size = type(agent) == "userdata" and dsrl.dist.size or 1, finish = function() end}
  if self.size > 1 then
    local ok, problem = pcall(host.share, agent)
    if not ok then error(problem, 3) end
    function self.finish() host.gather(agent) end
  end
  return setmetatable(self, {__close = function() if self.size > 1 then host.unshare(agent) end end})
end
