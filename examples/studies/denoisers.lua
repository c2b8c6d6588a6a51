-- The same data, the same process, three denoisers: DPPO's residual MLP, Diffusion Policy's U-Net and its transformer. How good is the base policy that
-- each becomes, how long does it train, how fast does it decode.
--
--   dsrl-lua run examples/studies/denoisers.lua --seed 1
--   dsrl-lua run examples/studies/denoisers.lua --seed 1 --set env=Hopper-v5
local dsrl = require "dsrl"

local opt = dsrl.options{
  env = "PointFork-v0",    -- or "Hopper-v5", with data of the behaviour that examples/hopper holds
  data_steps = 200000,     -- of Hopper
  demonstrations = 600,    -- of PointFork
  gradient_steps = 4000,   -- of every network, in whole epochs
  learning_rate = 1e-3,    -- at its highest
  networks = {"residual_mlp", "unet1d", "transformer"},
  episodes = 100,          -- of each evaluation
}
local seed, chunk, batch_size = dsrl.run.seed, 4, 256
local data
if opt.env == "PointFork-v0" then
  data = dsrl.data.demonstrations{env = opt.env, episodes = opt.demonstrations, seed = seed}
else
  local folder = debug.getinfo(1, "S").source:match("^@(.*/)[^/]*/[^/]*$") or ""
  data = dsrl.data.collect{env = opt.env, policy = dsrl.agent.load_actor(folder .. "hopper/behaviour.safetensors", {seed = seed}), steps = opt.data_steps, num_envs = 4, seed = seed}
end
print(data)
local returns = data:returns()
local interval = dsrl.stats.bootstrap(returns)
print(("mean return of the data's %d episodes: %.1f (%.1f to %.1f)"):format(#returns, dsrl.stats.mean(returns), interval[1], interval[2]))

local env = dsrl.env.make(opt.env, {num_envs = 4, chunk = chunk, seed = seed})
local networks = {
  residual_mlp = {kind = "residual_mlp", hidden = {256, 256, 256}, activation = "relu"},
  unet1d = {kind = "unet1d", down_dims = {64, 128}, diffusion_step_embed_dim = 64},
  transformer = {kind = "transformer", n_layer = 4, n_emb = 128, p_drop_attn = 0},  -- the others drop nothing either
}
local chunks = 0
for _, episode in ipairs(data.episodes) do chunks = chunks + math.max(0, episode.length - chunk + 1) end
local steps_an_epoch = math.max(1, chunks // batch_size)

print(("%-14s %11s %9s %8s %34s %10s"):format("", "parameters", "train s", "loss", "base policy", "decode us"))
for _, name in ipairs(opt.networks) do
  if not networks[name] then error("networks are residual_mlp, unet1d and transformer, got " .. name) end
  local policy = dsrl.policy.diffusion{env = env, horizon = chunk, network = networks[name], action_offset = 0, seed = seed, process = {steps = 20}, sampler = dsrl.sampler.ddim{steps = 10}}
  local started = os.time()
  local last = policy:fit(data, {
    epochs = math.max(1, opt.gradient_steps // steps_an_epoch), batch_size = batch_size, learning_rate = opt.learning_rate, warmup_epochs = 0, warmup_steps = 500, seed = seed,
  })
  local seconds = os.time() - started
  local base = dsrl.evaluate{policy = policy, env = env, episodes = opt.episodes, seed = seed + 100}
  local observation, noise = env:reset{seed = seed}, dsrl.randn(4, policy.latent_size)
  local clock, times = os.clock(), 50
  for _ = 1, times do policy:decode(observation, noise) end
  local decode = (os.clock() - clock) / times / 4 * 1e6
  local told = base.success_rate and ("%5.1f %% (%4.1f to %4.1f)"):format(100 * base.success_rate, 100 * base.success_interval[1], 100 * base.success_interval[2])
    or ("%7.1f ± %5.1f (%7.1f to %7.1f)"):format(base.mean_reward, base.std_reward, base.interval[1], base.interval[2])
  print(("%-14s %11d %9d %8.4f %34s %10.0f"):format(name, policy.parameters, seconds, last.loss, told, decode))
  dsrl.run.log(last.gradient_steps, {["eval/" .. name] = base.success_rate or base.mean_reward})
  policy:save(dsrl.run.path(name))
end
