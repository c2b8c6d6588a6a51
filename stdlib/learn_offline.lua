-- agent:learn_offline{...}: agent:learn's loop without acting, on the agent's offline data. gradient_steps says how long; what else counts
-- environment steps in learn's options, the metrics and the evaluations counts gradient steps of the critics here.
local learn, ways = require "learn", require "ways"

return function(agent, options)
  if agent.kind ~= "dsrl_na" then error(("learn_offline is for a dsrl_na with offline_data; a %s learns by acting"):format(agent.kind), 2) end
  if agent.options.gradient_steps == 0 then error("learn_offline wants an agent that takes gradient steps, this one's gradient_steps is 0", 2) end
  return learn(agent, options, ways.offline)
end
