import Glibc
import LuaBridge
import Tensors

/// What the shell learns about how it went.
enum ExitCode {
  static let good: Int32 = 0
  static let uncaughtError: Int32 = 1
  /// Bad command line, or a script that is missing or does not compile.
  static let badCommandLine: Int32 = 2
  /// Some cells of a suite failed; the others have their results.
  static let someFailed: Int32 = 3
  /// A check of the program's own found something wrong: `doctor`, a checkpoint that is damaged or belongs to another run.
  static let checkFailed: Int32 = 4
  /// Stopped by a scheduler's signal, able to go on: EX_TEMPFAIL of sysexits.h.
  static let stopped: Int32 = 75
  /// As of timeout(1).
  static let timeLimit: Int32 = 124
  static let interrupted: Int32 = 130
}

/// A command line that cannot be followed.
struct CommandLineError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A check of the program's own that failed.
struct CheckFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Prints what went wrong as lua does: the program, the message, the traceback.
func report(_ error: any Error) {
  fflush(nil)
  let traceback = (error as? LuaError)?.traceback.map { "\n\($0)" } ?? ""
  writeError("dsrl-lua: \(error)\(traceback)\n")
}

func writeError(_ text: String) { _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) } }
