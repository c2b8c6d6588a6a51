-- A policy that sees three observations, predicts eight actions and executes three: from environment and data to acting, steering and back from files.
local dsrl = require "dsrl"
local check = require "check"
local folder = dsrl.run.folder

-- The environment shows the last single steps, also those within a chunk.
local one, several = dsrl.env.make("PointFork-v0"), dsrl.env.make("PointFork-v0", {chunk = 3, observation_steps = 3})
assert(several.observation_steps == 3 and one.observation_steps == 1 and several.observation_space.shape[1] == 6)
local first, stacked = one:reset{seed = 4}, several:reset{seed = 4}
local function distance(a, b) return (a - b):abs():max():item() end
assert(distance(stacked, dsrl.cat{first, first, first}) == 0)
local seen = {}
for i = 1, 3 do seen[i] = one:step{1, 0.5} end
stacked = several:step(dsrl.tensor{{1, 0.5}, {1, 0.5}, {1, 0.5}})
assert(distance(stacked, dsrl.cat(seen, 1)) == 0)
local state = several:state()
local after = several:step(dsrl.zeros(3, 2))
several:set_state(state)
assert(distance(after, (several:step(dsrl.zeros(3, 2)))) == 0)

local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 3, observation_steps = 3, seed = 1})
local network = {hidden = {32, 32, 32}, activation = "relu"}
local policy = dsrl.policy.diffusion{env = env, horizon = 8, action_offset = 2, network = network, process = {steps = 10}, seed = 1}
assert(policy.observation_size == 2 and policy.observation_steps == 3)
assert(policy.horizon == 8 and policy.action_steps == 3 and policy.action_offset == 2 and policy.latent_size == 16)

local data = dsrl.data.demonstrations{episodes = 20, seed = 1}
policy:fit(data, {epochs = 3, pad_after = 3})

local obs, noise = env:reset{seed = 1}, dsrl.randn(2, 16)
local chunks = policy:decode(obs, noise)
assert(table.concat(chunks.shape, " ") == "2 8 2")
assert(distance(chunks, policy:decode(obs:reshape(2, 3, 2), noise)) == 0)
assert(distance(chunks[1], policy:decode(obs[1]:reshape(3, 2), noise[1])) < 1e-6)
assert(table.concat(policy:act(obs).shape, " ") == "2 3 2" and table.concat(policy:act(obs[1]).shape, " ") == "3 2")

-- The actions that are executed are those of the prediction from the present on.
local agent = dsrl.agent.dsrl_na{env = env, policy = policy, hidden = {8}, init_rollout_steps = 2, batch_size = 8, gradient_steps = 1, seed = 1}
local chosen = agent:noise(obs, {deterministic = true})
local executed = agent:act(obs, {deterministic = true})
assert(distance(executed, policy:decode(obs, chosen):narrow(2, 3, 3)) < 1e-6)
local done = 0
while done < 60 do done = done + agent:advance().environment_steps end
assert(agent.gradient_steps > 0)
assert(dsrl.evaluate{agent = agent, episodes = 2}.n == 2)

-- An environment made from an id is made as the policy wants it.
assert(dsrl.evaluate{policy = policy, env = "PointFork-v0", episodes = 3}.n == 3)
assert(dsrl.data.collect{policy = policy, env = "PointFork-v0", episodes = 2}.observations.shape[2] == 2)

policy:save(folder .. "/policy")
local again = dsrl.policy.load(folder .. "/policy")
assert(again.observation_steps == 3 and again.action_steps == 3 and again.action_offset == 2)
assert(distance(chunks, again:decode(obs, noise)) == 0)
agent:save_actor(folder .. "/actor.safetensors", {deterministic = true})
local actor = dsrl.agent.load_actor(folder .. "/actor.safetensors", {policy = again})
assert(distance(actor:act(obs), agent:act(obs, {deterministic = true})) < 1e-6)
assert(dsrl.evaluate{actor = actor, env = "PointFork-v0", episodes = 2}.n == 2)

assert(tostring(env):find("3 steps at once", 1, true))
assert(tostring(policy):find("observation 3 x 2 and latent 16 to 8 x 2 actions, of which numbers 3 to 5 are executed", 1, true))

-- Every kind of network sees several observations.
local kinds = {
  {kind = "mlp", hidden = {32, 32}}, {kind = "unet1d", down_dims = {16, 16}, n_groups = 4, diffusion_step_embed_dim = 16},
  {kind = "transformer", n_layer = 1, n_head = 2, n_emb = 16},
}
for _, shape in ipairs(kinds) do
  local other = dsrl.policy.diffusion{env = env, horizon = 8, network = shape, process = {steps = 10}, seed = 1}
  other:fit(data, {epochs = 20, pad_after = 2, learning_rate = 1e-2, ema_decay = 0.5})
  assert(table.concat(other:decode(obs, noise).shape, " ") == "2 8 2")
  local changed = obs:clone()
  changed[{1, 1}] = obs[{1, 1}] + 0.3
  assert(distance(other:decode(changed, noise)[1], other:decode(obs, noise)[1]) > 1e-5, "the oldest observation matters to a " .. shape.kind)
end

-- The defaults: with an environment its chunk and its history, else the whole chunk; Diffusion Policy's networks begin at the first observation.
local function sizes(options)
  options.network, options.process = options.network or network, {steps = 10}
  local p = dsrl.policy.diffusion(options)
  return ("%d %d %d %d"):format(p.observation_steps, p.horizon, p.action_steps, p.action_offset)
end
assert(sizes{env = env} == "3 3 3 0")
assert(sizes{env = env, horizon = 6} == "3 6 3 0")
assert(sizes{env = env, network = {kind = "transformer", n_layer = 1, n_emb = 16}} == "3 5 3 2")
assert(sizes{observation_size = 2, action_size = 1, horizon = 4} == "1 4 4 0")
assert(sizes{observation_size = 2, action_size = 1, horizon = 4, observation_steps = 2, network = {kind = "unet1d", down_dims = {16, 16}}} == "2 4 3 1")
assert(sizes{observation_size = 2, action_size = 1, action_steps = 2} == "1 2 2 0")

local function wrong(message, options) check.fails(message, sizes, options) end
wrong("action_steps wants a number from 1 to 2 (horizon 2, action_offset 0), got 3", {env = env, horizon = 2})
wrong("action_offset wants a number from 0 to 2, of actions since the first of 3 observations, got 3", {env = env, horizon = 8, action_offset = 3})
wrong("observation_steps wants a number from 1 to 65536, got 0", {env = env, observation_steps = 0})
check.fails("pad_after wants a number from 0 to 7, got 8", policy.fit, policy, data, {epochs = 1, pad_after = 8})
check.fails("observations want the shape [6] or [n, 6], got [2, 2]", policy.act, policy, dsrl.zeros(2, 2))
check.fails("the policy decides on action_steps = 3", dsrl.agent.dsrl_na,
  {env = dsrl.env.make("PointFork-v0", {num_envs = 1, chunk = 8, observation_steps = 3}), policy = policy})
check.fails("shows observation_steps = 1 observations, what acts wants 3", dsrl.evaluate,
  {policy = policy, env = dsrl.env.make("PointFork-v0", {chunk = 3}), episodes = 1})
