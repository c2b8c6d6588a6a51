-- A trajectory predictor, steered. A diffusion model predicts the next three seconds of a car's way from a mixture of driver styles: keep, overtake left or
-- right, brake. DSRL-NA steers its noise to safety, progress and comfort, the model itself untouched. Beside it the same task discretised and without
-- diffusion: a vocabulary of demonstrated plans, a classifier over it, and soft Q-learning that stays near that classifier.
--
--   dsrl-lua run examples/driving.lua --seed 1
local dsrl = require "dsrl"

local opt = dsrl.options{
  demonstrations = 600, -- episodes of behaviour data
  epochs = 60,          -- over them, for the diffusion model and for the classifier
  steps = 8000,         -- environment steps of reinforcement learning, one plan each, for both
  episodes = 200,       -- of each evaluation, the same traffic for all
  plans = 64,           -- in the vocabulary
  entropy = 0.1,        -- weight of the soft Q-learning's distance from the classifier
  learners = true,      -- false: only the base policies
}
local seed, id, hidden, gamma, batch_size, gradient_steps = dsrl.run.seed, "Driving-v0", {128, 128}, 0.95, 128, 20
local data = dsrl.data.demonstrations{env = id, episodes = opt.demonstrations, seed = seed}
print(data)
local env = dsrl.env.make(id, {num_envs = 4, seed = seed})

-- Runs whole episodes side by side; act maps observations [n, 18] to plans [n, 12]. Episode i meets the same traffic whoever drives.
local function measure(name, act)
  local singles, result = {}, {name = name, crashed = {}, speed = {}, jerk = {}, lateral = {}, returns = {}}
  for i = 1, math.min(50, opt.episodes) do singles[i] = dsrl.env.make(id) end
  for first = 1, opt.episodes, #singles do
    local active = {}
    for i = 1, math.min(#singles, opt.episodes - first + 1) do
      local obs = singles[i]:reset{seed = seed * 100000 + first + i}
      active[i] = {env = singles[i], obs = obs, steps = 0, progress = 0, jerk = 0, lateral = 0, sum = 0}
    end
    while #active > 0 do
      local rows, going = {}, {}
      for i, one in ipairs(active) do rows[i] = one.obs end
      local plans = act(dsrl.stack(rows)):reshape{#active, -1}
      for i, one in ipairs(active) do
        local obs, reward, terminated, truncated, info = one.env:step(plans[i])
        one.obs, one.steps, one.sum, one.progress = obs, one.steps + 1, one.sum + reward, one.progress + info.progress
        one.jerk, one.lateral = one.jerk + info.jerk ^ 2, one.lateral + info.lateral_acceleration ^ 2
        if terminated or truncated then
          local n = #result.returns + 1
          result.returns[n], result.crashed[n], result.speed[n] = one.sum, 1 - info.success, one.progress / one.steps
          result.jerk[n], result.lateral[n] = (one.jerk / one.steps) ^ 0.5, (one.lateral / one.steps) ^ 0.5
        else
          going[#going + 1] = one
        end
      end
      active = going
    end
  end
  return result
end

local function report(results)
  local function number(values)
    local interval = dsrl.stats.bootstrap(values)
    return ("%6.2f (%5.2f to %5.2f)"):format(dsrl.stats.mean(values), interval[1], interval[2])
  end
  print(("%-22s %24s %23s %23s %23s %23s"):format("", "crashes, %", "speed, m/s", "jerk, m/s3", "lateral, m/s2", "return"))
  for _, r in ipairs(results) do
    local crashes = 0
    for _, crash in ipairs(r.crashed) do crashes = crashes + math.tointeger(crash) end
    local rate = dsrl.stats.wilson(crashes, #r.crashed)
    print(("%-22s %6.1f (%4.1f to %4.1f)     %s %s %s %s"):format(
      r.name, 100 * crashes / #r.crashed, 100 * rate[1], 100 * rate[2], number(r.speed), number(r.jerk), number(r.lateral), number(r.returns)))
  end
end

-- 1. The trajectory predictor: one action is the whole plan.
local policy = dsrl.policy.diffusion{
  env = env, seed = seed, network = {hidden = {128, 128, 128}, activation = "relu", time_size = 16}, process = {steps = 20}, sampler = dsrl.sampler.ddim{steps = 5},
}
policy:fit(data, {epochs = opt.epochs, batch_size = batch_size, learning_rate = 1e-3, seed = seed})

-- 2. The same data as a vocabulary: k-means over the plans, scaled by their spread, started from random ones.
local actions = data.actions
local scale = actions:std(1, true) + 1e-3
local scaled = actions / scale
local chosen = {}
for i = 1, opt.plans do chosen[i] = math.random(#actions) end
local centres = scaled:index_select(1, chosen)
local function nearest(points) return (points:matmul(centres:transpose(1, 2)) * 2 - (centres ^ 2):sum(2):reshape{1, -1}):argmax(2) end
for _ = 1, 20 do
  local members = {}
  for row, k in ipairs(nearest(scaled):to_table()) do
    k = math.tointeger(k)
    members[k] = members[k] or {}
    table.insert(members[k], row)
  end
  for k, rows in pairs(members) do centres[k] = scaled:index_select(1, rows):mean(1) end
end
local vocabulary, label = centres * scale, nearest(scaled):reshape{-1, 1}
print(("vocabulary of %d plans: mean distance of a demonstrated plan to its own %.2f m at 3 s"):format(
  opt.plans, (((vocabulary:index_select(1, label:reshape(-1)) - actions) ^ 2):narrow(2, 11, 2):sum(2):sqrt()):mean():item()))

local function network() return dsrl.nn.mlp{inputs = 18, outputs = opt.plans, hidden = hidden, activation = "relu"} end
local classifier = network()
local adam = dsrl.optim.adam(classifier, {learning_rate = 1e-3})
for _ = 1, opt.epochs * (#actions // batch_size) do
  local batch = {}
  for i = 1, batch_size do batch[i] = math.random(#actions) end
  adam:zero_grad();
  (-classifier(data.observations:index_select(1, batch)):log_softmax(2):gather(2, label:index_select(1, batch)):mean()):backward()
  adam:step()
end
local function draw(logits) return (logits - (-dsrl.uniform(logits.shape, 1e-7, 1):log()):log()):argmax(2) end
local function plans_of(choice) return vocabulary:index_select(1, choice:reshape(-1)) end

local results = {
  measure("diffusion", function(obs) return policy:act(obs) end),
  measure("plans", function(obs) return dsrl.no_grad(function() return plans_of(draw(classifier(obs))) end) end),
}

-- 3. Steering the diffusion model's noise.
local agent = dsrl.agent.dsrl_na{
  env = env, policy = policy, seed = seed, hidden = hidden, action_magnitude = 1.5, gamma = gamma, learning_rate = 5e-4, init_rollout_steps = 200,
  train_freq = 1, gradient_steps = gradient_steps, noise_critic_grad_steps = 10, batch_size = batch_size,
}

-- 4. Soft Q-learning over the vocabulary, its policy proportional to classifier * exp(Q / entropy): as free as the noise is, and held to the demonstrations
-- as the frozen model holds it. As many environment steps, gradient steps and critics.
local q, target = {network(), network()}, {network(), network()}
for k = 1, 2 do target[k]:load_state_dict(q[k]:state_dict()) end
local function log_policy(pair, obs) -- without its normalisation
  local one, other = pair[1](obs), pair[2](obs)
  return classifier(obs):log_softmax(2) + (one - (one - other):relu()) / opt.entropy
end
local function learn_plans()
  local road, size = dsrl.env.make(id, {num_envs = 4, seed = seed + 1}), opt.steps + 4
  local seen, later = dsrl.zeros(size, 18), dsrl.zeros(size, 18)
  local taken, earned, alive = dsrl.zeros(size, 1), dsrl.zeros(size), dsrl.zeros(size)
  local optimizers = {dsrl.optim.adam(q[1], {learning_rate = 5e-4}), dsrl.optim.adam(q[2], {learning_rate = 5e-4})}
  local obs, count = road:reset{seed = seed + 1}, 0
  local bar = dsrl.progress("soft Q", opt.steps)
  while count < opt.steps do
    local choice = dsrl.no_grad(function() return draw(count < 800 and classifier(obs) or log_policy(q, obs)) end)
    local next_obs, reward, terminated, _, info = road:step(plans_of(choice))
    for i = 1, 4 do
      count = count + 1
      seen[count], later[count], taken[{count, 1}] = obs[i], info.final_observation[i], choice[i]
      earned[count], alive[count] = reward[i], terminated[i] and 0 or 1
    end
    obs = next_obs
    for _ = 1, count >= 800 and gradient_steps or 0 do
      local batch = {}
      for i = 1, batch_size do batch[i] = math.random(count) end
      local before, after = seen:index_select(1, batch), later:index_select(1, batch)
      local wanted = dsrl.no_grad(function()
        local value = opt.entropy * log_policy(target, after):logsumexp(2)
        return (earned:index_select(1, batch) + gamma * alive:index_select(1, batch) * value):reshape{-1, 1}
      end)
      for k = 1, 2 do
        optimizers[k]:zero_grad();
        ((q[k](before):gather(2, taken:index_select(1, batch)) - wanted) ^ 2):mean():backward()
        optimizers[k]:step()
        dsrl.optim.polyak(target[k], q[k], 0.005)
      end
    end
    bar:update(count)
  end
  bar:finish()
end
if opt.learners then
  agent:learn{steps = opt.steps}
  learn_plans()
  table.insert(results, 2, measure("diffusion, steered", function(obs) return agent:act(obs) end))
  results[4] = measure("plans, soft Q", function(obs) return dsrl.no_grad(function() return plans_of(draw(log_policy(q, obs))) end) end)
end
report(results)

-- 5. Forty predicted trajectories before and after steering, at a start with a car beside the own one and another one ahead, all seen from the car.
local start
for i = 1, 2000 do
  local obs = dsrl.env.make(id):reset{seed = i}
  local right, left = math.max(math.abs(obs[7]), math.abs(obs[9])) * 50, math.min(math.abs(obs[15]), math.abs(obs[17])) * 50
  if obs[11] * 50 < 35 and left < 8 and math.min(obs[7] * 50, -obs[9] * 50) > 18 and right < 90 then start = obs break end
end
assert(start, "no start of that kind was found")
local rows = {}
for i = 1, 40 do rows[i] = start end
rows = dsrl.stack(rows)
local function ways(plans)
  local list = {}
  for i, plan in ipairs(plans:reshape{40, 12}:to_table()) do
    list[i] = {x = {0}, y = {0}}
    for k = 1, 6 do list[i].x[k + 1], list[i].y[k + 1] = plan[2 * k - 1], plan[2 * k] end
  end
  return list
end
local function block(x, y) return {x = {x - 2.3, x + 2.3, x + 2.3, x - 2.3, x - 2.3}, y = {y - 0.95, y - 0.95, y + 0.95, y + 0.95, y - 0.95}} end
local own = start[5] * 3.5 -- y of the car on the road
local cars, lines = {block(1.35, 0)}, {}
for lane = 0, 2 do
  for side = 0, 1 do
    local x = start[7 + 4 * lane + 2 * side] * 50
    if math.abs(x) < 99 then cars[#cars + 1] = block(x + 1.35, 3.5 * (lane - 1) - own) end
  end
end
for edge = 0, 3 do lines[edge + 1] = {x = {-30, 75}, y = {3.5 * (edge - 1.5) - own, 3.5 * (edge - 1.5) - own}} end
local series = {
  {label = "cars now", trajectories = cars}, {label = "predicted", trajectories = ways(policy:act(rows))},
  {label = "steered", trajectories = ways(agent:act(rows))}, {label = "lanes", trajectories = lines},
}
dsrl.plot.figure{
  title = "Driving: 40 predicted ways of three seconds, before and after steering", xlabel = "x, m", ylabel = "y, m", xlim = {-30, 75}, ylim = {-8, 8},
  series = series, width = 1000, height = 400,
}:write(dsrl.run.path("driving.svg"))
