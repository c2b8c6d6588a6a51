import Glibc
import LuaBridge
import Ranks
import Script
import Tensors

/// `dsrl-lua` as one knows `lua`: options in order, then a script or standard input, then its arguments.
struct LuaCommand {
  private enum Step { case execute(String), require(String), warnings }
  private var steps: [Step] = []
  private var isInteractive = false
  private var showsVersion = false
  private var ignoresEnvironment = false
  /// Place of the script's name in `words`; nil without one.
  private var script: Int?
  private let words: [String]

  static let help = """
    Usage: dsrl-lua [OPTIONS] [SCRIPT [ARGUMENTS ...]]
           \(RunCommand.usage)

    Without a script: a prompt on a terminal, otherwise the script comes from standard input.
      -e CODE      runs CODE
      -l MODULE    requires MODULE into a global variable of its name; -l NAME=MODULE into NAME
      -i           goes on to the prompt after the script
      -E           ignores the start-up file of the prompt and LUA_PATH
      -W           turns Lua's warnings on
      -v           prints the version
      --           ends the options
      -            takes the script from standard input
    `dsrl-lua run --help` tells how an experiment is run, `bench`, `watch`, `stats` and `doctor` with --help how many are, and how they went.

    """

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    do {
      try ControlC.begin()
      if words.first == "--help" || words.first == "-h" {
        print(help, terminator: "")
        return ExitCode.good
      }
      return try LuaCommand(words).run()
    } catch let error as CommandLineError {
      report(error)
      writeError(help)
    } catch where ControlC.wasPressed {
      return interrupted()
    } catch {
      report(error)
    }
    return ExitCode.badCommandLine
  }

  private static func interrupted() -> Int32 {
    writeError("dsrl-lua: interrupted\n")
    return ExitCode.interrupted
  }

  private init(_ words: [String]) throws {
    self.words = words
    var rest = words.enumerated().makeIterator()
    while let (place, word) = rest.next() {
      /// The rest of the word, or the next one.
      func value() throws -> String {
        if word.count > 2 { return String(word.dropFirst(2)) }
        guard let (_, next) = rest.next() else { throw CommandLineError("'\(word)' needs an argument") }
        return next
      }
      switch word {
      case "--":
        script = place + 1 < words.count ? place + 1 : nil
        return
      case "-i": isInteractive = true
      case "-v", "--version": showsVersion = true
      case "-E": ignoresEnvironment = true
      case "-W": steps.append(.warnings)
      case _ where word.hasPrefix("-e"): steps.append(.execute(try value()))
      case _ where word.hasPrefix("-l"): steps.append(.require(try value()))
      case _ where word.hasPrefix("-") && word != "-": throw CommandLineError("unrecognized option '\(word)'")
      default:
        script = place
        return
      }
    }
  }

  /// Throws what cannot begin: a script that is missing or does not compile.
  private func run() throws -> Int32 {
    try Threads.use(Processors.count)
    if ignoresEnvironment { for name in ["LUA_PATH", "LUA_PATH_5_4", "LUA_CPATH", "LUA_CPATH_5_4"] { unsetenv(name) } }
    let session = try Session(ranks: Ranks.world())
    let lua = session.lua
    let wantsInput = script == nil && steps.isEmpty && !showsVersion
    let wantsPrompt = isInteractive || (wantsInput && isatty(STDIN_FILENO) == 1)
    if showsVersion || (wantsPrompt && LineReader.isTerminal) { print("dsrl-lua \(version), \(try session.luaVersion())") }
    ControlC.listen(lua)
    try session.setArguments(["dsrl-lua"] + words, scriptAt: script.map { $0 + 1 } ?? 0)

    for step in steps {
      switch step {
      case .warnings: lua.printsWarnings = true
      case .execute(let code):
        if let failure = attempt(try lua.load(code, name: "=(command line)")) { return failure }
      case .require(let text):
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let chunk = try lua.load("local name, module = ...; _G[name] = require(module)", name: "=require")
        if let failure = attempt(chunk, [parts.first ?? text, parts.last ?? text]) { return failure }
      }
    }
    if let failure = try runScript(session) { return failure }
    if wantsPrompt {
      Prompt(session, readsStartUpFile: !ignoresEnvironment).run()
      if ControlC.wasPressed { return LuaCommand.interrupted() }
    } else if wantsInput, let failure = attempt(try lua.load(try standardInput(), name: "=stdin")) {
      return failure
    }
    return ExitCode.good
  }

  /// nil where all is well.
  private func runScript(_ session: Session) throws -> Int32? {
    guard let script else { return nil }
    let arguments = Array(words[(script + 1)...])
    // After -- even "-" is a file's name.
    if words[script] == "-", script == 0 || words[script - 1] != "--" {
      return attempt(try session.lua.load(try standardInput(), name: "=stdin"), arguments)
    }
    let chunk = try session.lua.load(file: words[script])
    session.useModules(beside: words[script])
    return attempt(chunk, arguments)
  }

  /// The exit code of a failure, reported; nil where it went well.
  private func attempt(_ chunk: LuaFunction, _ arguments: [String] = []) -> Int32? {
    do { try chunk.call(passing: arguments) } catch {
      if ControlC.wasPressed { return LuaCommand.interrupted() }
      report(error)
      return ExitCode.uncaughtError
    }
    return nil
  }

  private func standardInput() throws -> String {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &part, part.count)
      if count < 0, errno == EINTR {
        try Interrupt.check()
        continue
      }
      guard count >= 0 else { throw CommandLineError("cannot read standard input: \(String(cString: strerror(errno)))") }
      guard count > 0 else { break }
      bytes += part[..<count]
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.hasPrefix("#") ? "--" + text : text
  }
}
