import FoundationEssentials
import Files
import Glibc
import Runs
import Tensors

/// `dsrl-lua run` of one cell, a process of its own whose words go to the cell's log.
public struct CellProcess {
  /// The variable by which a run knows whose end is to end it too, after saving.
  public static let parentVariable = "DSRL_LUA_PARENT"

  let claim: Claim
  let process: pid_t
  let began = Progress.clock()

  /// Starts the cell, or goes on with it where an earlier process stopped.
  init(_ claim: Claim, of suite: Suite, program: String, threads: Int) throws {
    self.claim = claim
    let cell = claim.cell
    var arguments = [program, "run", suite.script, "--seed", String(cell.seed), "--threads", String(threads)]
    for setting in suite.options + cell.settings { arguments += ["--set", setting.argument] }
    arguments += ["--out", claim.store.folder(of: cell), "--resume", "auto"]
    if let limit = suite.timeLimit { arguments += ["--time-limit", limit] }
    process = try CellProcess.spawn(arguments, log: claim.store.log(of: cell))
  }

  /// The exit code as the shell's, once it has ended; nil while it runs.
  func poll() -> Int32? {
    var status: Int32 = 0
    guard waitpid(process, &status, WNOHANG) == process else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? status >> 8 & 0xff : 128 + signal
  }

  func stop(_ signal: Int32 = SIGTERM) { kill(process, signal) }

  /// A process group of its own, so that the terminal's Ctrl-C reaches the launcher alone.
  private static func spawn(_ arguments: [String], log: String) throws -> pid_t {
    let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard output >= 0 else { throw UsageError("cannot write '\(log)': \(String(cString: strerror(errno)))") }
    defer { close(output) }
    let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(nothing) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, nothing, STDIN_FILENO)
    for stream in [STDOUT_FILENO, STDERR_FILENO] { posix_spawn_file_actions_adddup2(&actions, output, stream) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    // A cell is a run of its own, whatever job its launcher is a rank of.
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in !["OMPI_", "PMIX_", "PMI_", "MPI_"].contains { name.hasPrefix($0) } }
    environment[parentVariable] = String(getpid())
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var process = pid_t()
    let failed = posix_spawn(&process, arguments[0], &actions, &attributes, &argv, &envp)
    guard failed == 0 else { throw UsageError("cannot run \(arguments[0]): \(String(cString: strerror(failed)))") }
    return process
  }
}
