import FoundationEssentials
import Glibc
import LuaBridge
import Runs
import Script
import Tensors

/// Reads a line, evaluates it, prints what came of it.
final class Prompt {
  let session: Session
  let reader: PromptReader
  /// The lines that went well, as statements.
  var goodLines = GoodLines()
  /// Global variables that were there before the first line.
  private(set) var givenNames: Set<String> = []
  private let readsStartUpFile: Bool
  var lua: Interpreter { session.lua }

  init(_ session: Session, readsStartUpFile: Bool) {
    self.session = session
    self.readsStartUpFile = readsStartUpFile
    reader = PromptReader(session.lua, History())
  }

  /// Until the end of input. Without a terminal there is no prompt to see, only results.
  func run() {
    Completion.install(session.lua)
    LineReader.install()
    givenNames = globalNames()
    if readsStartUpFile { startUp() }
    if LineReader.isTerminal { print(Style.output(.hint, "?name shows help, Tab completes, %help lists commands, Ctrl-D ends.")) }
    while let input = reader.next() {
      evaluate(input)
      fflush(nil)
    }
    if LineReader.isTerminal { print() }
  }

  func globalNames() -> Set<String> {
    do { return Set(try lua.global("_G").names(limit: .max).map(\.name)) } catch { return [] }
  }

  /// ~/.config/dsrl-lua/init.lua, if there is one.
  private func startUp() {
    let environment = ProcessInfo.processInfo.environment
    let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? environment["HOME"].map { $0 + "/.config" } ?? ""
    let path = "\(folder)/dsrl-lua/init.lua"
    guard access(path, R_OK) == 0 else { return }
    perform { try lua.run(file: path) }
  }

  private func evaluate(_ input: PromptInput) {
    switch input {
    case .nothing: break
    case .help(let name): print(Help(lua, Style.output).text(name))
    case .failure(let error): show(error)
    case .shell(let command): shell(command)
    case .command(let name, let arguments): perform { try command(name, arguments) }
    case .chunk(let chunk):
      let began = Progress.clock()
      let isGood = perform { try show(chunk.function.callForReferences(), chunk.prints) }
      if isGood { goodLines.add(chunk) }
      if !chunk.isExpression { hintAboutLocals(chunk.source) }
      let seconds = Progress.clock() - began
      if seconds > 1, LineReader.isTerminal { hint("(\(Style.duration(seconds)))") }
    }
  }

  /// Prints results and keeps them in _, _1 to _9.
  func show(_ results: [LuaReference], _ prints: Bool) throws {
    guard let first = results.first else { return }
    try lua.setGlobal("_", first)
    for place in 0..<9 { try lua.setGlobal("_\(place + 1)", place < results.count ? results[place] : nil) }
    guard prints else { return }
    let printer = ValuePrinter(style: Style.output)
    print(try results.map(printer.text).joined(separator: "\t"))
  }

  /// Everything that was made so far stays, whatever `body` does. Returns whether it went well.
  @discardableResult
  func perform(_ body: () throws -> Void) -> Bool {
    defer { ControlC.clear(lua) }
    do {
      try body()
      return true
    } catch {
      let isInterrupted = ControlC.wasPressed
      ControlC.clear(lua)
      session.clearProgress()
      fflush(nil)
      if isInterrupted { writeError(Style.errors(.notice, "interrupted") + "\n") } else { show(error) }
      return false
    }
  }

  /// Prints an error, and keeps it in _err: its message, its traceback, and the value that a script raised.
  private func show(_ error: any Error) {
    fflush(nil)
    let style = Style.errors
    let traceback = (error as? LuaError)?.traceback
    writeError(style(.error, "\(error)") + "\n" + (traceback.flatMap(Prompt.shortened).map { style(.hint, $0) + "\n" } ?? ""))
    var kept = LuaTable([("message", .string("\(error)"))])
    kept["traceback"] = traceback.map(LuaValue.string)
    kept["value"] = (error as? LuaError)?.value.map(LuaValue.other)
    do { try lua.setGlobal("_err", kept) } catch { writeError("dsrl-lua: \(error)\n") }
  }

  /// A traceback without the frames of the prompt itself; nil where nothing else is in it.
  private static func shortened(_ traceback: String) -> String? {
    var lines = traceback.split(separator: "\n").map(String.init)
    while let last = lines.last, last.hasSuffix("in main chunk") && last.contains("prompt:") || last.hasSuffix("[C]: in ?") { lines.removeLast() }
    let frames = lines.dropFirst()
    return frames.contains { !$0.contains("[C]:") } ? lines.joined(separator: "\n") : nil
  }

  private func hintAboutLocals(_ source: String) {
    let names = Locals(in: source).names
    guard !names.isEmpty else { return }
    let which = names.count == 1 ? "local \(names[0]) ends" : "locals \(names.joined(separator: ", ")) end"
    hint("\(which) with this line; leave out 'local' to keep a variable (%autoglobal on does so for you)")
  }

  func hint(_ text: String) { writeError(Style.errors(.hint, text) + "\n") }

  /// Runs a command of the shell's; Ctrl-C ends it and not the session.
  private func shell(_ command: String) {
    fflush(nil)
    let status = system(command)
    ControlC.clear(lua)
    if status == -1 { return writeError("dsrl-lua: cannot start a shell: \(String(cString: strerror(errno)))\n") }
    let signal = status & 0x7f
    let code = status >> 8 & 0xff
    if signal != 0 { hint("ended by signal \(signal)") } else if code != 0 { hint("exit code \(code)") }
  }
}
