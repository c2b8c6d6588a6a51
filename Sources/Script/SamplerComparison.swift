import Diffusion
import LuaBridge
import Runs
import Tensors

/// Samplers side by side on the same noises, as `policy:compare_samplers` gives them.
final class SamplerComparison: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "SamplerComparison"
  let traces: [Trace]
  let samplers: [SamplerObject]
  /// Each sampler's, in the environment's units, [n, horizon, action].
  let actions: [Tensor]
  let isRow: Bool
  /// Root of the mean square between the chunks of each two, in [-1, 1], [n, samplers, samplers].
  let distances: Tensor

  init(_ traces: [Trace], _ samplers: [SamplerObject], actions: [Tensor], isRow: Bool) throws {
    (self.traces, self.samplers, self.actions, self.isRow) = (traces, samplers, actions, isRow)
    let pairs = try traces.map { a in try Tensor.stack(traces.map { b in try (a.result - b.result).squared().mean(-1).sqrt() }, dim: 1) }
    distances = try Tensor.stack(pairs, dim: 1)
  }

  var luaByteCount: Int { traces.reduce(0) { $0 + (2 * $1.steps.count + 2) * $1.result.count * MemoryLayout<Float>.stride } }

  func row(_ tensor: Tensor) throws -> Tensor { isRow ? try tensor.select(0, 0) : tensor }

  /// What each sampler's network sees along the way, of the first row, at most four numbers each.
  func figure() -> Figure {
    let series = zip(traces, samplers).map { trace, sampler in
      let shown = min(4, trace.result.shape[1]), count = Double(trace.steps.count)
      let end = trace.result.values
      return Figure.Series("\(sampler.sampler.kind.rawValue), \(trace.steps.count) evaluations", .trajectories((0..<shown).map { k in
        .init(
          x: trace.steps.indices.map { Double($0) / count } + [1],
          y: trace.steps.map { Double($0.denoised.values[k]) } + [Double(end[k])])
      }))
    }
    var figure = Figure(series)
    figure.title = "The same noise by \(traces.count) samplers"
    (figure.xLabel, figure.yLabel) = ("share of its evaluations done", "denoised sample, in [-1, 1]")
    return figure
  }

  var description: String {
    let n = traces.first?.result.shape[0] ?? 0, count = traces.count
    let values = distances.values
    func mean(_ a: Int, _ b: Int) -> Double { (0..<n).reduce(0.0) { $0 + Double(values[($1 * count + a) * count + b]) } / Double(max(1, n)) }
    func most(_ a: Int) -> Double { (0..<n * count).reduce(0.0) { max($0, Double(values[($1 / count * count + a) * count + $1 % count])) } }
    let head = ["sampler", "evaluations"] + (1...max(1, count)).map { "to \($0)" } + ["farthest"]
    let rows = (0..<count).map { a in
      ["\(a + 1)  \(samplers[a])", "\(traces[a].steps.count)"] + (0..<count).map { a == $0 ? "-" : formatted("%.4f", mean(a, $0)) } + [formatted("%.4f", most(a))]
    }
    return "The same \(isRow ? "noise" : "\(n) noises") by \(count) samplers: mean distance between their actions, root of the mean square in [-1, 1]\n" + Script.table([head] + rows)
  }
}

extension Interpreter {
  func installSamplerComparisons() {
    type(SamplerComparison.self, doc: "Samplers side by side on the same noises. Prints itself as a table.") { t in
      t.property("samplers", "Sampler[]", "In the order in which they were given.") { $0.samplers }
      t.property("actions", "Tensor[]", "Each sampler's actions, [n, horizon, action], in the environment's units.") { object in try object.actions.map(object.row) }
      t.property("distances", "Tensor", "Root of the mean square between the actions of each two, in [-1, 1], [n, samplers, samplers].") { try $0.row($0.distances) }
      t.property("figure", "Figure", "What each sampler's network sees on the way, of the first observation.") { Picture($0.figure()) }
    }
  }
}
