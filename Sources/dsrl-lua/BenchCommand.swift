import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import LuaBridge
import Runs
import Script
import Suites
import Tensors

/// `dsrl-lua bench`: a suite's cells run, looked at, reported, cleaned away.
struct BenchCommand: Subcommand {
  static let usage = """
    dsrl-lua bench [OPTIONS] SUITE.lua          runs what has no result yet
           dsrl-lua bench status|report|clean SUITE.lua|DIR
    """

  @Argument(help: "A Lua file that returns dsrl.suite{...}; status, report and clean take the suite's folder too.")
  var words: [String]
  @Option(help: ArgumentHelp("The suite's folder; runs/<suite> without it.", valueName: "dir"))
  var out: String?
  @Option(help: "Cells at the same time.")
  var jobs = 1
  @Option(help: "Threads of each cell; without it the processors divided by the jobs. Results do not depend on it.")
  var threads: Int?
  @Option(help: ArgumentHelp("Only cells with this setting (a method's, an environment's, seed=1); may be repeated, all must hold.", valueName: "key=value"))
  var only: [RunCommand.Setting] = []
  @Flag(help: "Says what would be run, and runs nothing.")
  var dryRun = false
  @Flag(help: "Runs cells that failed again; clean: removes what they left.")
  var failed = false
  @Option(help: ArgumentHelp("Who runs the cells: local, slurm (a job array), mpi (mpirun).", valueName: "engine"))
  var launcher = Engine.local
  @Option(help: ArgumentHelp("slurm: partition.", valueName: "name"))
  var partition: String?
  @Option(help: ArgumentHelp("slurm: time of a job, as sbatch takes it: 4:00:00.", valueName: "time"))
  var time: String?
  @Option(help: ArgumentHelp("slurm: memory of a job, as sbatch takes it: 4G.", valueName: "size"))
  var memory: String?
  @Option(name: .customLong("engine-option"), help: ArgumentHelp("A further word for sbatch or mpirun, as it stands; may be repeated.", valueName: "word"))
  var engineOptions: [String] = []
  @Option(help: .hidden)
  var array: String?
  @Flag(help: .hidden)
  var worker = false

  enum Engine: String, ExpressibleByArgument { case local, slurm, mpi }

  func validate() throws {
    if jobs < 1 || threads.map({ $0 < 1 }) == true { throw ValidationError("--jobs and --threads want positive numbers") }
    if launcher != .slurm, partition != nil || time != nil || memory != nil { throw ValidationError("--partition, --time and --memory are for --launcher slurm") }
    if launcher == .local, !engineOptions.isEmpty { throw ValidationError("--engine-option is for --launcher slurm or mpi") }
  }

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    do {
      try ControlC.begin()
      return try BenchCommand.parse(words).run()
    } catch let error where BenchCommand.exitCode(for: error) == .success {
      printHelp()
      return ExitCode.good
    } catch where ControlC.wasPressed {
      writeError("dsrl-lua: interrupted\n")
      return ExitCode.interrupted
    } catch let error as ScriptFailure {
      report(error.cause)
      return ExitCode.badCommandLine
    } catch let error where error is UsageError || error is LuaError || error is CommandLineError {
      report(error)
      return ExitCode.badCommandLine
    } catch {
      writeError("dsrl-lua: \(BenchCommand.message(for: error))\nUsage: \(usage)\n")
      return ExitCode.badCommandLine
    }
  }

  private func run() throws -> Int32 {
    try Threads.use(1)
    switch words.count {
    case 1: return try launch(try BenchSuite(file: words[0]))
    case 2:
      guard let view = ["status": status, "report": makeReport, "clean": clean][words[0]] else {
        throw CommandLineError("'\(words[0])' is none of status, report, clean")
      }
      return try view(try store(words[1]))
    default: throw CommandLineError("a suite expected, or one of status, report, clean and a suite; got \(words.count) words")
    }
  }

  /// Of a suite's file or folder.
  private func store(_ word: String) throws -> SuiteStore {
    if access(word + "/suite.json", R_OK) == 0 { return try SuiteStore(existing: word) }
    guard word.hasSuffix(".lua") else { return try SuiteStore(existing: word) }
    return try SuiteStore(existing: out ?? "runs/\(try BenchSuite(file: word).suite.name)")
  }

  // MARK: Running

  private func launch(_ bench: BenchSuite) throws -> Int32 {
    try StopSignals.begin()
    let wanted = try bench.suite.cells(bench.fingerprint).filter { cell in only.allSatisfy { cell.matches($0.key, $0.text) } }
    guard !wanted.isEmpty else { throw CommandLineError("no cell of '\(bench.suite.name)' has \(only.map { "\($0.key)=\($0.text)" }.joined(separator: " "))") }
    let path = out ?? "runs/\(bench.suite.name)"
    if dryRun { return try show(wanted, bench, path) }
    let store = try SuiteStore(bench.suite, bench.fingerprint, path: path)
    for cell in try store.redoStale() { writeError("\(cell.key)  is run again: its result is gone, or its modules have changed\n") }
    let keys = Set(wanted.map(\.key))
    if failed { for (cell, state) in try store.states() where state == .failed && keys.contains(cell.key) { try store.retry(cell) } }
    let states = try store.states().filter { keys.contains($0.cell.key) }
    let todo = states.filter { $0.state == .queue || $0.state == .running }.map(\.cell)
    switch launcher {
    case .local: return try runHere(todo, store, keys)
    case .slurm:
      let job = SlurmArray(
        suiteFile: words[0], store: store, program: try program(), jobs: jobs, threads: threads ?? 1, partition: partition, time: time, memory: memory, words: engineOptions)
      print(try job.submit(todo))
      return ExitCode.good
    case .mpi:
      let run = MPIRun(suiteFile: words[0], store: store, program: try program(), jobs: jobs, threads: threads ?? 1, only: only.map { "\($0.key)=\($0.text)" }, words: engineOptions)
      return try run.run(isAskedToStop: { ControlC.wasPressed || StopRequest.received != nil }) ?? summary(store, keys)
    }
  }

  private func runHere(_ todo: [Cell], _ store: SuiteStore, _ keys: Set<String>) throws -> Int32 {
    var mine = todo
    if let array { mine = try SlurmArray.cells(of: array, in: store, among: todo) }
    let launcher = Launcher(
      store, program: try program(), jobs: jobs, threads: threads ?? max(1, Processors.count / jobs),
      isAskedToStop: { ControlC.wasPressed || StopRequest.received != nil }, say: { writeError($0 + "\n") })
    let outcome = try launcher.run(mine)
    ControlC.finish()
    if array != nil, !outcome.stopped.isEmpty {
      // Slurm may be doing so itself already, and then refuses.
      do { try SlurmArray.requeue() } catch { report(error) }
    }
    if ControlC.wasPressed, StopRequest.received == nil { return ExitCode.interrupted }
    if StopRequest.received != nil || !outcome.stopped.isEmpty { return ExitCode.stopped }
    if worker { return ExitCode.good }
    return try summary(store, array == nil ? keys : Set(mine.map(\.key)))
  }

  /// How many cells are where; the exit code says whether some failed.
  private func summary(_ store: SuiteStore, _ keys: Set<String>) throws -> Int32 {
    let states = try store.states().filter { keys.contains($0.cell.key) }
    let bad = states.filter { $0.state == .failed }.map(\.cell)
    print(Self.counts(states))
    for cell in bad { print("failed: \(cell.description)\n    \(store.log(of: cell))") }
    if states.allSatisfy({ $0.state == .done }) { print("dsrl-lua bench report \(store.path)") }
    return bad.isEmpty ? ExitCode.good : ExitCode.someFailed
  }

  private static func counts(_ states: [(cell: Cell, state: SuiteStore.State)]) -> String {
    func count(_ state: SuiteStore.State) -> Int { states.count { $0.state == state } }
    return "\(count(.done)) of \(states.count) cells finished, \(count(.running)) running, \(count(.queue)) waiting, \(count(.failed)) failed"
  }

  private func show(_ cells: [Cell], _ bench: BenchSuite, _ path: String) throws -> Int32 {
    var known: [String: SuiteStore.State] = [:]
    if access(path + "/suite.json", R_OK) == 0 { for (cell, state) in try SuiteStore(existing: path).states() { known[cell.key] = state } }
    for cell in cells {
      let state = known[cell.key].map { $0 == .queue ? "waits" : $0.rawValue } ?? "new"
      print("\(cell.key)  \(state.padded(to: 8)) \(cell.description)")
    }
    print("\(cells.count) cells of \(bench.suite.script) in \(path)")
    return ExitCode.good
  }

  private func program() throws -> String {
    guard let resolved = realpath("/proc/self/exe", nil) else { throw UsageError("cannot find this program: \(String(cString: strerror(errno)))") }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  // MARK: Looking

  private func status(_ store: SuiteStore) throws -> Int32 {
    let states = try store.states()
    for (cell, state) in states {
      let name = state == .queue ? "waits" : state.rawValue
      print("\(cell.key)  \(name.padded(to: 8)) \(cell.description)")
    }
    print(Self.counts(states))
    return states.contains { $0.state == .failed } ? ExitCode.someFailed : ExitCode.good
  }

  private func makeReport(_ store: SuiteStore) throws -> Int32 {
    let report = try Report(store)
    let folder = store.path + "/report"
    try report.write(to: folder)
    for table in report.tables.prefix(2) { print(table.markdown) }
    print("\(folder)/report.html")
    return report.results.missing.contains { $0.state == .failed } ? ExitCode.someFailed : ExitCode.good
  }

  private func clean(_ store: SuiteStore) throws -> Int32 {
    let removed = try store.clean(failedToo: failed)
    print(removed.isEmpty ? "nothing to remove" : removed.map { "removed \(store.path)/\($0)" }.joined(separator: "\n"))
    return ExitCode.good
  }
}

/// A suite as its file says it, with what its cells depend on.
struct BenchSuite {
  let suite: Suite
  let fingerprint: Fingerprint

  /// Throws where the file returns no suite, or its script lacks an option that the suite sets.
  init(file: String) throws {
    let session = try Session()
    let chunk = try session.lua.load(file: file)
    session.useModules(beside: file)
    try session.setArguments(["dsrl-lua", "bench", file], scriptAt: 2)
    ControlC.listen(session.lua)
    let results: [LuaValue]
    do { results = try chunk.call() } catch { throw ScriptFailure(cause: error) }
    guard case .object(let object as SuiteObject)? = results.first else {
      throw CommandLineError("'\(file)' must return dsrl.suite{...}, it returns \(results.first?.brief ?? "nothing")")
    }
    suite = object.suite
    let survey = try OptionsHelp.survey(suite.script)
    fingerprint = try Fingerprint(version: version, script: suite.script, modules: survey.modules)
    guard let options = survey.declaredOptions else { return }
    let names = options.map(\.name)
    for key in suite.grid.map(\.key) + suite.options.map(\.key) where !names.contains(key) {
      let near = names.nearest(to: key).map { " (did you mean '\($0)'?)" } ?? ""
      throw CommandLineError("'\(file)' sets '\(key)', but \(suite.script) has no such option\(near)")
    }
  }
}
