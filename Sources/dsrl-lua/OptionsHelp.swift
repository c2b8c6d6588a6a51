import LuaBridge
import Script
import Tensors

/// `dsrl-lua run SCRIPT --help`: the script's options, each with its default and what its line's comment says.
enum OptionsHelp {
  static func show(_ command: RunCommand) throws -> Int32 {
    let session: Session
    do { session = try survey(command.script, command.arguments, seed: command.seed) } catch let error as ScriptFailure {
      if ControlC.wasPressed { return ExitCode.interrupted }
      report(error.cause)
      return ExitCode.uncaughtError
    }
    guard let options = session.declaredOptions, !options.isEmpty else {
      print("\(command.script) declares no options (dsrl.options) before it begins to compute; `dsrl-lua run --help` tells how it is run.")
      return ExitCode.good
    }
    let assigned = options.map { "\($0.name)=\($0.value)" }
    let width = min(40, assigned.map(\.count).max() ?? 0)
    print("Options of \(command.script), to be changed by --set key=value:")
    for (option, text) in zip(options, assigned) {
      let padding = String(repeating: " ", count: max(0, width - text.count))
      print(option.doc.isEmpty ? "  \(text)" : "  \(text)\(padding)  \(option.doc)")
    }
    print("`dsrl-lua run --help` tells of --seed, --out and the like.")
    return ExitCode.good
  }

  /// Runs a script as far as dsrl.options: afterwards the session knows them and the modules that were loaded till then.
  /// Throws a ScriptFailure for the script's own error.
  static func survey(_ script: String, _ arguments: [String] = [], seed: Int = 0) throws -> Session {
    try Threads.use(1)
    let session = try Session(seed: seed)
    let lua = session.lua
    let chunk = try lua.load(file: script)
    session.useModules(beside: script)
    try session.setArguments(["dsrl-lua", "run", script] + arguments, scriptAt: 2)
    ControlC.listen(lua)
    session.listOptions()
    do { try chunk.call(passing: arguments) } catch {
      if ControlC.wasPressed || !lua.isInterrupted { throw ScriptFailure(cause: error) }
    }
    return session
  }
}

/// What a script itself raised.
struct ScriptFailure: Error {
  let cause: any Error
}
