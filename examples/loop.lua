-- The loop of agent:learn written by hand: act with exploration, step the environments, observe what came of it, take the gradient steps due.
-- With compare = true the same agent learns once more by agent:learn, to the same numbers; printed is what each took.
--
--   dsrl-lua run examples/loop.lua --seed 1 --set compare=true
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 300,  -- episodes of behaviour data
  epochs = 30,           -- of denoiser training
  steps = 2000,          -- environment steps of steering
  width = 128,           -- of the agent's three hidden layers
  compare = false,       -- against agent:learn
}
local seed = dsrl.run.seed

local data = dsrl.data.demonstrations{env = "PointFork-v0", episodes = opt.demonstrations, seed = seed}
local function environments() return dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = seed}) end
local policy = dsrl.policy.diffusion{env = environments(), horizon = 4, seed = seed, network = {hidden = {64, 64, 64}}}
policy:fit(data, {epochs = opt.epochs, learning_rate = 1e-3, seed = seed})

local function steering()
  return dsrl.agent.dsrl_na{
    env = environments(), policy = policy, seed = seed, hidden = {opt.width, opt.width, opt.width}, learning_rate = 1e-3,
    init_rollout_steps = 40, train_freq = 1, gradient_steps = 20, batch_size = 128,
  }
end

-- By hand. `explore` acts as the agent does while it learns: its policy's own noise at first, then draws of its actor.
local agent = steering()
local env, began = agent.env, dsrl.clock()
local obs = env:reset{seed = seed}
local returns, loss = {}, nil
while agent.environment_steps < opt.steps do
  local next_obs, reward, terminated, truncated, info = env:step(agent:act(obs, {explore = true}))
  agent:observe(next_obs, reward, terminated, truncated, info)
  local metrics = agent:update()   -- nil while there is none due
  obs = next_obs

  for _, episode in ipairs(info.episodes) do returns[#returns + 1] = episode["return"] end
  loss = metrics and metrics["train/critic_loss"] or loss
  -- Anything may happen here: a schedule, a look at the agent, an early end.
  if agent.environment_steps > opt.steps // 2 and agent.options.learning_rate > 5e-4 then agent:set_options{learning_rate = 5e-4} end
end
local by_hand = dsrl.clock() - began
print(agent)
print(("by hand    %.2f s, critic loss %.6g, %d episodes"):format(by_hand, loss, #returns))

if opt.compare then
  local twin = steering()
  local seen
  began = dsrl.clock()
  twin:learn{steps = opt.steps, log_every = opt.steps, on_step = function(_, advance, step)
    seen = advance.metrics and advance.metrics["train/critic_loss"] or seen
    if step > opt.steps // 2 and twin.options.learning_rate > 5e-4 then twin:set_options{learning_rate = 5e-4} end
  end}
  local by_learn = dsrl.clock() - began
  print(("agent:learn %.2f s, critic loss %.6g; by hand takes %+.1f %%"):format(by_learn, seen, 100 * (by_hand / by_learn - 1)))
  assert(seen == loss and twin.gradient_steps == agent.gradient_steps, "the two are to come to the same numbers")
end
print(dsrl.evaluate{agent = agent, episodes = 50, seed = seed + 100})
