import FoundationEssentials
import Glibc
import Runs
import Testing

/// policy:fit as scripts see it.
@Suite struct FittingTests {
  private static let setting = """
    local data = dsrl.data.demonstrations{episodes = 6, seed = 1}
    local function new(seed) return dsrl.policy.diffusion{env = fork, network = {hidden = {16, 16, 16}}, process = {steps = 6}, seed = seed} end
    local noise = dsrl.randn(3, 4)
    local function acts(p) return p:decode(dsrl.zeros(3, 2), noise) end

    """

  static let results: [(String, String)] = [
    ("local p, seen = new(), {} local last = p:fit(data, {epochs = 3, validation = 0.3, on_epoch = function(e) seen[#seen + 1] = e.validation_loss end}) return #seen, last.best_epoch >= 1, last.validation_loss == seen[3], last.gradient_steps > 0",
      "3, true, true, true"),
    ("return new():fit(data, {epochs = 1}).validation_loss", "nil"),
    // the recipe, and what stands over it
    ("local p = new() local last = p:fit(data, {recipe = 'dppo', epochs = 2, batch_size = 16}) return last.epochs, last.learning_rate < 1e-3, last.learning_rate > 0.9e-4", "2, true, true"),
    ("local p = new() return p:fit(data, {recipe = 'diffusion_policy', epochs = 1, batch_size = 64, validation = 0.5}).epoch", "1"),
    // false ends a call, the same call goes on
    ("local a, b = new(), new() a:fit(data, {epochs = 4}) local first = b:fit(data, {epochs = 4, on_epoch = function(e) return e.epoch < 2 end}) local differs = not same(acts(a), acts(b)) b:fit(data, {epochs = 4}) return first.epoch, differs, same(acts(a), acts(b))",
      "2, true, true"),
    // an error of the callback leaves a policy that acts
    ("local p = new() local ok = pcall(p.fit, p, data, {epochs = 4, on_epoch = function() error('no') end}) return ok, acts(p).shape", "false, {3, 2, 2}"),
    // a checkpoint, in another policy
    ("local a, b, c = new(), new(), new(5) a:fit(data, {epochs = 6, validation = 0.3}) local options = {epochs = 6, validation = 0.3, checkpoint = folder .. '/c', checkpoint_every = 2} options.on_epoch = function(e) return e.epoch < 3 end b:fit(data, options) options.on_epoch = nil c:fit(data, options) local again = new(6) again:fit(data, options) return same(acts(a), acts(c)), same(acts(a), acts(again))",
      "true, true"),
    // dropout goes on too
    ("local function t() return dsrl.policy.diffusion{env = fork, network = {kind = 'transformer', n_layer = 1, n_head = 1, n_emb = 8, p_drop_attn = 0.3}, process = {steps = 6}} end local a, b = t(), t() local o = {epochs = 3, batch_size = 32, validation = 0.3} a:fit(data, o) o.on_epoch = function(e) return e.epoch < 2 end b:fit(data, o) o.on_epoch = nil b:fit(data, o) return same(acts(a), acts(b))",
      "true"),
    ("local a = new() a:fit(data, {epochs = 2}) return #a.normalization_hash, a.normalization_hash == new().normalization_hash, new().normalization_hash", "64, false, nil"),
    // sources of flows
    ("local p = dsrl.policy.diffusion{env = fork, network = {hidden = {16, 16, 16}}, process = {kind = 'flow', source_mean = {0.1, 0, 0, 0}, source_scale = 2, coupling = 'ot_across_observations'}} p:fit(data, {epochs = 1, batch_size = 32}) p:save(folder .. '/flow') local q = dsrl.policy.load(folder .. '/flow') return q.process.source_mean, q.process.source_scale, q.process.coupling, same(acts(p), acts(q))",
      "{0.1, 0.0, 0.0, 0.0}, 2.0, \"ot_across_observations\", true"),
  ]

  @Test(arguments: results) func result(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    #expect(try domain.results(Self.setting + source) == expected)
    try domain.close()
  }

  static let mistakes: [(String, String)] = [
    ("new():fit(data, {recipe = 'dpo'})", "'recipe' must be one of 'dppo', 'diffusion_policy', got 'dpo'"),
    ("new():fit(data, {recipe = 'dppo', epochs = 2, batch_size = 100000})", "batch_size 100000 is more than the"),
    ("new():fit(data, {learning_rate_schedule = 'cosin'})", "'learning_rate_schedule' must be one of 'constant', 'linear', 'cosine', 'cosine_restarts', got string 'cosin'"),
    ("new():fit(data, {keep = 'worst'})", "'keep' must be one of 'last', 'best', got string 'worst'"),
    ("new():fit(data, {keep = 'best'})", "keep = 'best' wants validation > 0"),
    ("new():fit(data, {patience = 2})", "patience wants validation > 0"),
    ("new():fit(data, {validation = 2})", "validation is a share of the episodes from 0 to below 1, got 2.0"),
    ("new():fit(dsrl.data.demonstrations{episodes = 1}, {validation = 0.1, batch_size = 2})", "validation holds out whole episodes, so it wants two or more"),
    ("new():fit(data, {checkpoint_every = 2})", "checkpoint_every wants a checkpoint, the folder to write"),
    ("new():fit(data, {epochs = 1, checkpoint = folder .. '/x', checkpoint_every = 0})", "checkpoint_every wants a positive number of epochs, got 0"),
    ("local o = {epochs = 2, checkpoint = folder .. '/c'} new():fit(data, o) o.epochs, o.learning_rate = 3, 1e-2 new():fit(data, o)", "is another one: options.epochs is 2 there and 3 here; options.learning_rate is 0.001 there and 0.01 here"),
    ("local o = {epochs = 1, checkpoint = folder .. '/c'} new():fit(data, o) new():fit(dsrl.data.demonstrations{episodes = 3}, o)", "data is another there and another here"),
    ("local o = {epochs = 1, checkpoint = folder} new():fit(data, o)", "is not a checkpoint: it lacks config.json"),
    ("dsrl.policy.diffusion{env = fork, process = {kind = 'flow', source_mean = {1, 2}}}", "source_mean wants a number, or one for each of the 4 of the noise, got 2"),
    ("dsrl.policy.diffusion{env = fork, process = {kind = 'flow', source_scale = 'x'}}", "'process.source_scale' must be a number or a list of numbers, got string 'x'"),
    ("dsrl.policy.diffusion{env = fork, process = {kind = 'flow', coupling = 'ot'}}:fit(data, {batch_size = 16})", "coupling 'ot' exchanges noises between the chunks of a batch"),
    ("dsrl.optim.ema(dsrl.nn.linear(1, 1), {min_decay = 2})", "an average's min_decay wants to be in [0, 0.995], its decay, got 2.0"),
  ]

  @Test(arguments: mistakes) func mistake(_ source: String, _ expected: String) throws {
    let domain = try Domain()
    let message = domain.message(Self.setting + source)
    #expect(message.contains(expected), "got: \(message)")
    try domain.close()
  }

  /// Ctrl-C leaves a checkpoint that another policy goes on from.
  @Test func anInterruptIsKept() throws {
    let domain = try Domain()
    try domain.lua.setGlobal("stop", domain.lua.makeFunction("stop") { [unowned lua = domain.lua] (epoch: [String: Double]) in
      if epoch["epoch"] == 2 { lua.interrupt() }
    })
    let options = "{epochs = 5, validation = 0.3, checkpoint = folder .. '/c', on_epoch = stop}"
    #expect(domain.message(Self.setting + "new():fit(data, \(options))") == "interrupted!")
    domain.lua.clearInterrupt()
    let source = "stop = nil local a, b = new(), new(4) a:fit(data, {epochs = 5, validation = 0.3}) local last = b:fit(data, \(options)) return last.epoch, same(acts(a), acts(b))"
    #expect(try domain.results(Self.setting + source) == "5, true")
    try domain.close()
  }

  @Test func helpSaysWhatRecipesSet() throws {
    let domain = try Domain()
    let entry = try #require(domain.lua.registry.entries.first { $0.name == "Policy:fit" })
    #expect(entry.doc.contains("recipe = \"dppo\" is the defaults but batch_size = 128, learning_rate_schedule = \"cosine_restarts\", "), "\(entry.doc)")
    #expect(entry.doc.contains("ema_power = 0.75"))
    #expect(try domain.lua.registry.choices(of: "Policy:fit.recipe") == ["dppo", "diffusion_policy"])
    try domain.close()
  }

  private static let run = """
    local data = dsrl.data.demonstrations{episodes = 8, seed = 1}
    local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2, seed = 1})
    local stop = tonumber(io.open("stop"):read("a"))
    local function fit(seed)
      local policy = dsrl.policy.diffusion{env = env, network = {hidden = {16, 16, 16}}, process = {steps = 6}, seed = seed}
      local last = policy:fit(data, {epochs = 5, batch_size = 32, validation = 0.25, seed = 3, on_epoch = function(e)
        if seed * 10 + e.epoch == stop and not io.open("ready") then
          io.open("ready", "w"):close() local t = dsrl.clock() while not dsrl.run.stopping() and dsrl.clock() < t + 20 do end
        end
      end})
      print(last.epoch, last.loss, last.validation_loss, last.best_epoch, policy:decode({0, 0}, {1, 2, 3, 4}), math.random())
    end
    fit(1) fit(2) fit(2)
    """

  private func metrics(_ program: Program) throws -> String {
    try program.read("r/metrics.jsonl").replacing(/"time\/(fps|time_elapsed)":[^,}]*/, with: "")
  }

  /// Stopped in the first training and in the second, and gone on with to the same numbers.
  @Test func aRunGoesOn() throws {
    let whole = try Program(), parts = try Program()
    for program in [whole, parts] {
      try program.write("script.lua", Self.run)
      try program.write("stop", "0")
    }
    let uninterrupted = try whole.run(["run", "script.lua", "--out", "r"])
    #expect(uninterrupted.code == 0, "\(uninterrupted.errors)")
    for stop in ["12", "24"] {
      try parts.write("stop", stop)
      if parts.exists("ready") { try FileManager.default.removeItem(atPath: parts.folder + "/ready") }
      let outcome = try parts.run(["run", "script.lua", "--out", "r", "--resume", "auto"], signals: 1, signal: SIGTERM)
      #expect(outcome.code == 75, "\(outcome.errors)")
      #expect(try Manifest.read(parts.folder + "/r").status == .stopped)
    }
    try parts.write("stop", "0")
    let resumed = try parts.run(["run", "script.lua", "--resume", "r"])
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(resumed.output == uninterrupted.output)
    #expect(try metrics(parts) == metrics(whole))
    #expect(try metrics(whole).contains("\"eval/loss\""))
    #expect(!parts.exists("r/checkpoints"))
    try whole.remove()
    try parts.remove()
  }

  /// Killed, it goes on from what it wrote from time to time.
  @Test func aKilledRunGoesOn() throws {
    let program = try Program()
    try program.write("script.lua", """
      local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2})
      local data = dsrl.data.demonstrations{episodes = 8}
      local first
      local policy = dsrl.policy.diffusion{env = env, network = {hidden = {16, 16, 16}}, process = {steps = 6}}
      policy:fit(data, {epochs = 12, checkpoint_every = 4, on_epoch = function(e)
        first = first or e.epoch
        if e.epoch == 6 and first == 1 then io.open("ready", "w"):close() while true do end end
      end})
      print("from", first)
      """)
    #expect(try program.run(["run", "script.lua", "--out", "r"], signals: 1, signal: SIGKILL).code == -SIGKILL)
    let resumed = try program.run(["run", "script.lua", "--resume", "r"])
    #expect(resumed.code == 0 && resumed.output == "from\t5\n", "\(resumed.output)\(resumed.errors)")
    #expect(try program.read("r/metrics.jsonl").split(separator: "\n").count == 12)
    try program.remove()
  }

  /// Ctrl-C at the prompt, three times, and then to the end.
  @Test func fittingGoesOnAfterControlC() throws {
    try atPrompt { terminal, _ in
      for line in ControlCTests.setting.split(separator: "\n") { try terminal.enter(String(line)) }
      try terminal.enter("function new() return dsrl.policy.diffusion{env = env, network = {hidden = {64, 64, 64}}, process = {steps = 10}} end")
      try terminal.enter("a, b = new(), new()")
      try terminal.enter("a:fit(data, {epochs = 60});")
      for _ in 0..<3 {
        try terminal.enter("went = nil")
        terminal.type("b:fit(data, {epochs = 60, on_epoch = going});\r")
        try terminal.wait(for: "it runs")
        terminal.type("\u{3}")
        try terminal.wait(for: PseudoTerminal.prompt)
      }
      #expect(try terminal.enter("b:decode({0, 0}, {1, 2, 3, 4}).shape[1]").hasPrefix("2"))
      try terminal.enter("b:fit(data, {epochs = 60});")
      #expect(try terminal.enter("(a:decode({0, 0}, {1, 2, 3, 4}) - b:decode({0, 0}, {1, 2, 3, 4})):abs():max():item() == 0").contains("true"))
    }
  }
}
