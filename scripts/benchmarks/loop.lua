-- What a loop written by hand (agent:act, env:step, agent:observe, agent:update) takes beside agent:learn, in processor time on one thread:
--   dsrl-lua run scripts/benchmarks/loop.lua [--set rounds=9]
-- Both learn the same from the same seeds, in turn; printed are the median ratio and its quartiles.
local dsrl = require "dsrl"

local opt = dsrl.options{
  rounds = 9,          -- each way once in every round
  vector_steps = 100,  -- of learning, in each
}
dsrl.threads(1)

local function by_hand(agent, steps, obs)
  local env, last = agent.env, nil
  obs = obs or env:reset{seed = 1}
  local until_step = agent.environment_steps + steps
  while agent.environment_steps < until_step do
    local next_obs, reward, terminated, truncated, info = env:step(agent:act(obs, {explore = true}))
    agent:observe(next_obs, reward, terminated, truncated, info)
    last = agent:update() or last
    obs = next_obs
  end
  return last["train/critic_loss"], obs
end

local function by_learn(agent, steps)
  local last
  agent:learn{steps = steps, log_every = steps, on_step = function(_, advance) last = advance.metrics or last end}
  return last["train/critic_loss"]
end

local fork = dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = 1})
local policy = dsrl.policy.diffusion{env = fork, horizon = 4, seed = 1, network = {hidden = {128, 128, 128}}}
policy:fit(dsrl.data.demonstrations{episodes = 50, seed = 1}, {epochs = 2, seed = 1})
local cases = {
  {"DSRL-NA, PointFork-v0, 3x128, 20 gradient steps a vector step", 4 * 4, function()
    local env = dsrl.env.make("PointFork-v0", {num_envs = 4, chunk = 4, seed = 1})
    return dsrl.agent.dsrl_na{env = env, policy = policy, seed = 1, hidden = {128, 128, 128}, init_rollout_steps = 20, train_freq = 1, gradient_steps = 20, batch_size = 128}
  end},
  {"SAC, Pendulum-v1, 2x64, a gradient step an environment step", 1, function()
    return dsrl.agent.sac{env = dsrl.env.make("Pendulum-v1", {num_envs = 1, seed = 1}), seed = 1, hidden = {64, 64}, learning_starts = 100, batch_size = 64}
  end},
}

for _, case in ipairs(cases) do
  local name, unit, make = table.unpack(case)
  local ratios = {}
  for round = 1, opt.rounds do
    local seconds, loss = {}, {}
    for turn = 1, 2 do
      local way = (round + turn) % 2 == 0 and by_hand or by_learn
      local agent = make()
      local _, obs = way(agent, 110 * unit)  -- past the first rollouts
      local began = os.clock()
      loss[way] = way(agent, opt.vector_steps * unit, obs)
      seconds[way] = os.clock() - began
    end
    assert(loss[by_hand] == loss[by_learn], "both ways are to learn the same")
    ratios[round] = seconds[by_hand] / seconds[by_learn]
  end
  print(("%s: by hand %.3f of agent:learn (%.3f to %.3f)"):format(
    name, dsrl.stats.median(ratios), dsrl.stats.quantile(ratios, 0.25), dsrl.stats.quantile(ratios, 0.75)))
end
