-- What data-parallel learning tells and computes for each update, for an estimate of how far it goes:
--   dsrl-lua scripts/benchmarks/dist.lua                 one process, one thread: processor time of an update by the rows of its batch
--   mpirun -n 2 dsrl-lua scripts/benchmarks/dist.lua     messages, bytes and seconds in messages, of each gradient step of the critics
-- An update is a gradient step of critics, actor and temperature and one of distillation. arg: width, hidden layers.
local dsrl = require "dsrl"
dsrl.threads(1)
local width, layers = tonumber(arg[1] or 256), tonumber(arg[2] or 3)
local rank, size = dsrl.dist.rank, dsrl.dist.size

local hidden = {}
for i = 1, layers do hidden[i] = width end
local function make(batch_size)
  local env = dsrl.env.make("Hopper-v5", {num_envs = 4, chunk = 4, seed = 1})
  local policy = dsrl.policy.diffusion{env = env, network = {hidden = {256, 256, 256}}, seed = 1, normalization = {
    observation_min = dsrl.full({11}, -3):to_table(), observation_max = dsrl.full({11}, 3):to_table(), action_min = dsrl.full({3}, -1):to_table(), action_max = dsrl.full({3}, 1):to_table()}}
  return dsrl.agent.dsrl_na{
    env = env, policy = policy, seed = 1, hidden = hidden, batch_size = batch_size, init_rollout_steps = 8, gradient_steps = 5, noise_critic_grad_steps = 5,
  }
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

if size == 1 then
  -- t(b) = a + c b by least squares: what does not depend on the rows is done by every rank.
  local n, sx, sy, sxx, sxy = 0, 0, 0, 0, 0
  for _, batch_size in ipairs{64, 128, 256, 512} do
    local agent = make(batch_size)
    while agent.phase ~= "learning" do agent:advance() end
    agent:train()
    local times = {}
    for i = 1, 7 do
      local began, before = os.clock(), agent.gradient_steps
      agent:train()
      times[i] = (os.clock() - began) / (agent.gradient_steps - before)
    end
    local t = median(times)
    print(("batch %5d: %.2f ms of processor time an update"):format(batch_size, 1000 * t))
    n, sx, sy, sxx, sxy = n + 1, sx + batch_size, sy + t, sxx + batch_size ^ 2, sxy + batch_size * t
  end
  local slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
  print(("%.3f ms + %.5f ms a row"):format(1000 * (sy - slope * sx) / n, 1000 * slope))
else
  local agent = make(256)
  local best
  for _ = 1, 6 do
    local before, steps = dsrl.dist.traffic(), agent.gradient_steps
    agent:learn{steps = 160}
    local after, done = dsrl.dist.traffic(), agent.gradient_steps - steps
    local seconds = (after.seconds - before.seconds) / math.max(1, done)
    if done > 0 and (not best or seconds < best[3]) then best = {(after.messages - before.messages) / done, (after.bytes - before.bytes) / done, seconds} end
  end
  if rank == 0 then print(("%d ranks, of an update: %.1f messages, %.1f kB, %.2f ms in them at best"):format(size, best[1], best[2] / 1000, 1000 * best[3])) end
end
