import LuaBridge
import Testing

@testable import Script

/// What help and completion show beside signatures.
@Suite struct HelpTests {
  static let setting = """
    env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2})
    data = dsrl.data.demonstrations{episodes = 5}
    policy = dsrl.policy.diffusion{env = env, network = {hidden = {8, 8, 8}}, process = {steps = 10}}
    policy:fit(data, {epochs = 1})
    agent = dsrl.agent.dsrl_na{env = env, policy = policy, init_rollout_steps = 1000, hidden = {8}}
    obs = env:reset{seed = 1}
    t = dsrl.tensor{{1, 2}, {3, 4}}
    """

  @Test func everyExampleRuns() throws {
    let domain = try Domain()
    #expect(domain.lua.registry.examples.count > 30)
    for (name, example) in domain.lua.registry.examples.sorted(by: { $0.key < $1.key }) {
      try domain.lua.run(HelpTests.setting)
      // The last line may be a value, as at the prompt.
      let lines = example.split(separator: "\n").map(String.init)
      let parts = lines.flatMap { $0.split(separator: ";").map(String.init) }
      var (isFine, message) = (false, "")
      for candidate in [example, (parts.dropLast() + ["return " + (parts.last ?? "")]).joined(separator: ";\n")] where !isFine {
        message = domain.message(candidate)
        isFine = message == "no error"
      }
      #expect(isFine, "\(name): \(message)")
    }
    try domain.close()
  }

  @Test func everyOptionSaysWhatItIs() throws {
    let domain = try Domain()
    for entry in domain.lua.registry.entries {
      for option in try domain.lua.registry.options(of: entry) { #expect(!option.doc.isEmpty, "\(entry.name): \(option.name) has no line in OptionNames.swift") }
      for argument in domain.lua.registry.arguments(of: entry) {
        for option in try domain.lua.registry.options(of: entry, for: argument) { #expect(!option.doc.isEmpty, "\(argument): \(option.name) has no line in OptionNames.swift") }
      }
    }
    #expect(try domain.lua.registry.arguments(of: #require(domain.lua.registry.find("dsrl.env.make"))) == domain.lua.registry.choices(of: "dsrl.env.make"))
    try domain.close()
  }

  @Test func presetNamesAreThosesOfThePresets() throws {
    let domain = try Domain()
    #expect(domain.message("dsrl.preset('none')").hasSuffix("there are \(presetNames.joined(separator: ", "))"))
    try domain.close()
  }

  /// What "dsrl-2025" changes is what its help says it changes, with the values of before in brackets.
  @Test(arguments: ["dsrl_na", "dsrl_sac"]) func parityListsEachDifference(_ kind: String) throws {
    let domain = try Domain()
    let maker = try #require(domain.lua.registry.find("dsrl.agent.\(kind)"))
    let doc = try #require(domain.lua.registry.options(of: maker).first { $0.name == "parity" }?.doc)
    let differences = try domain.results("""
      local policy, found = fitted(), {}
      local plain, parity = dsrl.agent.\(kind){env = fork, policy = policy}.options, dsrl.agent.\(kind){env = fork, policy = policy, parity = 'dsrl-2025'}.options
      for name, value in pairs(parity) do
        if type(value) ~= 'table' and value ~= plain[name] then
          local form = type(value) == 'string' and '%s = "%s" ("%s"' or '%s = %g (%g'
          found[#found + 1] = form:format(name, value, plain[name])
        end
      end
      table.sort(found)
      return table.concat(found, '|')
      """)
    let said = doc.split(separator: "\n").filter { $0.contains(" = ") }.map { $0.prefix { $0 != ")" && $0 != "," && $0 != ":" } }.sorted().joined(separator: "|")
    #expect(!said.isEmpty && differences == "\"\(said)\"")
    try domain.close()
  }

  /// A preset prints what differs from the defaults, and nothing that does not.
  @Test func presetSaysWhatDiffers() throws {
    let domain = try Domain()
    let defaults = try domain.results("local d = dsrl.agent.options('dsrl_na') return d.gamma, d.seed, d.train_freq")
    #expect(defaults == "0.99, 0, 2")
    let said = try domain.results("local lines = {} local old = print print = function(text) lines[#lines + 1] = text end dsrl.preset('can', {tau = 0.5, env = fork}) print = old return table.concat(lines, '\\n')")
    for line in ["tau                      0.5              default 0.005, overridden", "train_freq               1                default 2", "init_rollout_steps       1501"] {
      #expect(said.replacing("\n", with: "\\n").contains(line), "\(said)")
    }
    #expect(!said.contains("gamma") && !said.contains("env "))
    #expect(domain.message("dsrl.agent.options('dsrl')").contains("no agent is called 'dsrl'; there are best_of_n"))
    try domain.close()
  }

  @Test func optionsAndChoices() throws {
    let domain = try Domain()
    let registry = domain.lua.registry
    let policy = try registry.options(of: #require(registry.find("dsrl.policy.diffusion")))
    #expect(policy.map(\.name).starts(with: ["env", "observation_size"]))
    #expect(policy.contains { $0.name == "network.hidden" && $0.value == "{512, 512, 512}" })
    #expect(try registry.choices(of: "dsrl.policy.diffusion.network.activation").contains("mish"))
    #expect(try registry.choices(of: "dsrl.env.make").contains("Hopper-v5") && registry.choices(of: "dsrl.zeros").isEmpty)
    #expect(try registry.search(["bootstrap"]).map(\.name).first == "dsrl.stats.bootstrap")
    #expect(try registry.search(["WILSON", "rate"]).map(\.name).contains("dsrl.stats.wilson"))
    try domain.close()
  }
}
