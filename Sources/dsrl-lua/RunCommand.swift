import ArgumentParser
import Files
import Glibc
import LuaBridge
import Runs
import Script
import Tensors

/// `dsrl-lua run`: one experiment, from its script to its folder.
struct RunCommand: ParsableArguments {
  static let usage = "dsrl-lua run [--seed N] [--set KEY=VALUE ...] [--out DIR] [--threads N] SCRIPT [-- ARGUMENTS ...]"

  @Argument(help: "The experiment, a Lua file.")
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

  struct Setting: ExpressibleByArgument {
    let key, text: String
    init?(argument: String) {
      guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
      key = String(argument[..<equals])
      text = String(argument[argument.index(after: equals)...])
    }
  }

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    do {
      return try RunCommand.parse(words).run(words)
    } catch let error where RunCommand.exitCode(for: error) == .success {
      print("USAGE: \(usage)\n" + RunCommand.helpMessage().split(separator: "\n", omittingEmptySubsequences: false).dropFirst(1).joined(separator: "\n"))
      return ExitCode.good
    } catch let error as UsageError {
      report(error)
    } catch let error as LuaError {
      report(error)
    } catch {
      writeError("dsrl-lua: \(RunCommand.message(for: error))\nUsage: \(usage)\n")
    }
    return ExitCode.badCommandLine
  }

  /// Throws where the experiment cannot begin.
  private func run(_ words: [String]) throws -> Int32 {
    _ = try Interpreter().load(file: script)
    try Threads.use(threads)
    let manifest = try Manifest(version: version, script: script, arguments: arguments, seed: seed, threads: threads, options: .object([:]))
    let folder = try RunFolder(manifest, out: out)
    let session = try Session(run: folder, seed: seed, settings: settings.map { ($0.key, $0.text) })
    writeError("dsrl-lua: results in \(folder.path)\n")
    return session.experiment(script, arguments, words: ["dsrl-lua", "run", script])
  }
}

/// How many threads a computation may use where nobody says.
enum Processors {
  static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

extension Session {
  /// Runs the script to its end, whichever way it takes, and writes that into the manifest. Returns the exit code.
  fileprivate func experiment(_ script: String, _ arguments: [String], words: [String]) -> Int32 {
    do {
      do {
        try ControlC.listen(lua)
        useModules(beside: script)
        try setArguments(words + arguments, scriptAt: words.count - 1)
        try lua.run(file: script, arguments: arguments)
      } catch {
        if ControlC.wasPressed {
          try end(.interrupted)
          writeError("\ndsrl-lua: interrupted; what was done is kept\n")
          return ExitCode.interrupted
        }
        report(error)
        try end(.failed, error: "\(error)")
        return commandLineIsWrong ? ExitCode.badCommandLine : ExitCode.uncaughtError
      }
      guard unusedSettings.isEmpty else {
        let error = CommandLineError("--set \(unusedSettings.joined(separator: " ")): the script declares no options (dsrl.options{...}), so nothing was changed")
        report(error)
        try end(.failed, error: "\(error)")
        return ExitCode.badCommandLine
      }
      try end(.finished)
      return ExitCode.good
    } catch {
      report(error)
      return ExitCode.uncaughtError
    }
  }
}
