import Glibc
import LuaBridge
import Runs
import Suites
import Tensors

/// A benchmark as Lua holds it; `dsrl-lua bench` runs it.
public final class SuiteObject: LuaObject, CustomStringConvertible {
  public static let luaName = "Suite"
  public let suite: Suite

  init(_ suite: Suite) { self.suite = suite }

  public var description: String {
    let axes = suite.grid.map { "\($0.key) = {\($0.values.joined(separator: ", "))}" } + ["seed = {\(suite.seeds.map(String.init).joined(separator: ", "))}"]
    return "Suite \(suite.name): \(suite.cellCount) cells of \(suite.script), \(axes.joined(separator: ", "))"
  }
}

extension Interpreter {
  /// dsrl.suite and dsrl.range.
  func installSuites() {
    module("dsrl") { m in
      m.function("suite", "(options: table) -> Suite",
        "A benchmark: a script, a grid of its options and of seeds, and how its results are told. A file that returns one is run by `dsrl-lua bench FILE`.",
        { [unowned self] (options: LuaTable) throws -> SuiteObject in try makeSuite(options) })
      m.function("range", "(first: integer, last: integer, step?: integer) -> integer[]", "The whole numbers from first to last, both included: dsrl.range(1, 5).") {
        (first: Int, last: Int, step: Int?) throws -> [Int] in
        let step = step ?? 1
        guard step != 0 else { throw LuaError("a step of 0 never arrives") }
        guard abs((Double(last) - Double(first)) / Double(step)) < 0x1p24 else { throw LuaError("a range of at most 2^24 numbers wanted, got \(first) to \(last)") }
        return Array(stride(from: first, through: last, by: step))
      }
    }
    type(SuiteObject.self, doc: "A benchmark that `dsrl-lua bench` runs.") { t in
      t.method("cells", "() -> table[]", "Its cells in order: {{method =, task =, seed =, settings = {[option] = text}}, ...}.") { (s: SuiteObject) throws -> [LuaTable] in
        let fingerprint = try Fingerprint(version: version, script: s.suite.script, modules: [])
        return try s.suite.cells(fingerprint).map { cell in
          LuaTable([
            ("method", .string(cell.method)), ("task", .string(cell.task)), ("seed", .int(cell.seed)),
            ("settings", .table(LuaTable(cell.settings.map { ($0.key, .string($0.text)) }))),
          ])
        }
      }
    }
  }

  private func makeSuite(_ options: LuaTable) throws -> SuiteObject {
    var table = options
    var grid: LuaTable = try table.take("grid")
    let seeds: [Int] = try grid.takeOptional("seed") ?? [0]
    guard grid.list.isEmpty else { throw LuaError("grid has names, as in {method = {\"a\", \"b\"}, seed = {1, 2}}, but its element 1 has none") }
    let methodKey: String = try table.takeOptional("method_key") ?? "method"
    let taskKey: String = try table.takeOptional("task_key") ?? "env"
    // Tasks first, then methods: what one compares lies side by side in time.
    func rank(_ key: String) -> Int { key == taskKey ? 0 : key == methodKey ? 1 : 2 }
    let axes = try grid.fields.map { field in
      guard case .table(let values) = field.value, values.names.isEmpty, !values.list.isEmpty else {
        throw LuaError("grid.\(field.name) must be a list of values, got \(field.value.brief)")
      }
      return Suite.Axis(key: field.name, values: try values.list.map { try settingText($0, field.name) })
    }.sorted { (rank($0.key), $0.key) < (rank($1.key), $1.key) }
    let fixed: LuaTable = try table.takeOptional("options") ?? LuaTable()
    let suite = try Suite(
      name: table.take("name"), script: try script(table.take("script")), grid: axes, seeds: seeds, options: try settings(fixed, prefix: ""), methodKey: methodKey,
      taskKey: taskKey, metric: table.takeOptional("metric") ?? "eval/mean_reward", lastEvaluations: table.takeOptional("last_evaluations") ?? 1,
      normalization: try normalization(table.takeOptional("normalize")), published: try published(table.takeOptional("published")), timeLimit: table.takeOptional("time_limit"))
    try table.finish()
    return SuiteObject(suite)
  }

  /// As it is from where the program runs, or beside the file that names it.
  private func script(_ path: String) throws -> String {
    if access(path, R_OK) == 0 { return path }
    let chunk = callSite()?.chunk ?? ""
    let folder = chunk.hasPrefix("@") ? chunk.dropFirst().lastIndex(of: "/").map { String(chunk.dropFirst()[..<$0]) } ?? "." : "."
    let beside = "\(folder)/\(path)"
    guard !path.hasPrefix("/"), access(beside, R_OK) == 0 else { throw LuaError("script: neither '\(path)' nor '\(beside)' can be read") }
    return beside
  }

  private func normalization(_ table: LuaTable?) throws -> [String: ClosedRange<Double>] {
    var result: [String: ClosedRange<Double>] = [:]
    for (task, value) in table?.fields ?? [] {
      do {
        let ends = try Numbers(value).values
        guard ends.count == 2, ends[0] < ends[1] else { throw LuaError("{low, high} with low < high expected") }
        result[task] = ends[0]...ends[1]
      } catch { throw LuaError("normalize[\"\(task)\"]: \(error)") }
    }
    return result
  }

  private func published(_ table: LuaTable?) throws -> [String: [Suite.Curve]] {
    var result: [String: [Suite.Curve]] = [:]
    for (task, value) in table?.fields ?? [] {
      guard case .table(let curves) = value else { throw LuaError("published[\"\(task)\"] must be a table of curves, got \(value.brief)") }
      result[task] = try curves.fields.map { label, curve in
        guard case .table(var parts) = curve else { throw LuaError("published[\"\(task)\"][\"\(label)\"] must be {steps =, values =}, got \(curve.brief)") }
        guard let steps = try parts.takeNumbers("steps"), let values = try parts.takeNumbers("values"), steps.count == values.count, !steps.isEmpty else {
          throw LuaError("published[\"\(task)\"][\"\(label)\"] wants steps and values, as many of the one as of the other")
        }
        try parts.finish()
        return Suite.Curve(label: label, steps: steps, values: values)
      }
    }
    return result
  }
}

/// "network.hidden" for a value in a table.
private func settings(_ table: LuaTable, prefix: String) throws -> [Suite.Setting] {
  guard table.list.isEmpty else { throw LuaError("options have names, but element 1 of the table has none") }
  return try table.fields.flatMap { field -> [Suite.Setting] in
    let key = prefix + field.name
    if case .table(let inner) = field.value, !inner.names.isEmpty { return try settings(inner, prefix: key + ".") }
    return [Suite.Setting(key: key, text: try settingText(field.value, key))]
  }
}

/// A value as `--set` takes it.
private func settingText(_ value: LuaValue, _ key: String) throws -> String {
  switch value {
  case .string(let text): return text
  case .int(let number): return String(number)
  case .number(let number): return "\(number)"
  case .bool(let truth): return truth ? "true" : "false"
  case .table(let table) where table.names.isEmpty: return "{" + (try table.list.map { try settingText($0, key) }).joined(separator: ",") + "}"
  default: throw LuaError("option '\(key)': a text, number, boolean or list expected, got \(value.brief)")
  }
}
