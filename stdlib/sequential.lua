-- Modules and functions one after the other: the output of each is the input of the next.
local dsrl = require "dsrl"

local function forward(self, ...)
  local x = self[1](...)
  for i = 2, #self do x = self[i](x) end
  return x
end

return function(...)
  local parts = {...}
  if #parts == 1 and type(parts[1]) == "table" and not dsrl.nn.is_module(parts[1]) then parts = table.move(parts[1], 1, #parts[1], 1, {}) end
  if #parts == 0 then error("sequential wants at least one module or function, got none", 2) end
  for i, part in ipairs(parts) do
    if type(part) ~= "function" and not dsrl.nn.is_module(part) then
      error(("sequential wants modules and functions, got a %s at %d"):format(type(part), i), 2)
    end
  end
  parts.forward = forward
  return dsrl.nn.module(parts)
end
