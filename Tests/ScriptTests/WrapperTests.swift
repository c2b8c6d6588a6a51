import LuaBridge
import Testing

/// Environments seen through Lua functions, by dsrl.env.wrap.
@Suite struct WrapperTests {
  @Test(arguments: [
    ("local w = dsrl.env.wrap('PointFork-v0', {}) return w:reset{seed = 3}.shape, same(w:reset{seed = 3}, dsrl.env.make('PointFork-v0'):reset{seed = 3}), tostring(w):find('nothing changed') ~= nil", "{2}, true, true"),
    // What the functions are given, against the environment itself
    ("""
     local seen
     local w = dsrl.env.wrap('Pendulum-v1', {reward = function(o, a, n, r, t, i) seen = {o, a, n, r, t} return r + 100 end})
     local e, o = dsrl.env.make('Pendulum-v1'), nil
     w:reset{seed = 1} o = e:reset{seed = 1}
     local p, r = w:step{0.5} local q, s = e:step{0.5}
     return same(p, q), math.abs(r - s - 100) < 1e-9, same(dsrl.tensor(seen[1]), o), seen[2], same(dsrl.tensor(seen[3]), q), seen[4] == s, seen[5]
     """, "true, true, true, {0.5}, true, true, false"),
    ("local w = dsrl.env.wrap('Hopper-v5', {terminated = function(o, a, n, t, i) return i.x_position == nil end, reward = function(o, a, n, r, t, i) return i.reward_survive end}) w:reset() local _, r, t = w:step{0, 0, 0} return r, t", "1.0, false"),
    ("local w = dsrl.env.wrap('Pendulum-v1', {observation = function(o) return {o[3]} end, observation_space = {low = -8, high = 8, shape = 1}, action = function(a) return {2 * a[1]} end, action_space = {low = -1, high = 1}}) local e = dsrl.env.make('Pendulum-v1') w:reset{seed = 2} e:reset{seed = 2} local p, r = w:step{0.25} local q, s = e:step{0.5} return p.shape, p:item() == q[3], r == s, w.action_space.high",
     "{1}, true, true, {1.0}"),
    // The same functions one by one and in Tensors say the same; chunks, observations of the last steps and ends too
    ("""
     local o = {num_envs = 3, chunk = 4, observation_steps = 2, max_episode_steps = 10}
     local function with(more) for name, value in pairs(o) do more[name] = value end return more end
     local w = dsrl.env.wrap('PointFork-v0', with{reward = function(o, a, n, r) return n[1] - o[1] + 0.5 * a[2] + r end, terminated = function(o, a, n) return n[1] > 0.4 end, observation = function(o) return {2 * o[1], o[2]} end})
     local b = dsrl.env.wrap('PointFork-v0', with{batch = true,
       reward = function(o, a, n, r) return n:select(2, 1) - o:select(2, 1) + 0.5 * a:select(2, 2) + r end, terminated = function(o, a, n) return n:select(2, 1):gt(0.4) end,
       observation = function(o) return o * dsrl.tensor{2, 1} end})
     local far, flags = 0, true
     local x, y = w:reset{seed = 5}, b:reset{seed = 5}
     far = math.max(far, (x - y):abs():max():item())
     for i = 1, 20 do
       local a = dsrl.uniform({3, 8}, -1, 1)
       local p, r, t, u, i = w:step(a) local q, s, v, z, j = b:step(a)
       far = math.max(far, (p - q):abs():max():item(), (r - s):abs():max():item(), (i.final_observation - j.final_observation):abs():max():item())
       for k = 1, 3 do flags = flags and t[k] == v[k] and u[k] == z[k] and i.steps_taken[k] == j.steps_taken[k] end
     end
     return far < 1e-4, flags, b.num_envs, tostring(b):find('reward, observation, terminated by Lua, all environments at once') ~= nil
     """, "true, true, 3, true"),
    // States, also of what is wrapped twice and of what is in Tensors beneath
    ("""
     local inner = dsrl.env.wrap('Pendulum-v1', {num_envs = 2, batch = true, reward = function(o, a, n) return n:select(2, 3) - o:select(2, 3) end})
     local outer = dsrl.env.wrap(inner, {reward = function(o, a, n, r) return 2 * r + o[1] end, chunk = 2})
     outer:reset{seed = 1} outer:step(dsrl.zeros(2, 2))
     local s = outer:state()
     local _, a = outer:step(dsrl.ones(2, 2)) outer:set_state(s)
     local _, b = outer:step(dsrl.ones(2, 2))
     return same(a, b), outer.num_envs, outer.chunk, inner.chunk
     """, "true, 2, 2, 1"),
    ("local w = dsrl.env.wrap('PointFork-v0', {num_envs = 2, reward = function() return 1 end}) return dsrl.evaluate{env = w, policy = function(o) return dsrl.zeros(o.shape[1], 1, 2) end, episodes = 2}.mean_reward == dsrl.evaluate{env = w, policy = function(o) return dsrl.zeros(o.shape[1], 1, 2) end, episodes = 2}.lengths[1]", "true"),
  ]) func works(_ source: String, _ wanted: String) throws {
    let domain = try Domain()
    #expect(try domain.results(source) == wanted)
    try domain.close()
  }

  @Test(arguments: [
    ("dsrl.env.wrap(3, {})", "an Environment or an id expected, got number 3"), ("dsrl.env.wrap('Pendulum-v1', {rewards = print})", "unknown option 'rewards' (did you mean 'reward'?)"),
    ("dsrl.env.wrap(fork, {g = 3})", "unknown option 'g'"), ("dsrl.env.wrap(fork, {observation_space = 3})", "'observation_space' is for a wrapper with a function 'observation'"),
    ("local w = dsrl.env.wrap('Pendulum-v1', {reward = function() return 'x' end}) w:reset() w:step{0}", "reward (chunk:1) of the wrapper of Pendulum-v1 returned a string for the reward"),
    ("local w = dsrl.env.wrap('Pendulum-v1', {observation = function(o) return {1} end}) w:reset()", "returned an observation of 1 numbers, wanted 3"),
    ("local w = dsrl.env.wrap('Pendulum-v1', {action = function(o) return {1, 2} end}) w:reset() w:step{0}", "returned an action of 2 numbers, wanted 1"),
    ("local w = dsrl.env.wrap('Pendulum-v1', {batch = true, num_envs = 2, reward = function() return dsrl.zeros(3) end}) w:reset() w:step(dsrl.zeros(2, 1))", "returned rewards of shape [3], wanted [2]"),
    ("local w w = dsrl.env.wrap('Pendulum-v1', {batch = true, num_envs = 2, reward = function() w:reset() end}) w:reset() w:step(dsrl.zeros(2, 1))", "Pendulum-v1 is at work: its own functions cannot reset"),
    ("local w = dsrl.env.wrap('Pendulum-v1', {reward = print}) w:set_state(dsrl.env.make('Pendulum-v1'):state())", "not of a wrapped one"),
  ]) func mistakes(_ source: String, _ wanted: String) throws {
    let domain = try Domain()
    let message = domain.message(source)
    #expect(message.contains(wanted), "\(message)")
    try domain.close()
  }
}
