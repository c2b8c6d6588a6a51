-- One run by several processes, on one machine or many:
--   mpirun -n 4 dsrl-lua run examples/dist.lua
-- Every rank runs this script from its first line to its last. agent:learn then learns one agent with all of them: the environments and the rows of every
-- batch are split over the ranks, gradients are averaged, and what comes out is what one process would have learned, to float rounding. Without mpirun it
-- is one process, with nothing to install.
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 200,    -- episodes of behaviour data
  epochs = 30,             -- of the base policy's training
  num_envs = 8,            -- over all ranks
  batch_size = 256,        -- rows of a batch, over all ranks
  hidden = 128,            -- width of actor and critics
  steps = 2000,            -- environment steps, over all ranks
  episodes = 40,           -- of each evaluation, over all ranks
}
local rank, size, seed = dsrl.dist.rank, dsrl.dist.size, dsrl.run.seed
local function say(...) if rank == 0 then print(...) end end   -- all ranks have the same to say

local env = dsrl.env.make("PointFork-v0", {num_envs = opt.num_envs, chunk = 4, seed = seed})
local policy = dsrl.run.stage("policy", function()
  local policy = dsrl.policy.diffusion{env = env, network = {hidden = {64, 64, 64}}, seed = seed}
  policy:fit(dsrl.data.demonstrations{episodes = opt.demonstrations, seed = seed}, {epochs = opt.epochs, seed = seed})
  return policy
end)

local agent = dsrl.agent.dsrl_na{
  env = env, policy = policy, seed = seed, hidden = {opt.hidden, opt.hidden}, batch_size = opt.batch_size, init_rollout_steps = 20,
  gradient_steps = 5, noise_critic_grad_steps = 5,
}
local before, began = dsrl.dist.traffic(), dsrl.clock()
local history = agent:learn{steps = opt.steps, eval_every = opt.steps // 4, eval_episodes = opt.episodes}
local after, took = dsrl.dist.traffic(), dsrl.clock() - began
for _, point in ipairs(history) do say(("step %5d  success %3.0f %%"):format(point.step, 100 * point.success_rate)) end

local steps = math.max(1, agent.gradient_steps)
say(("%d rank%s: %.2f s; per gradient step of the critics %.1f ms, %.1f messages, %.1f kB, %.2f ms in them"):format(
  size, size == 1 and "" or "s", took, 1000 * took / steps, (after.messages - before.messages) / steps, (after.bytes - before.bytes) / steps / 1000,
  1000 * (after.seconds - before.seconds) / steps))

-- The same tools by hand: how far apart the ranks finish.
local seconds = dsrl.tensor{took}
local slowest, fastest = dsrl.dist.allreduce(seconds, {op = "max"}), dsrl.dist.allreduce(seconds, {op = "min"})
say(("the slowest rank took %.3f s longer than the fastest"):format((slowest - fastest):item()))
