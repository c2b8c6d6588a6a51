import Files
import Glibc
import LuaBridge
import Runs
import Script
import Tensors

// The commands that begin with %.
extension Prompt {
  /// Name, arguments, what it does: %help prints it and Tab completes the names.
  static let commands: [(name: String, arguments: String, doc: String)] = [
    ("help", "", "this list"),
    ("time", "CODE", "runs it once and says how long it took"),
    ("timeit", "CODE", "runs it many times: mean and spread"),
    ("who", "[TYPE]", "this session's global variables"),
    ("run", "FILE [ARGUMENTS ...]", "runs a script here; its globals stay"),
    ("save", "[-f] FILE", "this session's lines that went well, as a script; -f replaces a file"),
    ("autoglobal", "on | off", "whether `local x = 1` on a line of its own makes a global"),
  ]

  func command(_ name: String, _ arguments: String) throws {
    switch name {
    case "help": print(Prompt.overview(Style.output))
    case "time": try time(compiled(arguments, "time"))
    case "timeit": try timeMany(compiled(arguments, "timeit"))
    case "who": try who(arguments)
    case "run": try runFile(arguments)
    case "save": try save(arguments)
    case "autoglobal":
      if !arguments.isEmpty {
        guard let choice = ["on": true, "off": false][arguments] else { throw UsageError("%autoglobal wants on or off, got '\(arguments)'") }
        reader.makesGlobals = choice
      }
      print("autoglobal is \(reader.makesGlobals ? "on" : "off")")
    default:
      let near = Prompt.commands.map(\.name).nearest(to: name).map { " (did you mean %\($0)?)" } ?? ""
      throw UsageError("there is no command %\(name)\(near); %help lists them")
    }
  }

  private static func overview(_ style: Style) -> String {
    let lines = commands.map { ("%\($0.name)" + ($0.arguments.isEmpty ? "" : " \($0.arguments)"), $0.doc) } + [
      ("?NAME", "help on a name: ?dsrl.agent.dsrl_na, ?env:step, ?t"), ("?\"WORDS\"", "names whose help has these words"), ("!COMMAND", "a command of the shell's"),
      ("CODE;", "runs without printing"), ("_, _1 to _9", "what the last line gave, its first to ninth value"), ("_err", "the last error: message, traceback, value"),
    ]
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { style(.heading, $0) + String(repeating: " ", count: width - $0.count + 2) + $1 }.joined(separator: "\n")
  }

  private func compiled(_ code: String, _ command: String) throws -> PromptChunk {
    guard !code.isEmpty else { throw UsageError("%\(command) wants Lua code") }
    switch reader.compile(code) {
    case .chunk(let chunk)?: return chunk
    case .failure(let error)?: throw error
    default: throw UsageError("%\(command) wants whole Lua code, got '\(code)'")
    }
  }

  // MARK: %who

  private func who(_ type: String) throws {
    let own = globalNames().subtracting(givenNames).filter { $0 != "_" && $0 != "_err" && $0.wholeMatch(of: /_[1-9]/) == nil }
    let style = Style.output
    let printer = ValuePrinter(style: style)
    let variables = try own.sorted().map { name in (name, try lua.global(name)) }
    let rows = try variables.map { name, value in (name, try value.typeName(), try printer.brief(value)) }.filter { type.isEmpty || $0.1 == type }
    guard !rows.isEmpty else { return print(type.isEmpty ? "no variables yet" : "no variables of type \(type)") }
    let widths = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
    for (name, type, brief) in rows {
      let columns = name.padded(to: widths.0) + "  " + type.padded(to: widths.1) + "  "
      let room = max(style.width - columns.count - 1, 10)
      print(columns + (Style.length(brief) > room ? brief.prefix(room - 3) + "..." : brief))
    }
  }

  // MARK: %run and %save

  private func runFile(_ arguments: String) throws {
    let given = words(of: arguments)
    guard let path = given.first else { throw UsageError("%run wants a file") }
    let chunk = try lua.load(file: path)
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    if !lua.searchPath.split(separator: ";").contains("\(folder)/?.lua") { session.useModules(beside: path) }
    try session.setArguments(given, scriptAt: 0)
    try show(chunk.callForReferences(passing: Array(given.dropFirst())), true)
  }

  private func save(_ arguments: String) throws {
    let isForced = arguments.hasPrefix("-f ")
    let path = words(of: String(arguments.dropFirst(isForced ? 3 : 0))).joined(separator: " ")
    guard !path.isEmpty else { throw UsageError("%save wants a file") }
    guard !goodLines.isEmpty else { throw UsageError("no line went well yet, so there is nothing to save") }
    guard isForced || access(path, F_OK) != 0 else { throw UsageError("'\(path)' is there already; %save -f \(path) replaces it") }
    let text = goodLines.script { source in if case .complete = lua.compile(source) { true } else { false } }
    try AtomicFile.write(text, to: path)
    let count = text.count(where: { $0 == "\n" })
    print("\(count) line\(count == 1 ? "" : "s") in \(path)")
  }
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
