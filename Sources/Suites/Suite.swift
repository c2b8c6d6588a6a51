import Files
import Runs
import Tensors

/// A benchmark: one script run over a grid of its options and seeds, and how its results are told.
public struct Suite: Codable, Equatable, Sendable {
  public var name: String
  /// Path of the script that every cell runs.
  public var script: String
  /// Every option's values, in the order in which cells go through them, the last fastest.
  public var grid: [Axis]
  public var seeds: [Int]
  /// Options that are the same in all cells.
  public var options: [Setting]
  /// The option whose values are the methods to compare, and the one whose values are the tasks; options of the grid that are neither
  /// belong to the method's name.
  public var methodKey: String
  public var taskKey: String
  /// The metric that is the score, of a cell's metrics.jsonl.
  public var metric: String
  /// How many of the last evaluations a score is the mean of.
  public var lastEvaluations: Int
  /// Returns of 0 and 1 on the normalised scale, by task; scores of other tasks stay as they are.
  public var normalization: [String: ClosedRange<Double>]
  /// Curves to lay over ours, by task.
  public var published: [String: [Curve]]
  /// Wall time after which a cell stops, "30m"; nil for none.
  public var timeLimit: String?

  public struct Axis: Codable, Equatable, Sendable {
    public var key: String
    public var values: [String]
    public init(key: String, values: [String]) { (self.key, self.values) = (key, values) }
  }

  /// `--set key=text`.
  public struct Setting: Codable, Equatable, Sendable {
    public var key, text: String
    public init(key: String, text: String) { (self.key, self.text) = (key, text) }
    public var argument: String { "\(key)=\(text)" }
  }

  public struct Curve: Codable, Equatable, Sendable {
    public var label: String
    public var steps, values: [Double]
    public init(label: String, steps: [Double], values: [Double]) { (self.label, self.steps, self.values) = (label, steps, values) }
  }

  public init(
    name: String, script: String, grid: [Axis], seeds: [Int], options: [Setting] = [], methodKey: String = "method", taskKey: String = "env",
    metric: String = "eval/mean_reward", lastEvaluations: Int = 1, normalization: [String: ClosedRange<Double>] = [:], published: [String: [Curve]] = [:],
    timeLimit: String? = nil
  ) throws {
    guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }), name.first != "." else {
      throw UsageError("a suite's name is made of letters, digits, - _ and ., got '\(name)'")
    }
    let keys = grid.map(\.key) + options.map(\.key)
    if let twice = keys.first(where: { key in keys.count { $0 == key } > 1 }) { throw UsageError("'\(twice)' is set twice; an option is in the grid or in the options") }
    if let axis = grid.first(where: { $0.values.isEmpty || Set($0.values).count < $0.values.count }) {
      throw UsageError("'\(axis.key)' wants different values, at least one, got {\(axis.values.joined(separator: ", "))}")
    }
    guard !seeds.isEmpty, Set(seeds).count == seeds.count else { throw UsageError("seed wants different numbers, at least one, got \(seeds)") }
    guard lastEvaluations >= 1 else { throw UsageError("last_evaluations wants a positive number, got \(lastEvaluations)") }
    (self.name, self.script, self.grid, self.seeds, self.options) = (name, script, grid, seeds, options)
    (self.methodKey, self.taskKey, self.metric, self.lastEvaluations) = (methodKey, taskKey, metric, lastEvaluations)
    (self.normalization, self.published, self.timeLimit) = (normalization, published, timeLimit)
  }

  public var cellCount: Int { grid.reduce(seeds.count) { $0 * $1.values.count } }

  /// All combinations with all seeds, the seed fastest; `fingerprint` is what a cell's key depends on beside its settings.
  public func cells(_ fingerprint: Fingerprint) throws -> [Cell] {
    var combinations: [[Setting]] = [[]]
    for axis in grid { combinations = combinations.flatMap { head in axis.values.map { head + [Setting(key: axis.key, text: $0)] } } }
    return try combinations.flatMap { settings in
      try seeds.map { seed in try Cell(suite: self, settings: settings, seed: seed, fingerprint) }
    }
  }

  /// A method's name for the settings of a cell: the value of `methodKey`, and what else the grid varies.
  func method(of settings: [Setting]) -> String {
    let main = settings.first { $0.key == methodKey }?.text
    let rest = settings.filter { $0.key != methodKey && $0.key != taskKey }.map(\.argument)
    let parts = [main].compactMap { $0 } + rest
    return parts.isEmpty ? name : parts.joined(separator: ", ")
  }

  /// The task's name; the suite's where its grid has no tasks.
  func task(of settings: [Setting]) -> String {
    (settings + options).first { $0.key == taskKey }?.text ?? name
  }
}

/// What every cell's results depend on beside its own settings.
public struct Fingerprint: Codable, Equatable, Sendable {
  public var version: String
  public var script: String
  /// Path to SHA-256 of the modules that the script loads before it begins to compute.
  public var modules: [String: String]

  /// Reads the files as they are now.
  public init(version: String, script: String, modules: [String]) throws {
    self.version = version
    self.script = try SHA256.hex(file: script)
    self.modules = try Dictionary(modules.map { ($0, try SHA256.hex(file: $0)) }) { first, _ in first }
  }
}

/// One run of a suite.
public struct Cell: Codable, Equatable, Sendable {
  /// Of everything its result depends on: 12 hexadecimal digits.
  public let key: String
  public let seed: Int
  /// Of the grid.
  public let settings: [Suite.Setting]
  public let method, task: String

  init(suite: Suite, settings: [Suite.Setting], seed: Int, _ fingerprint: Fingerprint) throws {
    (self.seed, self.settings) = (seed, settings)
    (method, task) = (suite.method(of: settings), suite.task(of: settings))
    let all = (settings + suite.options).map(\.argument).sorted()
    let modules = fingerprint.modules.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    let text = ([fingerprint.version, fingerprint.script] + modules + [""] + all + ["seed \(seed)"]).joined(separator: "\n")
    key = String(try SHA256.hex(Array(text.utf8)).prefix(12))
  }

  /// A folder's name that says what it holds, "dsrl_na-Hopper-v5-seed1-0123456789ab".
  public var folderName: String {
    let words = settings.map(\.text) + ["seed\(seed)", key]
    return words.map { word in String(word.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+".contains($0)) ? $0 : "_" }.prefix(40)) }.joined(separator: "-")
  }

  /// In words: "method=dsrl_na env=Hopper-v5 seed=1".
  public var description: String { (settings.map(\.argument) + ["seed=\(seed)"]).joined(separator: " ") }

  /// Whether `key=text` of a command line holds here.
  public func matches(_ key: String, _ text: String) -> Bool {
    key == "seed" ? Int(text) == seed : settings.contains { $0.key == key && $0.text == text }
  }
}
