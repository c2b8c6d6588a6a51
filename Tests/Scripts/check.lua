-- What the scripts beside this one assert with.
local check = {}

function check.fails(wanted, f, ...)
  local ok, message = pcall(f, ...)
  if ok then error("no error; wanted: " .. wanted, 2) end
  if not tostring(message):find(wanted, 1, true) then error(("error %q lacks %q"):format(message, wanted), 2) end
end

function check.near(value, wanted, tolerance)
  if not (math.abs(value - wanted) <= (tolerance or 1e-9)) then error(("%s is not near %s"):format(value, wanted), 2) end
end

return check
