import LuaBridge
import Tensors
import Testing

@Suite struct WrongTypesTests {
  /// A thousand calls of everything there is with what it does not want: each raises or not, and nothing stays behind.
  @Test func wrongTypesLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let domain = try Domain()
      try domain.lua.run(WrongTypesTests.objects)
      for entry in domain.lua.registry.entries where entry.name != "Figure:text" && entry.name != "Figure:show" {  // they start gnuplot
        try domain.lua.run(WrongTypesTests.add(entry))
      }
      try domain.lua.run(WrongTypesTests.warmUp)
      let before = Tensor.liveCount
      let calls = try domain.lua.run(WrongTypesTests.calls)
      let after = Tensor.liveCount
      #expect(before == after)
      guard case .int(let count)? = calls.first else { throw UsageError("no count") }
      #expect(count > 100_000)
      try domain.close()
    }
  }

  /// A session that ends takes everything with it.
  @Test func aSessionLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let before = Tensor.liveCount
      do {
        let domain = try Domain()
        try domain.lua.run(WrongTypesTests.objects)
        #expect(Tensor.liveCount > before)
        try domain.close()
      }
      #expect(Tensor.liveCount == before)
    }
  }

  static let objects = """
    functions, objects = {}, {}
    objects.Tensor = dsrl.zeros(2, 2)
    objects.Environment = fork
    objects.Space = fork.action_space
    objects.EnvironmentState = fork:state()
    for name, form in pairs{Random = "reset", RandomRows = "reset_batch"} do
      local own = {id = name, observation_space = 1, action_space = 1, [form] = function(self, ...) objects[name] = select(-1, ...) return dsrl.zeros(form == "reset" and 1 or {2, 1}) end}
      own[form:gsub("reset", "step")] = print
      dsrl.env.define(own)
      dsrl.env.make(name, {num_envs = 2}):reset()
    end
    objects.DataSet = dsrl.data.demonstrations{episodes = 1}
    objects.Policy = fitted()
    objects.Sampler = dsrl.sampler.ddim()
    objects.Agent = dsrl.agent.sac{env = fork, hidden = {4}, learning_starts = 1000000}
    objects.Agent:save_actor(folder .. "/actor")
    objects.Actor = dsrl.agent.load_actor(folder .. "/actor")
    objects.Progress = dsrl.progress("test", 1)
    objects.Figure = dsrl.plot.line({1, 2}, {1, 2})
    objects.Module = dsrl.nn.linear(2, 2)
    objects.Optimizer = dsrl.optim.adam(objects.Module)
    objects.Schedule = dsrl.optim.cosine{learning_rate = 1, steps = 10}
    objects.EMA = dsrl.optim.ema(objects.Module)
    objects.Trace = objects.Policy:trace({0, 0}, {0, 0, 0, 0})
    objects.SamplerComparison = objects.Policy:compare_samplers({0, 0}, {0, 0, 0, 0}, {objects.Sampler, objects.Sampler})
    objects.Steerability = dsrl.steerability(objects.Policy, {0, 0}, {samples = 4})
    io.open(folder .. "/cell.lua", "w"):close()
    objects.Suite = dsrl.suite{name = "s", script = folder .. "/cell.lua", grid = {seed = {1}}}
    objects.Evaluation = dsrl.evaluate{agent = objects.Agent, episodes = 1}
    """

  /// Everything that can be called, and every property read and written.
  static func add(_ entry: RegistryEntry) -> String {
    let name = entry.shortName
    let owner = "objects.\(entry.owner)"
    switch entry.kind {
    case .function: return "functions[#functions + 1] = \(entry.name)"
    case .method:
      return """
        functions[#functions + 1] = \(owner).\(name)
        functions[#functions + 1] = function(...) return \(owner).\(name)(\(owner), ...) end
        """
    case .property:
      return """
        functions[#functions + 1] = function(...) return \(owner).\(name) end
        functions[#functions + 1] = function(...) \(owner).\(name) = ... end
        """
    case .metamethod:
      let object = "objects.\(entry.name.prefix { $0 != "." && $0 != "[" })"
      return """
        for _, code in ipairs{"a + b", "b - a", "b * a", "a / b", "a ^ b", "-a", "#a", "a[b]", "tostring(a)"} do
          local operation = load("local a, b = ... return " .. code)
          functions[#functions + 1] = function(...) return operation(\(object), ...) end
        end
        functions[#functions + 1] = function(a, b) \(object)[a] = b end
        """
    default: return ""
    }
  }

  static let warmUp = """
    -- Some of them are right in some places; nothing that runs long or changes what is remembered is called rightly.
    local wrong = table.pack(nil, true, 0, -1, 1.5, math.huge, 0/0, math.mininteger, {}, {1}, {{1, 2}, {3}}, {x = 1}, {[3] = 1}, math.abs,
      io.stdout, coroutine.create(print), objects.Tensor, objects.Environment, objects.Policy, objects.Module,
      dsrl.nn.module{a = dsrl.nn.parameter{1}})
    objects.Policy:act(objects.Tensor)
    local state = 1
    local function pick()
      state = (state * 1103515245 + 12345) % 2147483648
      return wrong[state // 65536 % wrong.n + 1]
    end
    function calls(times)
      local count = 0
      for _, f in ipairs(functions) do
        for i = 1, times do
          pcall(f, pick(), pick(), pick())
          count = count + 1
        end
      end
      objects.Tensor:zero_grad()
      collectgarbage() collectgarbage()
      return count
    end
    calls(50)
    """
  static let calls = "return calls(1000)"
}
