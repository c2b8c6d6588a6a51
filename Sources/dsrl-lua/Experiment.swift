import Glibc
import LuaBridge
import Runs
import Script
import Tensors

/// A script's run from its first line to the exit code, whichever way it takes; the manifest tells that way.
struct Experiment {
  let session: Session
  /// Of the run.
  let folder: String
  let command: RunCommand

  /// Returns the exit code.
  func run() -> Int32 {
    do {
      do { try perform() } catch { return try end(after: error) }
      guard session.unusedSettings.isEmpty else {
        let error = CommandLineError("--set \(session.unusedSettings.joined(separator: " ")): the script declares no options (dsrl.options{...}), so nothing was changed")
        return try fail(error, ExitCode.badCommandLine)
      }
      try end(.finished)
      return ExitCode.good
    } catch {
      report(error)
      return ExitCode.uncaughtError
    }
  }

  private func perform() throws {
    let lua = session.lua
    ControlC.listen(lua)
    StopSignals.start(timeLimit: command.timeLimit?.seconds)
    session.useModules(beside: command.script)
    try session.setArguments(["dsrl-lua", "run", command.script] + command.arguments, scriptAt: 2)
    let chunk = try lua.load(file: command.script)
    try session.watchGlobals(strict: command.strict)
    if command.sandbox { try session.confine(script: command.script, instructions: command.instructions?.value ?? 10_000_000_000) }
    try chunk.call(passing: command.arguments)
  }

  /// Stopped from outside, or failed.
  private func end(after error: any Error) throws -> Int32 {
    ControlC.finish()
    session.clearProgress()
    guard ControlC.wasPressed, !session.checkHasFailed else {
      let isTheirs = session.commandLineIsWrong
      return try fail(error, session.checkHasFailed ? ExitCode.checkFailed : isTheirs ? ExitCode.badCommandLine : ExitCode.uncaughtError)
    }
    guard let signal = StopRequest.received else {
      try end(.interrupted)
      writeError("\ndsrl-lua: interrupted; what was done is kept\n")
      return ExitCode.interrupted
    }
    try end(.stopped)
    writeError("dsrl-lua: stopped (\(StopRequest.name(signal))); the same command with --resume \(folder) goes on\n")
    return signal == SIGALRM ? ExitCode.timeLimit : ExitCode.stopped
  }

  private func fail(_ error: any Error, _ code: Int32) throws -> Int32 {
    report(error)
    try end(.failed, error: "\(error)")
    return code
  }

  /// What was printed is written out before the manifest says how the run ended: whoever is killed in between can be run again.
  private func end(_ status: Manifest.Status, error: String? = nil) throws {
    fflush(nil)
    try session.end(status, error: error)
  }
}
