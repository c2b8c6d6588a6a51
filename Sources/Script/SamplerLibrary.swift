import Diffusion
import LuaBridge
import Tensors

extension DDPM: LuaBridge.Options {}
extension EDM: LuaBridge.Options {}
extension Flow: LuaBridge.Options {}
extension Coordinates: Wished {
  public static var wish: String { "a number or a list of numbers" }
}
extension AncestralSampler: LuaBridge.Options {}
extension DDIM: LuaBridge.Options {}
extension DPMSolver: LuaBridge.Options {}
extension EDMSampler: LuaBridge.Options {}
extension FlowSampler: LuaBridge.Options {}

/// How a policy turns noise into actions; `dsrl.sampler` makes it.
final class SamplerObject: LuaObject, CustomStringConvertible {
  static let luaName = "Sampler"
  let sampler: Sampler

  init(_ sampler: Sampler) { self.sampler = sampler }

  var description: String {
    let words: [String]
    func bounds(_ clip: Double?, _ final: Double?) -> [String] {
      [clip.map { "clip \($0)" } ?? "no clip"] + (final.map { ["final clip \($0)"] } ?? [])
    }
    func times(_ times: [Int]?, _ steps: String, _ spacing: TimeSpacing.Name) -> [String] {
      times.map { ["\($0.count) steps", "times given"] } ?? [steps, "\(spacing.rawValue) spacing"]
    }
    switch sampler {
    case .ddpm(let s):
      words = times(s.times, s.steps.map { "\($0) steps" } ?? "every step", s.spacing) + bounds(s.clip, s.finalClip) + [s.frozen ? "inner noise of seed \(s.seed)" : "not frozen"]
    case .ddim(let s):
      words = times(s.times, "\(s.steps) steps", s.spacing) + (s.eta > 0 ? ["eta \(s.eta)"] : []) + bounds(s.clip, s.finalClip)
    case .dpmSolver(let s): words = times(s.times, "\(s.steps) steps", s.spacing) + bounds(s.clip, s.finalClip)
    case .edm(let s):
      words = [s.method.rawValue, "\(s.steps) steps", "sigma \(s.sigmaMax) to \(s.sigmaMin)"] + (s.sChurn > 0 ? ["churn \(s.sChurn)"] : []) + bounds(s.clip, s.finalClip)
    case .flow(let s):
      words = [s.method.rawValue, "\(s.steps) steps"] + (s.spacing == .leading ? [] : ["\(s.spacing.rawValue) spacing"])
        + (s.pointClip.map { ["point clip \($0)"] } ?? []) + bounds(s.clip, s.finalClip)
    }
    return "\(sampler.kind.rawValue)(\(words.joined(separator: ", ")))"
  }

  /// Its options with its kind.
  func options() throws -> LuaTable {
    var table: LuaTable
    switch sampler {
    case .ddpm(let s): table = try s.luaTable()
    case .ddim(let s): table = try s.luaTable()
    case .dpmSolver(let s): table = try s.luaTable()
    case .edm(let s): table = try s.luaTable()
    case .flow(let s): table = try s.luaTable()
    }
    table["kind"] = .string(sampler.kind.rawValue)
    return table
  }
}

extension Interpreter {
  /// dsrl.sampler and the type Sampler.
  func installSamplers() {
    module("dsrl.sampler", doc: "How noise becomes actions.") { m in
      m.function("ddim", "(options?: table) -> Sampler",
        "Of ddpm processes: fewer steps than the network was trained with, deterministic with eta = 0. steps, spacing (\"leading\", \"trailing\", \"linspace\") or times = {...}, eta, clip of the denoised sample and final_clip (false for none).",
        options: DDIM.self) { (options: LuaTable?) in SamplerObject(.ddim(try clipped(options, clip: \.clip, final: \.finalClip))) }
      m.function("ddpm", "(options?: table) -> Sampler",
        "Of ddpm processes: ancestral sampling. steps (all), spacing or times, clip, final_clip, min_std, noise_clip; policy:act draws its inner noise anew, policy:decode keeps one inner noise of `seed` for all (frozen = false: refuses).",
        options: AncestralSampler.self) { (options: LuaTable?) in SamplerObject(.ddpm(try clipped(options, clip: \.clip, final: \.finalClip))) }
      m.function("dpm_solver_pp", "(options?: table) -> Sampler",
        "Of ddpm processes: DPM-Solver++(2M), second order, one evaluation a step, deterministic. steps, spacing (\"trailing\") or times, clip, final_clip.",
        options: DPMSolver.self) { (options: LuaTable?) in SamplerObject(.dpmSolver(try clipped(options, clip: \.clip, final: \.finalClip))) }
      m.function("edm", "(options?: table) -> Sampler",
        "Of edm processes: Karras et al. 2022. method (\"heun\", \"euler\"), steps, sigma_min, sigma_max, rho, clip, final_clip; s_churn, s_tmin, s_tmax, s_noise put noise back (0: deterministic, for steering); frozen, seed as in ddpm.",
        options: EDMSampler.self) { (options: LuaTable?) in SamplerObject(.edm(try clipped(options, clip: \.clip, final: \.finalClip))) }
      m.function("flow", "(options?: table) -> Sampler",
        "Of flow processes: the differential equation in equal steps, deterministic. method (\"euler\", \"midpoint\", \"heun\", \"rk4\"), steps, final_clip; of euler only: clip, or point_clip of every point on the way, and spacing (\"leading\", or \"linspace\", ReinFlow's, which asks the network at times up to 1).",
        options: FlowSampler.self) { (options: LuaTable?) in SamplerObject(.flow(try clipped(options, clip: \.clip, final: \.finalClip))) }
    }
    type(SamplerObject.self, doc: "How noise becomes actions.") { t in
      t.property("options", "table", "Its kind and what it was made with.") { try $0.options() }
    }
  }
}

/// Options in which `false` is no clipping.
private func clipped<T: Options>(_ options: LuaTable?, clip: WritableKeyPath<T, Double?>, final: WritableKeyPath<T, Double?>) throws -> T {
  var table = options ?? LuaTable()
  var absent: [WritableKeyPath<T, Double?>] = []
  for (name, path) in [("clip", clip), ("final_clip", final)] {
    guard case .bool(false)? = table[name] else { continue }
    table[name] = nil
    absent.append(path)
  }
  var sampler: T = try table.decode()
  for path in absent { sampler[keyPath: path] = nil }
  return sampler
}

/// `process = {kind = "ddpm" | "edm" | "flow", ...}`.
func makeProcess(_ options: LuaTable) throws -> Process {
  var table = options
  let kind: String = try table.takeOptional("kind") ?? "ddpm"
  switch Process.Kind(rawValue: kind) {
  case .ddpm: return .ddpm(try table.decode(under: "process"))
  case .edm: return .edm(try table.decode(under: "process"))
  case .flow: return .flow(try table.decode(under: "process"))
  case nil: throw LuaError("'process.kind' must be one of \(Process.Kind.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")), got '\(kind)'")
  }
}

extension Process {
  /// Its options with its kind.
  func luaTable() throws -> LuaTable {
    var table: LuaTable
    switch self {
    case .ddpm(let process): table = try process.luaTable()
    case .edm(let process): table = try process.luaTable()
    case .flow(let process): table = try process.luaTable()
    }
    table["kind"] = .string(kind.rawValue)
    return table
  }

  /// In a few words.
  var summary: String {
    switch self {
    case .ddpm(let p): "ddpm, \(p.steps) steps, \(p.schedule.rawValue) schedule" + (p.prediction == .epsilon ? "" : ", predicts \(p.prediction.rawValue)")
    case .edm(let p): "edm, sigma_data \(p.sigmaData)"
    case .flow(let p): "flow, \(p.direction == .toAction ? "t = 0 noise to t = 1 action" : "t = 1 noise to t = 0 action")"
    }
  }
}
