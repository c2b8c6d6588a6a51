import LuaBridge
import Testing

/// Environments that scripts define, by dsrl.env.define.
@Suite struct LuaEnvironmentTests {
  private func domain() throws -> Domain {
    let domain = try Domain()
    try domain.lua.run(ownEnvironments)
    return domain
  }

  @Test(arguments: [
    // What make, spaces and steps say
    ("local e = dsrl.env.make(line, {seed = 3}) local o = e:reset{seed = 1} local p, r, t, u, i = e:step{0.5} return o.shape, math.type(r), t, u, i.success, e.max_episode_steps, e.action_space.low",
     "{2}, \"float\", false, false, 0.0, 20, {-1.0}"),
    ("return line, dsrl.env.options(line), table.concat(dsrl.env.ids(), ' '):find('Line%-v0') ~= nil, tostring(dsrl.env.make(line)):find('Lua, one after the other') ~= nil",
     "\"Line-v0\", {friction = 0.5, name = \"plain\"}, true, true"),
    // The law itself: v' = f v + a, x' = x + 0.1 v'
    ("dsrl.env.define(definition{id = 'Sure-v0', reset = function(self) self.x, self.v = 1, 0 return {1, 0} end, step = function(self, a) self.v = self.options.friction * self.v + a[1] self.x = self.x + 0.1 * self.v return {self.x, self.v}, self.x, false end}) local e = dsrl.env.make('Sure-v0', {friction = 0.25}) e:reset() e:step{1} local o, r = e:step{-0.5} return o:to_table()[2], math.abs(r - 1.075) < 1e-12",
     "-0.25, true"),
    // Seeds, time limits and the end
    ("local a, b = dsrl.env.make(line), dsrl.env.make(line) local x, y = trail(a, 30, {seed = 4}), trail(b, 30, {seed = 4}) return x == y, x == trail(a, 30, {seed = 5})", "true, false"),
    ("local e = dsrl.env.make(line, {max_episode_steps = 2}) e:reset() local _, _, t, u = e:step{0} local _, _, t2, u2 = e:step{0} return t, u, t2, u2, pcall(e.step, e, {0})", "false, false, false, true, false, \"chunk:1: the episode of Line-v0 is over; reset it first\""),
    // Vectors: the streams are those of single ones, seeds = {...} too
    ("local v = dsrl.env.make(line, {num_envs = 3}) local o = v:reset{seeds = {7, 8, 7}} local e = dsrl.env.make(line) return same(o[1], o[3]), same(o[1], o[2]), same(o[2], e:reset{seed = 8})", "true, false, true"),
    ("local v = dsrl.env.make(line, {num_envs = 2, chunk = 4, max_episode_steps = 6}) v:reset{seed = 1} v:step(dsrl.zeros(2, 4)) local o, r, t, u, i = v:step(dsrl.zeros(2, 4)) return i.steps_taken, u, i.final_observation.shape, same(o, i.final_observation), #i.episodes, i.episodes[1].length, i.episodes[1].success",
     "{2, 2}, {true, true}, {2, 2}, false, 2, 6, false"),
    ("return #dsrl.env.make(line, {num_envs = 2, observation_steps = 3}):reset():to_table()[1]", "6"),
    // States: exactly as before, single, several, and from one to another
    ("local e, f = dsrl.env.make(line), dsrl.env.make(line) e:reset{seed = 2} e:step{0.3} local s = e:state() local x = trail(e, 25) f:set_state(s) local y = trail(f, 25) e:set_state(s) return x == y, x == trail(e, 25)", "true, true"),
    ("local o = {num_envs = 3, chunk = 2} local e, f = dsrl.env.make(line, o), dsrl.env.make(line, o) e:reset{seed = 2} trail(e, 3) local s = e:state() local x = trail(e, 25) f:set_state(s) return x == trail(f, 25)", "true"),
    ("local o = {num_envs = 3, chunk = 2} local e, f = dsrl.env.make(lines, o), dsrl.env.make(lines, o) e:reset{seed = 2} trail(e, 3) local s = e:state() local x = trail(e, 25) f:set_state(s) return x == trail(f, 25)", "true"),
    ("local kept dsrl.env.define(definition{id = 'Kept-v0', get_state = function(self) return {x = self.x, v = {self.v}} end, set_state = function(self, s) self.x, self.v, kept = s.x, s.v[1], true end}) local e = dsrl.env.make('Kept-v0') e:reset() e:step{1} local s = e:state() local x = trail(e, 9) e:set_state(s) return x == trail(e, 9), kept",
     "true, true"),
    ("dsrl.env.define(definition{id = 'Deep-v0', reset = function(self, rng) self.me, self.t, self.rng = self, {dsrl.ones(2), 'a\\0b', true, 1 << 60, 0.1, [2.5] = {}}, rng self.t[7] = self.t return {0, 0} end, step = function(self) self.t[5] = self.t[5] + self.rng:uniform() self.t[1] = self.t[1] * 2 return {self.t[5], self.t[1]:sum():item()}, self.me.t[7][4] == self.t[4] and 1 or 0, false end}) local e, f = dsrl.env.make('Deep-v0'), dsrl.env.make('Deep-v0') e:reset() e:step{0} local s = e:state() local x = trail(e, 2) f:set_state(s) return x == trail(f, 2), x:find('%], 1, ') ~= nil",
     "true, true"),
    // The form in Tensors: the same as a vector of one, row by row
    ("local v = dsrl.env.make(lines, {num_envs = 3, chunk = 2}) local o = v:reset{seeds = {7, 8, 7}} local e = dsrl.env.make(lines) return same(o[1], o[3]), same(o[1], o[2]), same(o[2], e:reset{seed = 8})", "true, false, true"),
    ("local v, w = dsrl.env.make(lines, {num_envs = 3, max_episode_steps = 7, chunk = 3}), dsrl.env.make(lines, {num_envs = 2, max_episode_steps = 7, chunk = 3}) v:reset{seeds = {1, 2, 3}} w:reset{seeds = {1, 2}} for i = 1, 12 do local a = pushes(3, 3, i) x, y = v:step(a), w:step(a:narrow(1, 1, 2)) end return same(x:narrow(1, 1, 2), y)", "true"),
    // Everything that acts takes them
    ("local d = dsrl.data.collect{env = line, policy = function(o) return dsrl.zeros(o.shape[1], 1, 1) end, episodes = 3} return #d.episodes, d.episodes[1].length", "3, 20"),
    ("return dsrl.evaluate{env = lines, policy = function(o) return dsrl.zeros(o.shape[1], 1, 1) end, episodes = 4, num_envs = 2}.lengths", "{20, 20, 20, 20}"),
    ("local e = dsrl.env.make(line, {num_envs = 2}) local a = dsrl.agent.sac{env = e, hidden = {8}, learning_starts = 8, batch_size = 4} a:learn{steps = 60, eval_every = 30, eval_episodes = 2} a:save(folder .. '/a') local b = dsrl.agent.sac{env = dsrl.env.make(line, {num_envs = 2}), hidden = {8}, learning_starts = 8, batch_size = 4} b:load(folder .. '/a') a:learn{steps = 30} b:learn{steps = 30} return same(a:act({0.1, 0.2}, {deterministic = true}), b:act({0.1, 0.2}, {deterministic = true}))", "true"),
    // A definition may be replaced; what was made before goes on
    ("local e = dsrl.env.make(line) dsrl.env.define(definition{reset = function() return {9, 9} end}) return e:reset{seed = 1}:to_table()[1] < 2, dsrl.env.make(line):reset():to_table()[1]", "true, 9.0"),
  ]) func works(_ source: String, _ wanted: String) throws {
    let domain = try domain()
    #expect(try domain.results(source) == wanted)
    try domain.close()
  }

  /// What a definition and its functions may do wrong; `bad` changes the definition, and then it is made, reset and stepped.
  @Test(arguments: [
    ("{observation_space = false}", "'observation_space' must be a Space, a table {low =, high =, shape =} or a count of numbers, got boolean false"),
    ("{observation_space = {low = 1, high = -1, shape = 2}}", "'observation_space': a box wants low <= high"), ("{action_space = {low = {-1, -1}, high = 1, shape = 3}}", "3 numbers expected for each end, got 2"),
    ("{id = 'Hopper-v5'}", "there is an environment Hopper-v5 already"), ("{steps = 3}", "unknown option 'steps' (did you mean 'step'?)"), ("{step_batch = print}", "wants either 'reset' and 'step' or"),
    ("{get_state = function() end}", "wants 'get_state' and 'set_state', got one of them"), ("{max_episode_steps = 0}", "'max_episode_steps' must be a positive number"), ("{reset = 3}", "'reset' must be a function"),
    ("{reset = function() end}", "]:1) of Line-v0 returned nothing for an observation, wanted a list of 2 numbers"), ("{reset = function() return {1} end}", "returned an observation of 1 numbers, wanted 2"),
    ("{reset = function() return {1, 'x'} end}", "returned an observation with a string at element 2, wanted a number"), ("{reset = function() return {1, 0/0} end}", "returned an observation that holds -nan at element 2"),
    ("{reset = function() return dsrl.zeros(3) end}", "returned an observation of 3 numbers, wanted 2"), ("{reset = function() error('mine') end}", "]:1: mine"),
    ("{step = function() return {1, 2} end}", "]:1) of Line-v0 returned nothing for the reward, wanted a number"), ("{step = function() return {1, 2}, 'high' end}", "returned a string for the reward"),
    ("{step = function() return {1, 2}, 1/0, false end}", "returned inf for the reward"), ("{step = function() return {1, 2}, 1 end}", "returned nothing for terminated, wanted true or false"),
    ("{step = function() return {1, 2}, 1, 0 end}", "returned a number for terminated"), ("{step = function() return {1, 2}, 1, false, 1 end}", "returned a number for truncated"),
    ("{step = function() return {1, 2}, 1, false, false, {x = {}} end}", "returned a wrong info: 'x' must be a number or a boolean, got a table"), ("{step = function(self) return self.x.y end}", "attempt to index a number value (field 'x')"),
    ("{step = function() coroutine.yield() end}", "attempt to yield"), ("{step = function(self) self.x = setmetatable({}, {}) return {0, 0}, 0, false end}", "self.x has a metatable, which cannot be kept"),
    ("{step = function(self) self.f = print return {0, 0}, 0, false end}", "self.f is a function, which cannot be kept"), ("{get_state = function() return 3 end, set_state = print}", "of Line-v0 must return a table"),
  ]) func mistakes(_ changes: String, _ wanted: String) throws {
    let domain = try domain()
    try domain.lua.setGlobal("changes", changes)
    let message = domain.message("dsrl.env.define(definition(load('return ' .. changes, 'bad')())) e = dsrl.env.make(line) e:reset() e:step{0} e:state()")
    #expect(message.contains(wanted), "\(message)")
    try domain.close()
  }

  @Test(arguments: [
    ("{reset_batch = function(self, rows) return dsrl.zeros(3, 2) end}", "returned observations of shape [3, 2], wanted [2, 2]"), ("{step_batch = function() return dsrl.zeros(2, 2), dsrl.zeros(3), dsrl.zeros(2) end}", "returned rewards of shape [3], wanted [2]"),
    ("{step_batch = function() return dsrl.zeros(2, 2), dsrl.zeros(2), dsrl.full({2}, 0.5) end}", "returned terminated that holds 0.5, wanted 0 and 1"), ("{step_batch = function() return dsrl.zeros(2, 2), dsrl.zeros(2), {true} end}", "returned 1 booleans for terminated, wanted 2"),
    ("{step_batch = function() return dsrl.zeros(2, 2), dsrl.zeros(2):log(), {true, false} end}", "returned rewards that holds -inf in row 1"), ("{step_batch = function() return dsrl.zeros(2, 2), {1, 2}, {true, false}, nil, {x = {1}} end}", "returned an info 'x' of shape [1], wanted [2]"),
    ("{step = print}", "wants either 'reset' and 'step' or"), ("{step_batch = function() return 'x' end}", "returned a string for observations, wanted a Tensor of shape [2, 2]"),
  ]) func mistakesInTensors(_ changes: String, _ wanted: String) throws {
    let domain = try domain()
    try domain.lua.setGlobal("changes", changes)
    let message = domain.message("dsrl.env.define(batch_definition(load('return ' .. changes, 'bad')())) e = dsrl.env.make(lines, {num_envs = 2}) e:reset() e:step(dsrl.zeros(2, 1))")
    #expect(message.contains(wanted), "\(message)")
    try domain.close()
  }

  /// Functions that do to their own environment what they should not: an error, or nothing, and the environment can be used again.
  @Test(arguments: ["v:step(dsrl.zeros(2, 1))", "v:reset()", "v:state()", "v:set_state(kept)", "collectgarbage()", "v:close()", "coroutine.wrap(function() v:reset() end)()", "local x <close> = v error('out')", "v = nil collectgarbage()",
    "dsrl.env.define(definition{id = 'Odd-v0'})", "dsrl.evaluate{env = 'Odd-v0', policy = function(o) return dsrl.zeros(o.shape[1], 1, 1) end, episodes = 1}", "for i = 1, 200 do pcall(v.step, v, dsrl.zeros(2, 1)) end",
    "local function deep(n) if n > 0 then return pcall(deep, n - 1) end v:step(dsrl.zeros(2, 1)) end deep(150)"])
  func reentered(_ deed: String) throws {
    let domain = try domain()
    try domain.lua.setGlobal("deed", deed)
    for owner in ["step", "reset"] {
      try domain.lua.run(
        """
        v, inner = nil, false
        local act = load(deed, "deed")
        local plain = definition()
        local function own(self, ...)
          if v and not inner then inner = true pcall(act) inner = false end
          return plain.\(owner)(self, ...)
        end
        dsrl.env.define(definition{id = "Odd-v0", \(owner) = own})
        local env = dsrl.env.make("Odd-v0", {num_envs = 2})
        env:reset()
        kept = env:state()
        v = env
        for i = 1, 30 do pcall(env.step, env, dsrl.zeros(2, 1)) pcall(env.reset, env) end
        v, inner = nil, true
        if deed:find("<close>") then env = dsrl.env.make("Odd-v0", {num_envs = 2}) end  -- that one is closed
        env:reset{seed = 1}
        assert(env:step(dsrl.zeros(2, 1)).shape[1] == 2)
        collectgarbage()
        """)
    }
    try domain.close()
  }
}
