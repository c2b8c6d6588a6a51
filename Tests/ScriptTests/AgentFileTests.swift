import FoundationEssentials
import Testing

/// Every kind of agent: how it is made, of `env` and `policy`.
private let kinds: [(name: String, options: String)] = [
  ("sac", "hidden = {8}, learning_starts = 4, batch_size = 8"),
  ("sac", "hidden = {8}, learning_starts = 4, batch_size = 8, demonstrations = data, target_entropy = 'auto'"),
  ("dsrl_sac", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8, gradient_steps = 2, target_entropy = 'auto'"),
  ("dsrl_na", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8, gradient_steps = 2, noise_critic_grad_steps = 3, distillation_noise = 'mixed'"),
  ("dsrl_na", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8, update_order = 'actor_after_distillation', buffer_size = 9, ent_coef = 0.2, target_entropy = 'auto'"),
  ("dsrl_na", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8, gradient_steps = 2, offline_data = data, offline_mix_ratio = 0.5"),
  ("residual", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8"),
  ("best_of_n", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8, candidates = 3"),
  ("dql", "policy = policy, hidden = {8}, init_rollout_steps = 3, batch_size = 8, gradient_steps = 2"),
  ("golden_ticket", "policy = policy, candidates = 3, episodes_per_candidate = 2"),
  ("bounded_base", "policy = policy"),
]

/// Agents that go on from a folder.
@Suite struct AgentFileTests {
  private func files(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: URL(filePath: folder + "/" + $0))) })
  }

  /// N steps, a new process's agent, N steps more: the folder of 2 N steps, byte for byte.
  private func check(_ kind: String, _ options: String, setting: String, steps: Int) throws {
    let domain = try Domain()
    let source = """
      \(setting)
      local function make() return dsrl.agent.\(kind){env = place(), seed = 5, \(options)} end
      local whole = make()
      for i = 1, \(2 * steps) do whole:advance() end
      whole:save(folder .. "/whole")
      local first = make()
      for i = 1, \(steps) do first:advance() end
      first:save(folder .. "/parts")
      first = nil
      local given = {env = place()}
      for name, value in pairs{policy = policy, demonstrations = data, offline_data = data} do
        if ("\(options)"):find(name .. " = ", 1, true) then given[name] = value end
      end
      local second = dsrl.agent.load(folder .. "/parts", given)
      for i = 1, \(steps) do second:advance() end
      second:save(folder .. "/parts")
      return second.kind, second.environment_steps == whole.environment_steps, second.gradient_steps == whole.gradient_steps
      """
    #expect(try domain.results(source) == "\"\(kind)\", true, true")
    let (whole, parts) = (try files(domain.folder + "/whole"), try files(domain.folder + "/parts"))
    #expect(whole.count >= 2 && Set(whole.keys) == Set(parts.keys))
    for (name, bytes) in whole { #expect(parts[name] == bytes, "\(kind): \(name)") }
    try domain.close()
  }

  @Test(arguments: kinds.indices) func goesOnToTheSameBytes(_ index: Int) throws {
    let setting = """
      policy, data = fitted(), dsrl.data.demonstrations{episodes = 3}
      function place() return dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2, seed = 4}) end
      """
    try check(kinds[index].name, kinds[index].options, setting: setting, steps: 11)
  }

  /// The simulator's state, warm start and all.
  @Test(arguments: ["Hopper-v5", "Ant-v5"]) func physicsGoesOnToTheSameBytes(_ id: String) throws {
    let setting = """
      function place() return dsrl.env.make("\(id)", {num_envs = 2, chunk = 3, seed = 4, max_episode_steps = 40}) end
      policy = dsrl.policy.custom{env = place(), decode = function(observation, noise) return (0.7 * noise):tanh() end}
      """
    try check("dsrl_na", kinds[3].options, setting: setting, steps: 9)
  }

  /// What is wrong with a folder is said with what was wanted and what came.
  @Test(arguments: [
    ("", "dsrl.agent.load(folder .. '/none', {env = fork})", "none' is not a checkpoint: it lacks config.json, weights.safetensors"),
    ("", "policy:save(folder .. '/p') dsrl.agent.load(folder .. '/p', {env = fork})", "holds a checkpoint of kind 'diffusion_policy', wanted an agent's"),
    ("", "dsrl.agent.sac{env = fork, hidden = {8}}:load(folder .. '/a')", "holds a checkpoint of kind 'dsrl_na', wanted 'sac'"),
    ("", "dsrl.agent.load(folder .. '/a', {env = fork})", "missing 'policy'"),
    ("", "dsrl.agent.load(folder .. '/a', {policy = policy, env = dsrl.env.make('PointFork-v0', {num_envs = 3, chunk = 2})})", "this state is of 2 environments, wanted 3"),
    ("", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork, hidden = {9}})", "does not fit this agent: "),
    ("", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork, buffer_size = 9})", "the saved replay buffer has buffer_size 50, wanted 9"),
    ("", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork, nothing = 9})", "unknown option 'nothing'"),
    ("truncate weights.safetensors", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork})", "within"),
    ("truncate config.json", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork})", "config.json"),
    ("remove replay.0.safetensors", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork})", "is not whole: it lacks replay.0.safetensors"),
    ("truncate replay.0.safetensors", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork})", "replay.0.safetensors"),
    ("version 3", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork})", "has version 3; this program reads up to 2"),
    ("version 1", "dsrl.agent.load(folder .. '/a', {policy = policy, env = fork})", "has version 1; its kind is read from version 2 on"),
  ])
  func badFolders(_ damage: String, _ source: String, _ message: String) throws {
    let domain = try Domain()
    try domain.lua.run("""
      policy = fitted()
      local agent = dsrl.agent.dsrl_na{env = fork, policy = policy, hidden = {8}, init_rollout_steps = 2, batch_size = 4, buffer_size = 50}
      agent:advance()
      agent:save(folder .. "/a")
      """)
    let words = damage.split(separator: " ").map(String.init)
    if words.count == 2 {
      let path = "\(domain.folder)/a/\(words[0] == "version" ? "config.json" : words[1])"
      let bytes = try Data(contentsOf: URL(filePath: path))
      switch words[0] {
      case "remove": try FileManager.default.removeItem(atPath: path)
      case "truncate": try bytes.prefix(bytes.count * 2 / 3).write(to: URL(filePath: path))
      default: try Data(String(decoding: bytes, as: UTF8.self).replacing("\"version\" : 2", with: "\"version\" : \(words[1])").utf8).write(to: URL(filePath: path))
      }
    }
    let got = domain.message(source)
    #expect(got.contains(message), "got: \(got)")
    try domain.close()
  }
}
