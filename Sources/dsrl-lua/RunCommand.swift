import ArgumentParser
import Files
import Glibc
import LuaBridge
import Ranks
import Runs
import Script
import Tensors

/// `dsrl-lua run`: one experiment, from its script to its folder.
struct RunCommand: Subcommand {
  static let usage = "dsrl-lua run [OPTIONS] SCRIPT [--help] [-- ARGUMENTS ...]"

  @Argument(help: "The experiment, a Lua file; with --help, only its own options are listed.")
  var script: String
  @Argument(help: "What the script gets as `arg` and `...`; put -- before those that begin with -.")
  var arguments: [String] = []
  @Option(help: "The number that every random stream follows from.")
  var seed = 0
  @Option(name: .customLong("set"), help: ArgumentHelp("Changes one of the script's options (dsrl.options); may be repeated.", valueName: "key=value"))
  var settings: [Setting] = []
  @Option(help: ArgumentHelp("The run's folder; runs/<script>-<seed>-<time> without it. Never overwrites one.", valueName: "dir"))
  var out: String?
  @Option(help: "Threads for computations; all processors without it. Results do not depend on it.")
  var threads = Processors.count
  @Option(help: ArgumentHelp("After this the run saves what it needs to go on and exits 124: 90s, 30m, 2h.", valueName: "time"))
  var timeLimit: TimeSpan?
  @Option(help: ArgumentHelp("Goes on with the run in this folder; auto: with --out's, or the newest like this one that did not finish, or begins one.", valueName: "auto|dir"))
  var resume: String?
  @Flag(help: "Global variables that are made, or read before they are, become errors instead of warnings.")
  var strict = false
  @Flag(help: "Guard rails for a script somebody sent: no programs, no files outside of the run's folder, bounded memory and instructions. No security.")
  var sandbox = false
  @Option(help: ArgumentHelp("Memory for Lua and tensors together: 500M, 4G. Nine tenths of the machine's; 4G in a sandbox.", valueName: "size"))
  var memoryLimit: ByteCount?
  @Option(help: ArgumentHelp("Lua instructions that a sandboxed script may run; ten thousand million without it.", valueName: "count"))
  var instructions: Count?

  struct Setting: ExpressibleByArgument {
    let key, text: String
    init?(argument: String) {
      guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
      key = String(argument[..<equals])
      text = String(argument[argument.index(after: equals)...])
    }
  }

  func validate() throws {
    if instructions != nil, !sandbox { throw ValidationError("--instructions is for --sandbox") }
    if let resume, resume != "auto", out != nil { throw ValidationError("--resume names a folder, so --out has nothing to say") }
  }

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    do {
      try ControlC.begin()
      if let script = try askedForOptions(words) { return try OptionsHelp.show(script) }
      return try RunCommand.parse(words).run()
    } catch let error where RunCommand.exitCode(for: error) == .success {
      printHelp()
      return ExitCode.good
    } catch where ControlC.wasPressed {
      return stoppedEarly()
    } catch let error as CheckFailure {
      report(error)
      return ExitCode.checkFailed
    } catch let error as UsageError {
      report(error)
    } catch let error as LuaError {
      report(error)
    } catch {
      writeError("dsrl-lua: \(RunCommand.message(for: error))\nUsage: \(usage)\n")
    }
    return ExitCode.badCommandLine
  }

  /// The exit code of a stop that came before there was anything to keep.
  private static func stoppedEarly() -> Int32 {
    guard let signal = StopRequest.received else {
      writeError("dsrl-lua: interrupted\n")
      return ExitCode.interrupted
    }
    writeError("dsrl-lua: stopped (\(StopRequest.name(signal))) before the run began\n")
    return signal == SIGALRM ? ExitCode.timeLimit : ExitCode.stopped
  }

  /// The command without its --help, where it has one and names a script.
  private static func askedForOptions(_ words: [String]) throws -> RunCommand? {
    let own = words.prefix { $0 != "--" }
    let rest = own.filter { $0 != "--help" && $0 != "-h" }
    guard rest.count < own.count, !rest.isEmpty else { return nil }
    return try RunCommand.parse(Array(rest))
  }

  /// Throws where the experiment cannot begin.
  private func run() throws -> Int32 {
    try StopSignals.begin()
    guard StopSignals.endsWithLauncher() else { return ExitCode.stopped }
    _ = try Interpreter().load(file: script)
    let ranks = try Ranks.world()
    try Threads.use(threads)
    let manifest = try Manifest(
      version: version, script: script, arguments: arguments, settings: settings.map { "\($0.key)=\($0.text)" }, seed: seed, threads: threads,
      options: .object([:]))
    try Interrupt.check()
    var run: RunFolder?
    // Of several ranks the first has the run's folder, and says to the others where it is.
    let path = try ranks.fromFirst {
      run = try folder(for: manifest)
      return run?.path ?? ""
    }
    guard !path.isEmpty else { return ExitCode.good }
    let session = try Session(run: run, folder: path, ranks: ranks, seed: seed, settings: settings.map { ($0.key, $0.text) })
    if let limit = memoryLimit?.bytes ?? (sandbox ? 4 << 30 : nil) { session.limitMemory(to: min(limit, Tensor.usableMemory)) }
    return Experiment(session: session, folder: path, command: self).run()
  }

  /// The run's folder, new or gone on with; nil where that run has finished already.
  private func folder(for wanted: Manifest) throws -> RunFolder? {
    guard let resume else {
      let folder = try RunFolder(wanted, out: out)
      writeError("dsrl-lua: results in \(folder.path)\n")
      return folder
    }
    let named = resume == "auto" ? out : resume
    let path = try named ?? RunFolder.unfinished(like: wanted)
    guard let path, resume != "auto" || access(path + "/manifest.json", F_OK) == 0 else {
      let folder = try RunFolder(wanted, out: out)
      writeError("dsrl-lua: nothing to go on with; results in \(folder.path)\n")
      return folder
    }
    let found = try Manifest.read(path)
    if let difference = try found.difference(from: wanted) { throw CheckFailure("the run in '\(path)' cannot go on: \(difference)") }
    guard found.status != .finished else {
      try RunFolder.removeCheckpoints(in: path)
      writeError("dsrl-lua: the run in \(path) has finished already\n")
      return nil
    }
    let folder = try RunFolder(resuming: path)
    try folder.amend { $0.threads = threads }
    writeError("dsrl-lua: goes on in \(path)\n")
    return folder
  }
}

/// How many threads a computation may use where nobody says.
enum Processors {
  /// Of a job's ranks on this machine each has its part.
  static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) / Ranks.neighbours) }
}
