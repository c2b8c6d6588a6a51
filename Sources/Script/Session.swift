import Files
import Glibc
import LuaBridge
import Ranks
import Runs
import Tensors

/// The program's version, as manifests and `--version` say it.
public let version = "0.1.0"

/// A Lua state with everything of dsrl-lua in it, and the run that its script does, if it does one.
public final class Session {
  public let lua: Interpreter
  /// From which every random stream of a run follows.
  public let seed: Int
  let run: RunFolder?
  /// Where the run's results go, whoever writes them.
  let folder: String?
  /// The processes that run this script together; the first of them has the run.
  let ranks: Ranks
  var settings: Settings
  /// Files of the modules that scripts have loaded.
  public internal(set) var modules: [String] = []
  /// The progress line that the terminal shows now.
  weak var progress: Progress?
  /// Tells those who look at the run from outside.
  let progressFile: ProgressFile?
  /// How often each training was called, by its fingerprint; how often each folder of one was opened.
  var fittings: [String: Int] = [:]
  private lazy var metrics: Result<Metrics, any Error>? = run.map { run in Result { try Metrics(folder: run.path) } }
  private var hasMetrics = false
  /// Of the agents that learn, by their folders.
  var monitors: [String: MonitorFile] = [:]
  var episodesBegin: [String: Double] = [:]
  private var hasEnded = false
  /// Whether a script's error was a check that failed: a checkpoint that is damaged, or another run's.
  public internal(set) var checkHasFailed = false
  /// The instructions that a sandboxed script may run; nil outside a sandbox.
  var confinement: Int?
  /// Where scripts only say their options; see `listOptions`.
  var listing: OptionsListing?

  /// `run` receives what scripts log; without one nothing is kept. `settings` are the command line's `--set key=value`. Of several `ranks` the first
  /// has the run, the others know its `folder`.
  public init(run: RunFolder? = nil, folder: String? = nil, ranks: Ranks = .alone, seed: Int = 0, settings: [(key: String, text: String)] = []) throws {
    lua = try Interpreter()
    (self.run, self.seed, self.settings) = (run, seed, Settings(settings))
    (self.folder, self.ranks) = (run?.path ?? folder, ranks)
    progressFile = run.map { ProgressFile(folder: $0.path) }
    lua.count { Tensor.liveByteCount }
    limitMemory(to: Tensor.usableMemory)
    lua.installModule("dsrl", doc: "Steering of diffusion policies by reinforcement learning over their initial noise.", global: true)
    try installRun()
    let random = Randomness(seed: seed)
    lua.installTensors(random)
    let roles = TensorRoles()
    try lua.installNn(random, roles)
    lua.installLinearAlgebra()
    lua.installFiles()
    lua.installProfile()
    let defined = EnvironmentDefinitions(
      in: lua, apart: { [unowned self] file, share in try apart(for: file, share: share) }, isConfined: { [unowned self] in confinement != nil })
    lua.installEnvironments(defined)
    lua.installData(defined)
    lua.installDataMaking()
    lua.installDataFunctions()
    lua.installPolicies(roles)
    lua.installPolicyImport()
    lua.installCustomPolicies()
    lua.installInspection()
    lua.installSteerability()
    try installFitting()
    lua.installAgents()
    lua.installEvaluation(defined, ranks)
    lua.installSuites()
    lua.installRecording(defined)
    installOptions()
    installProgress()
    try installDist()
    installJSON()
    installStatistics()
    installScores()
    installPlots()
    try installHooks()
    try installCheckpoints()
    try installStandardLibrary()
    documentOptions()
    documentExamples()
  }

  /// Bytes that Lua and tensors together may hold; past it a script meets an error.
  public func limitMemory(to bytes: Int) {
    lua.memoryCeiling = bytes
    Tensor.limitMemory(to: bytes)
  }

  /// A line of the run's metrics; outside of a run it is only checked.
  func log(step: Int, _ values: [String: Double]) throws {
    guard let metrics = try metrics?.get() else { return }
    hasMetrics = true
    try metrics.record(step: step, values)
  }

  /// The metrics, if anything was logged.
  func loggedMetrics() throws -> Metrics? { hasMetrics ? try metrics?.get() : nil }

  /// Lines that an earlier process of this run logged.
  func replayMetrics(_ lines: String) throws {
    guard !lines.isEmpty, let metrics = try metrics?.get() else { return }
    hasMetrics = true
    try metrics.replay(lines)
  }

  /// Writes how the run ended; the first word counts.
  public func end(_ status: Manifest.Status, error: String? = nil) throws {
    guard let run, !hasEnded else { return }
    hasEnded = true
    do {
      if hasMetrics { try metrics?.get().writeTable() }
    } catch {
      try run.end(.failed, error: "\(error)")
      throw error
    }
    try run.end(status, error: error)
  }

  /// Takes a progress line off the terminal, where an error left it.
  public func clearProgress() {
    progress?.clear()
    progress = nil
  }

  /// Whether the mistake is the command line's rather than the script's: a `--set` that does not fit.
  public var commandLineIsWrong: Bool { settings.areWrong }
  /// What `--set` asked for that no script looked at.
  public var unusedSettings: [String] { settings.unused }
}

extension Session {
  /// Sets the global `arg` as lua does: `words[script]` is arg[0].
  public func setArguments(_ words: [String], scriptAt script: Int) throws {
    let chunk = try lua.load("local script = ...; arg = {}; for i, word in ipairs{select(2, ...)} do arg[i - 1 - script] = word end", name: "=arg")
    try chunk.call(passing: [script] + words as [any ToLua])
  }

  /// "Lua 5.4"
  public func luaVersion() throws -> String { try lua.global("_VERSION").text() }
}
