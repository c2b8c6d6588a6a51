-- What diagnostics say, in words: words(seen, history, episodes) is a list of lines.
--   seen     {values = {name = {steps = {...}, numbers = {...}}}, base = {mean_reward, success_rate} or nil}, as diagnostics.lua gathers it
--   history  the evaluations, as agent:learn returns them; each of so many `episodes`
local dsrl = require "dsrl"

local function last(values) return values.numbers[#values.numbers] end
local function percent(x) return ("%.0f %%"):format(100 * x) end

local function temperature(values)
  for i, number in ipairs(values.numbers) do
    if number < 0.1 then return ("temperature  fell below 0.1 by step %d and is %.3g; early dips begin there (ent_coef_min holds it up)"):format(values.steps[i], last(values)) end
  end
  return ("temperature  %.3g, never seen below 0.1"):format(last(values))
end

local function saturation(values)
  local share = last(values)
  local advice = share > 0.5 and ": the actor leans on the faces of its box, as it does where the box is too small or the entropy counts too little" or ""
  return ("saturation   %s of the outputs beyond 0.95%s"):format(percent(share), advice)
end

local function ranks(values)
  local own, base = last(values.pairs_actor), values.pairs_gaussian and last(values.pairs_gaussian)
  local judgement = own < 0.6 and ", little better than chance: what the actor climbs is not what the critics of actions say" or ""
  return ("ranking      the noise critics order %s of the pairs of the actor's noises as the critics of actions do, %s of the base policy's (chance: 50 %%)%s"):format(
    percent(own), base and percent(base) or "none", judgement)
end

local function bias(values)
  local promised, came = last(values.q_value), last(values.q_return)
  local difference = promised - came
  local judgement = math.abs(difference) > 0.5 * math.max(math.abs(came), 1e-9) and (difference > 0 and ": they promise far too much" or ": they promise far too little") or ""
  return ("critics      say %.4g along the actor's episodes, %.4g comes: bias %+.3g%s"):format(promised, came, difference, judgement)
end

-- Where evaluations lie below the base policy by more than chance: by Wilson's interval of the success, else by the bootstrap's of the return.
local function dip(base, history, episodes)
  local by_success = base.success_rate ~= nil
  local level = by_success and base.success_rate or base.mean_reward
  local function value(point) return by_success and point.success_rate or point.mean_reward end
  local function top(point)
    if not by_success then return point.interval[2] end
    return dsrl.stats.wilson(math.floor(point.success_rate * episodes + 0.5), episodes)[2]
  end
  local lowest, below
  for _, point in ipairs(history) do
    if value(point) and top(point) < level then
      below = (below or 0) + 1
      if not lowest or value(point) < value(lowest) then lowest = point end
    end
  end
  local what = by_success and "success" or "return"
  if not lowest then return ("dip          none: no evaluation's %s lies below the base policy's %.3g by more than chance"):format(what, level) end
  local back
  for _, point in ipairs(history) do
    if point.step > lowest.step and value(point) >= level and not back then back = point.step end
  end
  return ("dip          %d of %d evaluations lie below the base policy's %s of %.3g by more than chance: lowest %.3g at step %d, %s"):format(
    below, #history, what, level, value(lowest), lowest.step, back and ("back at step %d"):format(back) or "not back since")
end

return function(seen, history, episodes)
  local lines, values = {}, seen.values
  if values.ent_coef then lines[#lines + 1] = temperature(values.ent_coef) end
  if values.entropy then lines[#lines + 1] = ("entropy      %.3g nats, %s of the box covered"):format(last(values.entropy), percent(last(values.box_coverage))) end
  if values.saturation then lines[#lines + 1] = saturation(values.saturation) end
  if values.pairs_actor then lines[#lines + 1] = ranks(values) end
  if values.q_value then lines[#lines + 1] = bias(values) end
  if seen.base and #history > 0 then lines[#lines + 1] = dip(seen.base, history, episodes) end
  return lines
end
