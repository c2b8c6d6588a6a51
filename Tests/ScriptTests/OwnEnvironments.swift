/// Environments in Lua for the tests: a point that is pushed along a line, one after the other and in Tensors.
let ownEnvironments = """
  function definition(changes)
    local own = {
      id = "Line-v0", observation_space = {low = -10, high = 10, shape = 2}, action_space = {low = -1, high = 1, shape = 1}, max_episode_steps = 20,
      options = {friction = 0.5, name = "plain"},
      reset = function(self, rng)
        self.x, self.v = rng:uniform(-1, 1), 0
        return {self.x, self.v}
      end,
      step = function(self, action, rng)
        self.v = self.options.friction * self.v + action[1] + 0.01 * rng:normal()
        self.x = self.x + 0.1 * self.v
        return {self.x, self.v}, -self.x * self.x, self.x > 2, false, {success = self.x > 2}
      end,
    }
    for name, value in pairs(changes or {}) do own[name] = value end
    return own
  end
  function batch_definition(changes)
    local own = {
      id = "Lines-v0", observation_space = {low = -10, high = 10, shape = 2}, action_space = {low = -1, high = 1, shape = 1}, max_episode_steps = 20,
      reset_batch = function(self, rows, rng)
        if not self.x then self.x, self.v = dsrl.zeros(self.num_envs, 1), dsrl.zeros(self.num_envs, 1) end
        local x = rng:uniform(1, -1, 1)
        for i, row in ipairs(rows) do
          self.x[{row, 1}], self.v[{row, 1}] = x[{i, 1}], 0
        end
        return dsrl.cat({x, dsrl.zeros(#rows, 1)}, 2)
      end,
      step_batch = function(self, actions, rng)
        self.v = self.v * 0.5 + actions + rng:normal(1) * 0.01
        self.x = self.x + self.v * 0.1
        return dsrl.cat({self.x, self.v}, 2), (-self.x * self.x):reshape(-1), self.x:gt(2):reshape(-1)
      end,
    }
    for name, value in pairs(changes or {}) do own[name] = value end
    return own
  end
  line, lines = dsrl.env.define(definition()), dsrl.env.define(batch_definition())
  function pushes(n, k, seed)
    dsrl.manual_seed(seed or 1)
    return dsrl.uniform({n, k or 1}, -1, 1)
  end
  -- Everything that an environment shows over some steps, as one string.
  function trail(env, steps, reset)
    local said = {}
    if reset then said[1] = tostring(env:reset(reset)) end
    local n, k = env.num_envs or 1, env.chunk * env.action_space.shape[1]
    for i = 1, steps do
      local action = pushes(n, k, i)
      if not env.num_envs then action = action:reshape(-1) end
      local obs, reward, terminated, truncated, info = env:step(action)
      local ended = terminated == true or truncated == true
      said[#said + 1] = dsrl.json.text{obs:to_table(), type(reward) == "number" and reward or reward:to_table(), terminated, truncated}
      if ended then said[#said + 1] = tostring(env:reset()) end
    end
    return table.concat(said, "\\n")
  end
  """
