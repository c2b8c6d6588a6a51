import FoundationEssentials
import Testing

/// agent:learn{diagnostics = ...}: what it leaves, and that it moves nothing.
@Suite struct DiagnosticsTests {
  private func run(_ diagnostics: String, agent: String = "dsrl_na", options: String = "noise_critic_grad_steps = 2") throws -> (outcome: Program.Outcome, files: [String: Data], metrics: String, hasPicture: Bool) {
    let program = try Program()
    try program.write("script.lua", """
      local env = dsrl.env.make("PointFork-v0", {num_envs = 2, chunk = 2, seed = 1})
      local policy = dsrl.policy.diffusion{env = env, network = {hidden = {16, 16, 16}}, process = {steps = 6}, seed = 1}
      policy:fit(dsrl.data.demonstrations{episodes = 8, seed = 1}, {epochs = 2})
      local agent = dsrl.agent.\(agent){env = env, policy = policy, seed = 3, hidden = {8}, init_rollout_steps = 8, batch_size = 16, gradient_steps = 2, \(options)}
      agent:learn{steps = 160, eval_every = 64, eval_episodes = 4, log_every = 40, diagnostics = \(diagnostics)}
      agent:save(dsrl.run.path("agent"))
      """)
    let outcome = try program.run(["run", "script.lua", "--seed", "5", "--out", "r"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let folder = program.folder + "/r/agent"
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    let files = try Dictionary(uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: folder + "/" + $0))) })
    let result = (outcome, files, try program.read("r/metrics.jsonl"), program.exists("r/diagnostics.svg"))
    try program.remove()
    return result
  }

  /// The others that have an actor and critics.
  @Test(arguments: [("dsrl_sac", ["temperature", "entropy", "saturation", "critics", "dip"]), ("residual", ["temperature", "critics", "dip"])])
  func everyKind(_ agent: String, _ words: [String]) throws {
    let (plain, looked) = (try run("false", agent: agent, options: ""), try run("40", agent: agent, options: ""))
    #expect(plain.files.count >= 2 && plain.files == looked.files && looked.hasPicture)
    let said = Set(looked.outcome.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
    #expect(said.isSuperset(of: words), "\(agent): \(looked.outcome.output)")
  }

  @Test func lookingMovesNothingAndSaysWhatItSaw() throws {
    let (plain, looked) = (try run("false"), try run("40"))
    #expect(plain.files.count >= 3 && plain.files == looked.files)
    #expect(plain.outcome.output.isEmpty && !plain.hasPicture && !plain.metrics.contains("diagnostics/"))
    for word in ["temperature", "entropy", "saturation", "ranking", "critics", "dip"] { #expect(looked.outcome.output.contains("\n\(word) ") || looked.outcome.output.hasPrefix(word)) }
    for name in ["diagnostics/saturation", "diagnostics/pairs_actor", "diagnostics/q_bias", "diagnostics/ent_coef", "eval/base_success_rate", "eval/base_mean_reward"] {
      #expect(looked.metrics.contains("\"\(name)\""), "\(name)")
    }
    #expect(looked.hasPicture)
    // What is logged without looking is logged with it too.
    func lines(_ text: String) -> [Substring] { text.replacing(/"time\/(fps|time_elapsed)": [^,}]*/, with: "").split(separator: "\n").filter { $0.contains("train/critic_loss") } }
    #expect(lines(plain.metrics).count >= 3 && lines(plain.metrics) == lines(looked.metrics))
  }
}
