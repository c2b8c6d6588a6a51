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
    let space = environment.actionSpace.box.count * environment.recipe.chunk
    var learns = [("actor", "\(actor.head.observationSize) to \(actor.head.actionMagnitude == nil ? space : policy?.policy.latentSize ?? space), \(actor.network.parameterCount) parameters")]
    var memory = (count: 0, capacity: 0)
    switch agent {
    case let sac as SAC:
      learns += [("critics", "\(sac.options.nCritics) of chunks, \(sac.critics.parameterCount) parameters, with targets"), ("entropy", "coefficient \(short(sac.temperature.value)), target \(short(sac.temperature.targetEntropy))")]
      memory = (sac.replay.count, sac.replay.capacity)
    case let steering as DSRLNA:
      learns += [
        ("critics", "\(steering.options.nCritics) of chunks (Q^A), \(steering.critics.parameterCount) parameters, with targets"),
        ("", "\(steering.options.nCritics) of noises (Q^W), \(steering.noiseCritics.parameterCount) parameters, distilled from Q^A"),
        ("entropy", "coefficient \(short(steering.temperature.value)), target \(short(steering.temperature.targetEntropy))"),
        ("noise", "\(policy?.policy.latentSize ?? 0) numbers in [-\(short(steering.options.actionMagnitude)), \(short(steering.options.actionMagnitude))]"),
      ]
      memory = (steering.replay.count, steering.replay.capacity)
    default: break
    }
    let copies = environment.count.map { "\($0) environments" } ?? "one environment"
    return Script.page("Agent \(agent.kind) in \(environment.recipe.id) (\(copies), chunk \(environment.recipe.chunk)), \(agent.phase)", [
      ("done", "\(counts.environmentSteps) environment steps, \(counts.transitions) transitions, \(counts.gradientSteps) gradient steps"),
      ("replay", "\(memory.count) of \(memory.capacity) transitions"),
    ] + learns + (policy.map { [("steers", $0.brief)] } ?? []))
  }

  private func short(_ x: Float) -> String { formatted("%.4g", Double(x)) }
}

extension DataObject {
  var page: String {
    func range(_ x: Summary) -> String {
      formatted("%.4g", x.mean) + " ± " + formatted("%.3g", x.standardDeviation) + ", from " + formatted("%.4g", x.minimum) + " to " + formatted("%.4g", x.maximum)
    }
    return Script.page("DataSet, \(data.count) steps in \(data.episodes.count) episode\(data.episodes.count == 1 ? "" : "s")", [
      ("observation", "\(data.observations.shape[1]) numbers"), ("action", "\(data.actions.shape[1]) numbers"),
      ("return", range(data.returnStatistics)), ("", Sparkline.text(data.episodes.map(\.return), width: 48)), ("length", range(data.lengthStatistics)),
    ])
  }
}
