-- What diagnostics say in words: the numbers and the judgement of each line.
local words = require "diagnosis_words"

local function values(...) return {steps = {100, 200, 300}, numbers = {...}} end
local function line(lines, name)
  for _, each in ipairs(lines) do if each:sub(1, #name) == name then return each end end
end
local function says(text, part) assert(text:find(part, 1, true), ("'%s' in '%s'"):format(part, text)) end

local history = {}
for i, rate in ipairs{0.48, 0.2, 0.14, 0.45, 0.7} do history[i] = {step = 1000 * (i - 1), success_rate = rate, mean_reward = rate, interval = {rate - 0.05, rate + 0.05}} end
local seen = {
  base = {mean_reward = 0.46, success_rate = 0.46},
  values = {
    ent_coef = values(0.5, 0.09, 0.12), entropy = values(1, 2, -3), box_coverage = values(1, 1, 0.5), saturation = values(0.1, 0.2, 0.6),
    pairs_actor = values(0.9, 0.8, 0.53), pairs_gaussian = values(0.9, 0.8, 0.71), q_value = values(1, 1, 70), q_return = values(1, 1, 9),
  },
}
local lines = words(seen, history, 100)
assert(#lines == 6)
says(line(lines, "temperature"), "fell below 0.1 by step 200 and is 0.12")
says(line(lines, "entropy"), "-3 nats, 50 % of the box")
says(line(lines, "saturation"), "60 % of the outputs beyond 0.95: the actor leans")
says(line(lines, "ranking"), "53 % of the pairs of the actor's noises")
says(line(lines, "ranking"), "71 % of the base policy's (chance: 50 %), little better than chance")
says(line(lines, "critics"), "say 70 along the actor's episodes, 9 comes: bias +61: they promise far too much")
says(line(lines, "dip"), "2 of 5 evaluations lie below the base policy's success of 0.46 by more than chance: lowest 0.14 at step 2000, back at step 4000")

-- Where all is well, and where only the return is known.
seen.values.ent_coef, seen.values.saturation, seen.values.pairs_actor = values(0.5, 0.3, 0.2), values(0, 0, 0.1), values(1, 1, 0.9)
seen.values.q_value = values(1, 1, 9.5)
for _, point in ipairs(history) do point.success_rate, point.mean_reward, point.interval = nil, point.mean_reward + 1, {point.mean_reward + 0.9, point.mean_reward + 1.1} end
seen.base = {mean_reward = 0.46}
lines = words(seen, history, 100)
assert(line(lines, "temperature") == "temperature  0.2, never seen below 0.1")
assert(line(lines, "saturation") == "saturation   10 % of the outputs beyond 0.95")
assert(not line(lines, "ranking"):find("chance,", 1, true) and not line(lines, "critics"):find("promise", 1, true))
says(line(lines, "dip"), "none: no evaluation's return lies below the base policy's 0.46")
history[3].mean_reward, history[3].interval = 0.1, {0, 0.2}
says(line(words(seen, history, 100), "dip"), "1 of 5 evaluations lie below the base policy's return of 0.46 by more than chance: lowest 0.1 at step 2000, back at step 3000")
-- With little to go by, little is said.
assert(#words({values = {}}, {}, 10) == 0)
