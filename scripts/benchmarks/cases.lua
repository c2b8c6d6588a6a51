-- The work that scripts/bench measures, as dsrl-lua does it. Each entry adds its cases to a context: {name, implementation, run, scale}
-- where run(count) returns the seconds that so many calls took, their number and for how long of it the thread waited for a processor; a
-- call times `scale` is the whole work.
local agents = require "agents"

local cases = {}

local function implementation(precision) return precision == "float32" and "dsrl-lua" or "dsrl-lua-" .. precision end

-- Seconds that this thread has been ready to run without a processor.
local function waited()
  local file = io.open("/proc/thread-self/schedstat")
  if not file then return 0 end
  local _, nanoseconds = file:read("n", "n")
  file:close()
  return (nanoseconds or 0) * 1e-9
end

local function repeated(call)
  return function(count)
    local waiting, start = waited(), dsrl.clock()
    for _ = 1, count do call() end
    local stop = dsrl.clock()
    return stop - start, count, waited() - waiting
  end
end

-- Calls make(precision) for every precision; what the processor or the program cannot do is reported as missing.
local function by_precision(context, names, make)
  for _, precision in ipairs(context.precisions) do
    local good, message = pcall(make, precision, implementation(precision))
    if not good then
      for _, name in ipairs(names) do context.missing(name, implementation(precision), message) end
    end
  end
end

-- The sgemm ceiling of this process.
function cases.gemm(context)
  for _, shape in ipairs{{256, 512, 512}, {256, 2048, 2048}} do
    local a, b = dsrl.randn(shape[1], shape[2]), dsrl.randn(shape[2], shape[3])
    context.add{name = "gemm/" .. table.concat(shape, "x"), implementation = "dsrl-lua", run = repeated(function() a:matmul(b) end)}
  end
end

-- One DSRL-NA training call: 20 joint steps and 10 distillation steps.
function cases.W1(context)
  by_precision(context, {"W1"}, function(precision, by)
    local agent = agents.steering("hopper", precision, {gradient_steps = 20, noise_critic_grad_steps = 10}, context.remembered)
    context.add{name = "W1", implementation = by, run = repeated(function() agent:train() end)}
  end)
end

-- A tenth of the same call at Can sizes: 2 joint steps and 1 distillation step; in bfloat16 the agent's own networks learn in it too.
function cases.W2(context)
  by_precision(context, {"W2"}, function(precision, by)
    local agent = agents.steering("can", precision, {gradient_steps = 2, noise_critic_grad_steps = 1, network_precision = precision}, context.remembered)
    context.add{name = "W2", implementation = by, run = repeated(function() agent:train() end), scale = 10}
  end)
end

-- DDIM decoding of observations and noises that are there already.
function cases.W3(context)
  for _, task in ipairs{"hopper", "can"} do
    local exact = agents.policy(task, "float32")
    for _, rows in ipairs{1, 256, 4096} do
      local name = ("W3/%s/%d"):format(task, rows)
      local observation, noise = dsrl.randn(rows, exact.observation_size), dsrl.randn(rows, exact.latent_size)
      by_precision(context, {name}, function(precision, by)
        local policy = agents.policy(task, precision)
        local difference = (policy:decode(observation, noise) - exact:decode(observation, noise)):abs():max():item()
        if precision ~= "float32" and rows == 4096 then context.fact(("%s_%s_error"):format(task, precision), difference) end
        context.add{name = name, implementation = by, run = repeated(function() policy:decode(observation, noise) end)}
      end)
    end
  end
end

-- A run of training steps of policy:fit on `data`, timed between the ends of epochs of `steps` steps.
local function fitting(policy, data, batch, steps)
  return function(count)
    local first, last
    policy:fit(data, {
      epochs = 1 + math.ceil(count / steps), batch_size = batch, warmup_epochs = 0, weight_decay = 0,
      on_epoch = function(epoch)
        last = {time = dsrl.clock(), steps = epoch.gradient_steps, waited = waited()}
        first = first or last
      end,
    })
    return last.time - first.time, last.steps - first.steps, last.waited - first.waited
  end
end

-- One denoiser training step with Adam and an average of the weights.
function cases.W4(context)
  for _, size in ipairs{{batch = 128, steps = 16}, {batch = 1024, steps = 4}} do
    local policy, data = agents.untrained("hopper"), agents.behaviour("hopper", size.batch * size.steps + 256)
    context.add{name = "W4/" .. size.batch, implementation = "dsrl-lua", run = fitting(policy, data, size.batch, size.steps)}
  end
end

-- One SAC step.
function cases.W5(context)
  local agent = agents.sac(context.remembered)
  context.add{name = "W5", implementation = "dsrl-lua", run = repeated(function() agent:train() end)}
end

-- DDIM-5 decoding by networks that see a chunk as a row of actions.
function cases.W6(context)
  for _, name in ipairs(agents.chunked_names) do
    local policy = agents.chunk_policy(name)
    for _, rows in ipairs{1, 64, 256} do
      local observation, noise = dsrl.randn(rows, policy.observation_steps * policy.observation_size), dsrl.randn(rows, policy.latent_size)
      context.add{
        name = ("W6/%s/%d"):format(name, rows), implementation = "dsrl-lua", run = repeated(function() policy:decode(observation, noise) end),
      }
    end
  end
end

-- One training step of the same networks.
function cases.W7(context)
  for _, name in ipairs(agents.chunked_names) do
    local batch = name == "unet-small" and 128 or 64
    local policy, data = agents.chunk_policy(name), agents.chunk_behaviour(name, 2 * batch + 256)
    context.add{name = ("W7/%s/%d"):format(name, batch), implementation = "dsrl-lua", run = fitting(policy, data, batch, 2)}
  end
end

-- A thousand steps of a MuJoCo task under uniformly random actions, nothing ending an episode: of one environment, and of 16 stepped together.
function cases.W8(context)
  for _, task in ipairs{{"hopper", "Hopper-v5", true}, {"walker2d", "Walker2d-v5", true}, {"halfcheetah", "HalfCheetah-v5"}, {"ant", "Ant-v5", true}} do
    local name, id, falls = table.unpack(task)
    for _, num_envs in ipairs{1, 16} do
      local options = {seed = 1, num_envs = num_envs > 1 and num_envs or nil}
      if falls then options.terminate_when_unhealthy = false end
      local env, actions = dsrl.env.make(id, options), {}
      for i = 1, num_envs == 1 and 1000 or 100 do
        actions[i] = num_envs == 1 and env.action_space:sample() or dsrl.uniform({num_envs, env.action_space.shape[1]}, -1, 1)
      end
      env:reset()
      local function run()
        for _, action in ipairs(actions) do
          local _, _, _, truncated = env:step(action)
          if truncated == true then env:reset() end
        end
      end
      context.add{name = "W8/" .. name, implementation = num_envs == 1 and "dsrl-lua" or "dsrl-lua-16", run = repeated(run), scale = num_envs > 1 and 1000 / (num_envs * #actions) or nil}
    end
  end
end

-- One gradient step of what steers and of what fine-tunes through the denoising steps: the critics', the actor's, and their share of distillation. Each
-- is a workload of its own too, "W9/dql", so that its memory can be told from a fresh process.
local updates = {
  dsrl_na = {scale = 0.5, steps = {gradient_steps = 2, noise_critic_grad_steps = 1}}, dsrl_sac = {steps = {gradient_steps = 1}},
  dql = {steps = {gradient_steps = 1}},
}
for kind, update in pairs(updates) do
  cases["W9/" .. kind] = function(context)
    local agent = agents.updating(kind, "float32", context.remembered, update.steps)
    context.add{name = "W9/" .. kind, implementation = "dsrl-lua", run = repeated(function() agent:train() end), scale = update.scale}
  end
end
function cases.W9(context)
  for _, kind in ipairs{"dsrl_na", "dsrl_sac", "dql"} do cases["W9/" .. kind](context) end
end

return cases
