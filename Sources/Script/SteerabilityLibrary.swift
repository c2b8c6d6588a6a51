import Diffusion
import LuaBridge
import Runs
import Tensors

extension Steerability.Options: LuaBridge.Options {}

/// Whether a policy's noise is worth steering, as `dsrl.steerability` found.
final class SteerabilityObject: LuaObject, CustomStringConvertible {
  static let luaName = "Steerability"
  let report: Steerability

  init(_ report: Steerability) { self.report = report }

  /// What noises of growing length do.
  func figure() -> Figure {
    let norms = report.shells.map(\.norm)
    var figure = Figure([
      .init("spread of the actions", .line(x: norms, y: report.shells.map(\.spread))),
      .init("distance from the usual actions", .line(x: norms, y: report.shells.map(\.distance))),
      .init("share of actions at ±1", .line(x: norms, y: report.shells.map(\.saturation))),
      .init("usual distance", .line(x: [norms[0], norms[norms.count - 1]], y: [report.usualDistance, report.usualDistance])),
    ])
    figure.title = "What longer noise does: \(report.worth.rawValue)"
    (figure.xLabel, figure.yLabel) = ("|noise| / √latent", "in [-1, 1]")
    figure.yRange = 0...(report.shells.flatMap { [1, $0.spread, $0.distance] }.max() ?? 1)
    return figure
  }

  func spectrum() -> Figure {
    let values = report.singularValues
    var figure = Figure([.init("", .bars(edges: (0...values.count).map { Double($0) + 0.5 }, heights: values))])
    figure.title = "Singular values of d action / d noise, effective rank \(formatted("%.1f", report.effectiveRank)) of \(values.count)"
    (figure.xLabel, figure.legend) = ("number", false)
    return figure
  }

  private func percent(_ x: Double) -> String { formatted("%.1f", 100 * x) + " %" }
  private func number(_ x: Double) -> String { formatted("%.4f", x) }

  var description: String {
    let r = report
    var lines = [("spread", "\(number(r.spread)) of [-1, 1]" + (r.spreadByStep.count > 1 ? "; by step of the chunk " + r.spreadByStep.prefix(12).map { formatted("%.3f", $0) }.joined(separator: " ") : ""))]
    lines.append(("noise share", r.noiseShare.map { "\(percent($0)) of the actions' variance, the rest is the observations'" } ?? "not known of a single observation"))
    if let tied = r.tiedSpread { lines.append(("tied noise", "spread \(number(tied)), \(percent(r.spread > 0 ? tied / r.spread : 0)) of that of noise of its own for every step")) }
    let values = r.singularValues.prefix(8).map { formatted("%.3f", $0) }.joined(separator: " ") + (r.singularValues.count > 8 ? " ..." : "")
    lines.append(("jacobian", "effective rank \(formatted("%.1f", r.effectiveRank)) of \(r.singularValues.count); singular values \(values)"))
    lines.append(("saturation", "\(percent(r.saturation)) of the actions at ±1"))
    let norms = [["|noise| / √latent"] + r.shells.map { formatted("%.1f", $0.norm) }, ["spread"] + r.shells.map { formatted("%.3f", $0.spread) },
      ["distance"] + r.shells.map { formatted("%.3f", $0.distance) }, ["at ±1"] + r.shells.map { percent($0.saturation) }]
    lines.append(("longer noise", Script.table(norms) + "\nusual distance \(number(r.usualDistance))"))
    if let start = r.startSignal { lines.append(("start", "signal \(number(start)) in the sampler's first point")) }
    if !r.stepCounts.isEmpty {
      lines.append(("sampler steps", Script.table([
        ["steps"] + r.stepCounts.map { "\($0.steps)" }, ["signal at the start"] + r.stepCounts.map { number($0.startSignal) },
        ["spread"] + r.stepCounts.map { formatted("%.3f", $0.spread) }, ["change"] + r.stepCounts.map { formatted("%.3f", $0.change) },
      ])))
    }
    if let coverage = r.coverage {
      lines.append(("expert", Script.table([["best of"] + coverage.map { "\($0.samples)" }, ["distance"] + coverage.map { formatted("%.3f", $0.distance) }])))
    }
    lines.append(("verdict", wrapped(r.verdict, width: 100)))
    let n = "\(r.observations) observation\(r.observations == 1 ? "" : "s")"
    return Script.page("Steerability, \(n) with \(r.samples) noises each: \(r.worth.rawValue)", lines)
  }

  private func wrapped(_ text: String, width: Int) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      if !lines[lines.count - 1].isEmpty, lines[lines.count - 1].count + word.count >= width { lines.append("") }
      lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
    }
    return lines.joined(separator: "\n")
  }
}

extension Interpreter {
  /// dsrl.steerability, and the type Steerability.
  func installSteerability() {
    module("dsrl") { m in
      m.function("steerability", "(policy: Policy, observations: Tensor | table | DataSet, options?: table) -> Steerability",
        "Before any learning: is the policy's noise worth steering? Decodes `samples` (64) noises at each observation, [n, observation] (a few dozen are enough; of a DataSet as many as `observations`, 32, and its actions as the expert's), and reports how far the noise moves the actions, its share of their variance, the Jacobian's singular values and effective rank, saturation, what longer noise, tied noise and other numbers of steps do, with a verdict: not steerable below a spread of 0.01 in [-1, 1] or a share of 5 %, weakly below 0.03 or 20 %; noise may be as long as actions stay within twice the usual distance of those of standard normal noise. plot: writes the figure, .svg or .png.",
        options: Steerability.Options.self) {
        [unowned self] (policy: PolicyObject, observations: LuaValue, options: LuaTable?) throws -> SteerabilityObject in
        try long { try steerability(policy.policy, observations, options ?? LuaTable()) }
      }
    }
    registry.document(option: "dsrl.steerability.samples", "noises at each observation")
    registry.document("dsrl.steerability", options: ["observations": "how many to take of a DataSet, evenly (32)", "plot": "writes the figure, .svg or .png"])
    type(SteerabilityObject.self, doc: "Whether a policy's noise is worth steering. Prints itself as a report; actions in it are in [-1, 1].") { t in
      func property<R: ToLua>(_ name: String, _ type: String, _ doc: String, _ get: @escaping (Steerability) -> R) {
        t.property(name, type, doc) { get($0.report) }
      }
      property("worth", "string", "\"steerable\", \"weakly steerable\" or \"not steerable\".") { $0.worth.rawValue }
      property("verdict", "string", "What the numbers mean for steering, in a paragraph.") { $0.verdict }
      property("observations", "integer", "Observations looked at.") { $0.observations }
      property("samples", "integer", "Noises at each.") { $0.samples }
      property("spread", "number", "Root of the mean variance of an action at one observation under standard normal noise.") { $0.spread }
      property("spread_by_step", "number[]", "The same for each step of the chunk.") { $0.spreadByStep }
      property("noise_share", "number?", "The share of the actions' variance that the noise explains, the rest is the observations'; nil for a single observation.") { $0.noiseShare }
      property("tied_spread", "number?", "The spread with one action's noise for every step; nil where the latent is no chunk of several actions.") { $0.tiedSpread }
      property("singular_values", "number[]", "Of d action / d noise, falling; means over observations and noises.") { $0.singularValues }
      property("effective_rank", "number", "exp of the entropy of the singular values' shares: in how many directions actions move.") { $0.effectiveRank }
      property("saturation", "number", "The share of actions at ±1.") { $0.saturation }
      property("usual_distance", "number", "Of a further standard normal noise's action from the nearest of the samples.") { $0.usualDistance }
      property("safe_norm", "number?", "The greatest |noise| / √latent up to which actions stay within twice that; nil where not even 1 does.") { $0.safeNorm }
      property("start_signal", "number?", "The share of the signal in the sampler's first point; nil for custom policies.") { $0.startSignal }
      property("shells", "table[]", "{norm, spread, distance, saturation} of noises of one length, norm * √latent.") { $0.shells.map(\.luaTable) }
      property("step_counts", "table[]", "{steps, start_signal, spread, change} of half, as many and twice the sampler's steps.") { $0.stepCounts.map(\.luaTable) }
      property("coverage", "table[]?", "{samples, distance}: of the expert's action from the nearest of so many samples; nil without a DataSet.") {
        $0.coverage?.map { LuaTable([("samples", .int($0.samples)), ("distance", .number($0.distance))]) }
      }
      t.property("figure", "Figure", "What longer noise does.") { Picture($0.figure()) }
      t.property("spectrum", "Figure", "The singular values.") { Picture($0.spectrum()) }
    }
  }
}

private func steerability(_ policy: any BasePolicy, _ given: LuaValue, _ options: LuaTable) throws -> SteerabilityObject {
  var table = options
  let count: Int? = try table.takeOptional("observations")
  let plot: String? = try table.takeOptional("plot")
  let options: Steerability.Options = try table.decode()
  let report: Steerability
  if case .object(let object as DataObject) = given {
    let data = object.data, wanted = count ?? 32
    guard data.observations.shape[1] == policy.observationSize, data.actions.shape[1] == policy.actionSize else {
      throw UsageError("this policy is of observation \(policy.observationSize), action \(policy.actionSize); the data are of \(data.observations.shape[1]), \(data.actions.shape[1])")
    }
    guard wanted >= 1 else { throw UsageError("observations wants a positive number, got \(wanted)") }
    let windows = try ActionChunks(data, for: policy, padAfter: 0), starts = windows.starts
    let chosen = (0..<min(wanted, starts.count)).map { starts[$0 * starts.count / min(wanted, starts.count)] }
    let seen = try data.observations.indexSelect(0, windows.observationRows(chosen)).reshape([chosen.count, policy.conditionSize])
    let chunks = try data.actions.indexSelect(0, windows.actionRows(chosen)).reshape([chosen.count, policy.chunkSize])
    report = try Steerability(of: policy, at: seen, expert: chunks, options)
  } else {
    guard count == nil else { throw UsageError("observations is for a DataSet; of a Tensor all rows are taken") }
    report = try Steerability(of: policy, at: policy.observationRows(Tensor.make(given)).rows, options)
  }
  let result = SteerabilityObject(report)
  if let plot { try result.figure().write(to: plot) }
  return result
}

extension Steerability.Shell {
  fileprivate var luaTable: LuaTable {
    LuaTable([("norm", .number(norm)), ("spread", .number(spread)), ("distance", .number(distance)), ("saturation", .number(saturation))])
  }
}

extension Steerability.StepCount {
  fileprivate var luaTable: LuaTable {
    LuaTable([("steps", .int(steps)), ("start_signal", .number(startSignal)), ("spread", .number(spread)), ("change", .number(change))])
  }
}
