-- A trajectory predictor, steered. A diffusion model predicts the next three seconds of a car's way from a mixture of driver styles: keep, overtake left or
-- right, brake. DSRL-NA steers its noise to safety, progress and comfort, the model itself untouched. Beside it the same task discretised and without
-- diffusion: a vocabulary of demonstrated plans, a classifier over it, and soft Q-learning among the plans that the classifier proposes.
--
--   dsrl-lua run examples/driving.lua --seed 1
--   dsrl-lua run examples/driving.lua --seed 1 --set seeds=3      three learners of each, their episodes together in the last table
local dsrl = require "dsrl"

local opt = dsrl.options{
  seeds = 1,             -- seed, seed + 1, ...: data, networks and traffic of their own
  demonstrations = 600,  -- episodes of behaviour data
  epochs = 40,           -- over them, for the diffusion model and for the classifier
  steps = 3000,          -- environment steps of reinforcement learning, one plan each, for both
  episodes = 200,        -- of each evaluation, the same traffic for all
  plans = 256,           -- in the vocabulary
  candidates = 16,       -- of them, which the classifier proposes to soft Q-learning
  entropy = 1.0,         -- weight of soft Q-learning's distance from the classifier
  gradient_steps = 10,   -- of either learner, for every four environment steps
  learners = true,       -- false: only the base policies
}
local id, hidden, gamma, batch_size, first_update = "Driving-v0", {128, 128}, 0.95, 128, 800

-- Runs whole episodes side by side; act maps observations [n, 18] to plans [n, 12]. Episode i meets the same traffic whoever drives. Appends to `result`.
local function measure(result, seed, act)
  local singles = {}
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
end

-- One row a policy: all episodes with their intervals, and each seed's crashes.
local function report(results)
  local function number(values)
    local interval = dsrl.stats.bootstrap(values)
    return ("%6.2f (%5.2f to %5.2f)"):format(dsrl.stats.mean(values), interval[1], interval[2])
  end
  print(("%-18s %24s %23s %23s %23s %23s   %s"):format("", "crashes, %", "speed, m/s", "jerk, m/s3", "lateral, m/s2", "return", "crashes by seed, %"))
  for _, r in ipairs(results) do
    local crashes, of_seed = 0, {}
    for i, crash in ipairs(r.crashed) do
      local k = (i - 1) // opt.episodes + 1
      crashes, of_seed[k] = crashes + math.tointeger(crash), (of_seed[k] or 0) + 100 * crash / opt.episodes
    end
    for k, share in ipairs(of_seed) do of_seed[k] = ("%.1f"):format(share) end
    local rate = dsrl.stats.wilson(crashes, #r.crashed)
    print(("%-18s %6.1f (%4.1f to %4.1f)     %s %s %s %s   %s"):format(r.name, 100 * crashes / #r.crashed, 100 * rate[1], 100 * rate[2],
      number(r.speed), number(r.jerk), number(r.lateral), number(r.returns), table.concat(of_seed, " ")))
  end
end

-- 1. The trajectory predictor, one action being the whole plan, and DSRL-NA, which steers its noise.
local function predictor(env, data, seed)
  local policy = dsrl.policy.diffusion{
    env = env, seed = seed, network = {hidden = {128, 128, 128}, activation = "relu", time_size = 16}, process = {steps = 20}, sampler = dsrl.sampler.ddim{steps = 5},
  }
  policy:fit(data, {epochs = opt.epochs, batch_size = batch_size, learning_rate = 1e-3, seed = seed})
  return policy, dsrl.agent.dsrl_na{
    env = env, policy = policy, seed = seed, hidden = hidden, action_magnitude = 1.5, gamma = gamma, learning_rate = 5e-4,
    init_rollout_steps = first_update // 4, train_freq = 1, gradient_steps = opt.gradient_steps, noise_critic_grad_steps = 10, batch_size = batch_size,
  }
end

-- 2. The same data as a vocabulary: k-means over the plans, scaled by their spread, started from random ones; and a classifier over it.
local function mlp(inputs, outputs) return dsrl.nn.mlp{inputs = inputs, outputs = outputs, hidden = hidden, activation = "relu"} end
local function batch(count)
  local rows = {}
  for i = 1, batch_size do rows[i] = math.random(count) end
  return rows
end
local function gumbel(shape) return -(-dsrl.uniform(shape, 1e-7, 1):log()):log() end

local function vocabulary_of(actions)
  local scale = actions:std(1, true) + 1e-3
  local scaled, chosen = actions / scale, {}
  for i = 1, opt.plans do chosen[i] = math.random(#actions) end
  local centres = scaled:index_select(1, chosen)
  local function nearest() return (scaled:matmul(centres:transpose(1, 2)) * 2 - (centres ^ 2):sum(2):reshape{1, -1}):argmax(2) end
  for _ = 1, 20 do
    local members = {}
    for row, k in ipairs(nearest():to_table()) do
      k = math.tointeger(k)
      members[k] = members[k] or {}
      table.insert(members[k], row)
    end
    for k, rows in pairs(members) do centres[k] = scaled:index_select(1, rows):mean(1) end
  end
  local label = nearest()
  print(("vocabulary of %d plans: mean distance of a demonstrated plan to its own %.2f m at 3 s"):format(
    opt.plans, ((((centres * scale):index_select(1, label) - actions) ^ 2):narrow(2, 11, 2):sum(2):sqrt()):mean():item()))
  return centres, centres * scale, label:reshape{-1, 1}
end

local function classifier_of(observations, label)
  local classifier = mlp(18, opt.plans)
  local adam = dsrl.optim.adam(classifier, {learning_rate = 1e-3})
  for _ = 1, opt.epochs * (#label // batch_size) do
    local rows = batch(#label)
    adam:zero_grad();
    (-classifier(observations:index_select(1, rows)):log_softmax(2):gather(2, label:index_select(1, rows)):mean()):backward()
    adam:step()
  end
  return classifier
end

-- Soft Q-learning. Its critics see observation and plan, so that plans teach one another; the classifier proposes candidates, and the policy is proportional to
-- exp(Q / entropy) among them: held to the demonstrations as the frozen model holds the steered one. As many environment steps, gradient steps and
-- critics. `plans` are the vocabulary in metres, `centres` scaled. Returns what acts.
local function soft_q(classifier, centres, plans, seed)
  local q, target, adams = {mlp(30, 1), mlp(30, 1)}, {mlp(30, 1), mlp(30, 1)}, {}
  for k = 1, 2 do
    target[k]:load_state_dict(q[k]:state_dict())
    adams[k] = dsrl.optim.adam(q[k], {learning_rate = 5e-4})
  end
  local function propose(obs) return (classifier(obs):reshape{-1, 1, opt.plans} + gumbel{#obs, opt.candidates, opt.plans}):argmax(3) end -- [n, candidates]
  local function value(pair, obs, choices) -- the lesser one, [n, candidates]
    local n = #obs
    local repeated = (obs:reshape{n, 1, 18} + dsrl.zeros(n, opt.candidates, 18)):reshape{-1, 18}
    local rows = dsrl.cat({repeated, centres:index_select(1, choices:reshape(-1))}, 2)
    local one, other = pair[1](rows), pair[2](rows)
    return (one - (one - other):relu()):reshape{n, -1}
  end
  local function choose(obs)
    local choices = propose(obs)
    local values = value(q, obs, choices) / opt.entropy
    return choices:gather(2, (values + gumbel(values.shape)):argmax(2):reshape{-1, 1}):reshape(-1)
  end

  local road, size = dsrl.env.make(id, {num_envs = 4, seed = seed + 1}), opt.steps + 4
  local seen, later, taken = dsrl.zeros(size, 18), dsrl.zeros(size, 18), dsrl.zeros(size, 12)
  local proposed, earned, alive = dsrl.zeros(size, opt.candidates), dsrl.zeros(size), dsrl.zeros(size)
  local function update(count)
    local rows = batch(count)
    local wanted = dsrl.no_grad(function()
      local values = value(target, later:index_select(1, rows), proposed:index_select(1, rows)) / opt.entropy
      local soft = opt.entropy * (values:logsumexp(2) - math.log(opt.candidates))
      return (earned:index_select(1, rows) + gamma * alive:index_select(1, rows) * soft):reshape{-1, 1}
    end)
    local before = dsrl.cat({seen:index_select(1, rows), taken:index_select(1, rows)}, 2)
    for k = 1, 2 do
      adams[k]:zero_grad();
      ((q[k](before) - wanted) ^ 2):mean():backward()
      adams[k]:step()
      dsrl.optim.polyak(target[k], q[k], 0.005)
    end
  end
  local obs, count = road:reset{seed = seed + 1}, 0
  local bar = dsrl.progress("soft Q", opt.steps)
  while count < opt.steps do
    local choice = dsrl.no_grad(function() return count < first_update and propose(obs):select(2, 1) or choose(obs) end)
    local next_obs, reward, terminated, _, info = road:step(plans:index_select(1, choice))
    local next_proposed = dsrl.no_grad(function() return propose(info.final_observation) end)
    for i = 1, 4 do
      count = count + 1
      seen[count], later[count], taken[count], proposed[count] = obs[i], info.final_observation[i], centres[math.tointeger(choice[i])], next_proposed[i]
      earned[count], alive[count] = reward[i], terminated[i] and 0 or 1
    end
    obs = next_obs
    for _ = 1, count >= first_update and opt.gradient_steps or 0 do update(count) end
    bar:update(count)
  end
  bar:finish()
  return function(from) return dsrl.no_grad(function() return plans:index_select(1, choose(from)) end) end
end

-- 3. All of them, seed by seed.
local results = {}
for k, name in ipairs(opt.learners and {"diffusion", "diffusion, steered", "plans", "plans, soft Q"} or {"diffusion", "plans"}) do
  results[k] = {name = name, crashed = {}, speed = {}, jerk = {}, lateral = {}, returns = {}}
  results[name] = results[k]
end
local policy, agent -- of the first seed
for seed = dsrl.run.seed, dsrl.run.seed + opt.seeds - 1 do
  math.randomseed(seed)
  local data = dsrl.data.demonstrations{env = id, episodes = opt.demonstrations, seed = seed}
  print(data)
  local base, steered = predictor(dsrl.env.make(id, {num_envs = 4, seed = seed}), data, seed)
  measure(results["diffusion"], seed, function(obs) return base:act(obs) end)
  local centres, plans, label = vocabulary_of(data.actions)
  local classifier = classifier_of(data.observations, label)
  measure(results["plans"], seed, function(obs)
    return dsrl.no_grad(function()
      local logits = classifier(obs)
      return plans:index_select(1, (logits + gumbel(logits.shape)):argmax(2))
    end)
  end)
  if opt.learners then
    steered:learn{steps = opt.steps}
    measure(results["diffusion, steered"], seed, function(obs) return steered:act(obs) end)
    measure(results["plans, soft Q"], seed, soft_q(classifier, centres, plans, seed))
  end
  report(results)
  policy, agent = policy or base, agent or steered
end

-- 4. Forty predicted trajectories before and after steering, at a start with a car beside the own one and another one ahead, all seen from the car.
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
