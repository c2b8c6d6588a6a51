import FoundationEssentials
import Glibc
import Runs
import Tensors

/// A suite's cells under mpirun: every rank is a launcher that takes the next cell when it is free. The ranks speak through the folder
/// alone, so any MPI's mpirun will do, over as many machines as see it.
public struct MPIRun {
  public let suiteFile: String
  public let store: SuiteStore
  public let program: String
  /// Ranks.
  public let jobs: Int
  public let threads: Int
  public let only: [String]
  /// Further words for mpirun.
  public let words: [String]

  public init(suiteFile: String, store: SuiteStore, program: String, jobs: Int, threads: Int, only: [String], words: [String]) {
    (self.suiteFile, self.store, self.program, self.jobs, self.threads, self.only, self.words) = (suiteFile, store, program, jobs, threads, only, words)
  }

  var arguments: [String] {
    ["mpirun", "-n", String(jobs)] + words + [program, "bench", suiteFile, "--out", store.path, "--threads", String(threads), "--worker"] + only.flatMap { ["--only", $0] }
  }

  /// Waits for the ranks; nil where all ended well, else mpirun's exit code.
  public func run(isAskedToStop: () -> Bool) throws -> Int32? {
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var process = pid_t()
    let failed = posix_spawnp(&process, "mpirun", nil, nil, &argv, environ)
    if failed == ENOENT { throw UsageError("there is no mpirun here: apt-get install openmpi-bin, or another MPI") }
    guard failed == 0 else { throw UsageError("cannot run mpirun: \(String(cString: strerror(failed)))") }
    var status: Int32 = 0
    var hasTold = false
    while true {
      let done = waitpid(process, &status, WNOHANG)
      if done == process || (done < 0 && errno != EINTR) { break }
      if isAskedToStop(), !hasTold {
        kill(process, SIGTERM)
        hasTold = true
      }
      usleep(100_000)
    }
    if hasTold { return 75 }
    let signal = status & 0x7f
    let code = signal == 0 ? status >> 8 & 0xff : 128 + signal
    return code == 0 ? nil : code
  }
}
