import Diffusion
import Glibc
import LuaBridge
import Runs
import Tensors

/// A decoding step by step, as `policy:trace` gives it.
final class TraceObject: LuaObject, LuaSized, CustomStringConvertible {
  static let luaName = "Trace"
  let trace: Trace
  /// In the environment's units, [n, horizon, action].
  let action: Tensor
  /// One observation was given, so that there is no dimension of rows.
  let isRow: Bool

  init(_ trace: Trace, action: Tensor, isRow: Bool) { (self.trace, self.action, self.isRow) = (trace, action, isRow) }

  var luaByteCount: Int { (2 * trace.steps.count + 2) * trace.result.count * MemoryLayout<Float>.stride }

  /// [steps, n, latent] of what `part` says of each step, without n for one observation.
  func stacked(_ part: (Trace.Step) -> Tensor) throws -> Tensor {
    let rows = try trace.steps.isEmpty ? Tensor.zeros([0] + trace.initial.shape) : Tensor.stack(trace.steps.map(part))
    return isRow ? try rows.select(1, 0) : rows
  }

  func row(_ tensor: Tensor) throws -> Tensor { isRow ? try tensor.select(0, 0) : tensor }

  /// Paths of the first row's numbers, at most eight: the point, made as long as noise is, and what the network sees in it.
  func figure() throws -> Figure {
    guard !trace.steps.isEmpty else { throw UsageError("of this policy only decoding is known, so there are no steps to draw") }
    guard trace.result.shape[0] > 0 else { throw UsageError("a trace of no observations has no picture") }
    let shown = min(8, trace.result.shape[1])
    func paths(_ values: (Trace.Step) -> [Double]) -> Figure.Series.Content {
      let columns = trace.steps.map(values)
      let end = trace.result.values.prefix(shown).map(Double.init)
      return .trajectories((0..<shown).map { k in
        .init(x: (1...columns.count + 1).map(Double.init), y: columns.map { $0[k] } + [end[k]])
      })
    }
    var figure = Figure([
      .init("x / √(signal² + noise²)", paths { step in
        let length = (step.signal * step.signal + step.noise * step.noise).squareRoot()
        return step.point.values.prefix(shown).map { Double($0) / length }
      }),
      .init("denoised", paths { $0.denoised.values.prefix(shown).map(Double.init) }),
    ])
    figure.title = trace.sampler.map { "\(SamplerObject($0))" } ?? ""
    (figure.xLabel, figure.yLabel) = ("evaluation of the network; the last is the action", "scaled as the actions are")
    return figure
  }

  var description: String {
    let n = trace.result.shape[0]
    let rows = isRow ? "one observation" : "\(n) observation\(n == 1 ? "" : "s")"
    guard let sampler = trace.sampler, n > 0 else { return "Trace, \(rows): noise \(trace.initial.shape) to actions \(action.shape); what lies between is not known" }
    func rms(_ values: [Float]) -> Double { (values.reduce(0.0) { $0 + Double($1 * $1) } / Double(max(1, values.count))).squareRoot() }
    func number(_ x: Double) -> String { x == x.rounded() && abs(x) < 1e6 ? "\(Int(x))" : formatted(abs(x) >= 1000 ? "%.0f" : abs(x) >= 10 ? "%.2f" : "%.4f", x) }
    let end = trace.result.values
    var lines = trace.steps.enumerated().map { i, step in
      let rest = zip(step.denoised.values, end).map { $0 - $1 }
      return ["\(i + 1)", number(step.time), number(step.signal), number(step.noise), number(rms(step.point.values)), number(rms(step.denoised.values)), number(rms(rest))]
    }
    if lines.count > 24 { lines.replaceSubrange(12..<lines.count - 11, with: [Array(repeating: "...", count: 7)]) }
    let last = ["action", "", "", "", number(rms(end)), "", ""]
    return "Trace of \(SamplerObject(sampler)), \(rows); sizes are roots of mean squares, in [-1, 1]\n"
      + Script.table([["step", "time", "signal", "noise", "x", "denoised", "from the action"]] + lines + [last])
  }
}

extension Interpreter {
  func installTraces() {
    type(TraceObject.self, doc: "A decoding step by step, from noise to action. Prints itself as a table.") { t in
      t.property("sampler", "Sampler?", "Whose steps they are; nil where only decoding is known.") { $0.trace.sampler.map(SamplerObject.init) }
      t.property("noise", "Tensor", "What it began from, [n, latent].") { try $0.row($0.trace.initial) }
      t.property("action", "Tensor", "Where it ended, [n, horizon, action], in the environment's units.") { try $0.row($0.action) }
      t.property("times", "number[]", "What the network was told of the noise, at each evaluation.") { $0.trace.steps.map(\.time) }
      t.property("signals", "number[]", "The share of the signal in each point: x = signal x_0 + noise ε.") { $0.trace.steps.map(\.signal) }
      t.property("noises", "number[]", "The share of the noise in each point.") { $0.trace.steps.map(\.noise) }
      t.property("x", "Tensor", "The points, [steps, n, latent].") { try $0.stacked(\.point) }
      t.property("denoised", "Tensor", "The samples that the network saw in them, [steps, n, latent], in [-1, 1].") { try $0.stacked(\.denoised) }
      t.property("figure", "Figure", "The first observation's paths, number by number (at most eight).") { Picture(try $0.figure()) }
      t.metamethod(.len, "(trace) -> integer", "Evaluations of the network.") { (trace: TraceObject) in trace.trace.steps.count }
    }
  }
}
