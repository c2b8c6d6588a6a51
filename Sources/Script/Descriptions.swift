import Agents
import Diffusion
import Environments
import Runs

// What tostring and the prompt say of the objects that have more to tell than a line: a heading, then one line for each matter.

/// "heading" and lines "  name  text", the texts below each other; a text of several lines stays in its column.
func page(_ heading: String, _ lines: [(name: String, text: String)]) -> String {
  let width = lines.map(\.name.count).max() ?? 0
  let margin = String(repeating: " ", count: width + 4)
  let rest = lines.map { name, text in
    let padded = name + String(repeating: " ", count: width - name.count)
    return "  \(padded)  " + text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n" + margin)
  }
  return ([heading] + rest).joined(separator: "\n")
}

/// Rows of words, columns flush right; the first column flush left.
func table(_ rows: [[String]]) -> String {
  let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    row.enumerated().map { column, word in
      let space = String(repeating: " ", count: widths[column] - word.count)
      return column == 0 ? word + space : space + word
    }.joined(separator: "  ")
  }.joined(separator: "\n")
}

extension EnvironmentObject {
  var page: String {
    let chunk = recipe.chunk == 1 ? "1 action per step" : "\(recipe.chunk) actions per step"
    let history = recipe.observationSteps == 1 ? "" : ", \(recipe.observationSteps) steps at once"
    return Script.page("Environment \(recipe.id)", [
      ("observation", "\(observationSpace.box)\(history)"), ("action", "\(actionSpace.box)"), ("chunk", chunk),
      ("num_envs", count.map { "\($0), stepped together" } ?? "a single one"),
      ("autoreset", count.map { _ in VectorEnvironment.autoreset } ?? "none: the episode's end wants a reset"),
      ("horizon", maxEpisodeSteps.map { "\($0) environment steps" } ?? "no limit"),
    ] + rules.map { ($0.topic, $0.text) })
  }
}

extension PolicyObject {
  var page: String {
    guard let diffusion else { return Script.page("Policy, a black box", [("maps", maps)]) }
    let hash = diffusion.normalizationHash.map { [(name: "normalised", text: "to [-1, 1] by ranges of SHA-256 \($0.prefix(16))")] } ?? []
    return Script.page("Policy, diffusion, \(diffusion.normalization == nil ? "not fitted yet" : "fitted")", [
      ("maps", maps), ("network", "\(diffusion.config.network.summary), \(diffusion.network.parameterCount) parameters"),
      ("process", diffusion.config.process.summary), ("sampler", "\(SamplerObject(diffusion.sampler))\n\(schedule(diffusion.schedule.moves))"),
      ("evaluated", "in \(diffusion.precision.rawValue)"),
    ] + hash)
  }

  /// The sampler's moves, the first and the last ones of many: what the network is told of the noise, and the signal and noise in its point.
  private func schedule(_ plan: [SamplingPlan.Move]) -> String {
    let columns: [Int?] = plan.count <= 10 ? Array(plan.indices) : Array(0..<5) + [nil] + Array(plan.count - 3..<plan.count)
    func row(_ name: String, _ word: (Int) -> String) -> [String] { [name] + columns.map { $0.map(word) ?? "..." } }
    func number(_ value: Double) -> String { value == value.rounded() && abs(value) < 1e6 ? "\(Int(value))" : formatted("%.4f", value) }
    return table([
      row("step") { "\($0 + 1)" }, row("time") { number(plan[$0].time) }, row("signal") { formatted("%.4f", plan[$0].signal) },
      row("noise") { formatted("%.4f", plan[$0].noise) },
    ])
  }
}

extension AgentObject {
  var page: String {
    let counts = agent.counts
    var lines: [(String, String)] = []
    var replay: ReplayBuffer?
    switch agent {
    case let sac as SAC:
      lines = actorLines(sac.temperature, [
        ("critics", "\(sac.options.nCritics) of \(sac.kind == "dsrl_sac" ? "noises" : sac.kind == "residual" ? "corrections" : "chunks"), \(sac.critics.parameterCount) parameters, with targets"),
      ])
      replay = sac.replay
    case let steering as DSRLNA:
      lines = actorLines(steering.temperature, [
        ("critics", "\(steering.options.nCritics) of chunks (Q^A), \(steering.critics.parameterCount) parameters, with targets"),
        ("", "\(steering.options.nCritics) of noises (Q^W), \(steering.noiseCritics.parameterCount) parameters, distilled from Q^A"),
      ])
      replay = steering.replay
    case let chooser as BestOfN:
      lines = [("critics", "\(chooser.options.critic.nCritics) of chunks, \(chooser.critics.parameterCount) parameters, with targets"), ("chooses", "of \(chooser.options.candidates) chunks")]
      replay = chooser.replay
    case let tuner as DQL:
      lines = [
        ("critics", "\(tuner.critics.heads.members.count) of chunks, \(tuner.critics.parameterCount) parameters, with targets"),
        ("policy", "\(tuner.policy.network.parameterCount) parameters, learning through \(tuner.policy.schedule.moves.count) denoising steps"),
        ("imitation", "with weight \(short(tuner.options.bcWeight))"),
      ]
      replay = tuner.replay
    case let search as GoldenTicket:
      let means = search.means
      let best = means[search.best].map { "number \(search.best + 1), mean return \(short($0)) in \(search.episodes(of: search.best)) episodes" } ?? "none yet"
      lines = [("tickets", "\(means.count { $0 != nil }) of \(means.count) tried"), ("best", best)]
    case let base as BoundedBase:
      lines = [("noise", "standard normal in [-\(short(base.options.actionMagnitude)), \(short(base.options.actionMagnitude))]")]
    default: break
    }
    let copies = environment.count.map { "\($0) environments" } ?? "one environment"
    return Script.page("Agent \(agent.kind) in \(environment.recipe.id) (\(copies), chunk \(environment.recipe.chunk)), \(agent.phase)", [
      ("done", "\(counts.environmentSteps) environment steps, \(counts.transitions) transitions, \(counts.gradientSteps) gradient steps"),
    ] + (replay.map {
      [("updates", "\(short(Float(counts.updateRatio))) gradient steps per transition"), ("replay", "\($0.count) of \($0.capacity) transitions")]
    } ?? []) + lines + (policy.map { [(agent is DQL ? "fine-tunes" : "steers", $0.brief)] } ?? []))
  }

  private func actorLines(_ temperature: Temperature, _ critics: [(String, String)]) -> [(String, String)] {
    guard let actor else { return critics }
    var lines = [("actor", "\(actor.head.observationSize) to \(actor.network.actionSize), \(actor.network.parameterCount) parameters")] + critics
    lines.append(("entropy", "coefficient \(short(temperature.value)), target \(short(temperature.targetEntropy))"))
    if let residual = actor.head.residual { lines.append(("corrects", "by up to \(short(residual.residualScale)) of the policy's [-1, 1]")) }
    if let steering = actor.head.steering {
      let bound = short(steering.actionMagnitude)
      let tied = steering.noiseTying == .full ? "" : ", \(steering.noiseTying.rawValue) from \(actor.network.actionSize)"
      lines.append(("noise", "\(policy?.policy.latentSize ?? 0) numbers in [-\(bound), \(bound)]\(tied)"))
    }
    return lines
  }

  private func short(_ x: Float) -> String { formatted("%.4g", Double(x)) }
}

extension DataObject {
  /// How the episodes end, and what else the data hold.
  private var ends: [(String, String)] {
    let success = data.successShare.map { formatted(", success in %.1f %%", 100 * $0) } ?? ""
    var lines = [("ends", formatted("%.1f %% terminated, the others cut off", 100 * data.terminatedShare) + success)]
    if !data.infos.isEmpty { lines.append(("infos", data.infos.keys.sorted().joined(separator: ", "))) }
    if !data.attributes.isEmpty { lines.append(("attributes", data.attributes.keys.sorted().joined(separator: ", "))) }
    return lines
  }

  var page: String {
    func range(_ x: Summary) -> String {
      formatted("%.4g", x.mean) + " ± " + formatted("%.3g", x.standardDeviation) + ", from " + formatted("%.4g", x.minimum) + " to " + formatted("%.4g", x.maximum)
    }
    return Script.page("DataSet, \(data.count) steps in \(data.episodes.count) episode\(data.episodes.count == 1 ? "" : "s")", [
      ("observation", "\(data.observations.shape[1]) numbers"), ("action", "\(data.actions.shape[1]) numbers"),
      ("return", range(data.returnStatistics)), ("", Sparkline.text(data.episodes.map(\.return), width: 48)), ("length", range(data.lengthStatistics)),
    ] + ends)
  }
}
