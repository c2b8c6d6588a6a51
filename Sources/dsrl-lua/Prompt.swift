@preconcurrency import CReadline
import FoundationEssentials
import Glibc
import LuaBridge
import Runs
import Script
import Tensors

/// Reads a line, evaluates it, prints what came of it.
final class Prompt {
  private let session: Session
  private let printer: ValuePrinter
  private let help: Help
  private let history: History
  private let readsStartUpFile: Bool
  private var lua: Interpreter { session.lua }

  init(_ session: Session, readsStartUpFile: Bool) throws {
    self.session = session
    self.readsStartUpFile = readsStartUpFile
    printer = ValuePrinter(width: Terminal(descriptor: STDOUT_FILENO).width)
    help = Help(session.lua)
    history = try History()
  }

  /// Until the end of input.
  func run() throws {
    Completion.install(session.lua)
    LineReader.install()
    if readsStartUpFile { startUp() }
    print("?name shows help, Tab completes, Ctrl-D ends.")
    while let input = try readChunk() { evaluate(input) }
    print()
  }

  /// ~/.config/dsrl-lua/init.lua, if there is one.
  private func startUp() {
    let environment = ProcessInfo.processInfo.environment
    let folder = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map { $0 + "/.config" } ?? ""
    let path = "\(folder)/dsrl-lua/init.lua"
    guard access(path, R_OK) == 0 else { return }
    perform { try lua.run(file: path) }
  }

  private enum Input { case help(String), chunk(LuaFunction, prints: Bool), failure(any Error) }

  /// One or more lines that are a whole piece of Lua; nil at the end of input.
  private func readChunk() throws -> Input? {
    var text = ""
    while true {
      let line = LineReader.read(text.isEmpty ? "> " : ">> ")
      if ControlC.wasPressed {
        ControlC.clear(lua)
        text = ""
        continue
      }
      guard let line else { return nil }
      if text.isEmpty {
        let trimmed = line.drop { $0 == " " }
        if trimmed.isEmpty { continue }
        try history.add(line)
        if trimmed.hasPrefix("?") { return .help(String(trimmed.dropFirst())) }
        text = trimmed.hasPrefix("=") ? "return " + trimmed.dropFirst() : line
      } else {
        if !line.isEmpty { try history.add(line) }
        text += "\n" + line
      }
      let prints = !text.reversed().drop { $0 == " " }.starts(with: ";")
      if case .complete(let expression) = lua.compile("return \(text)\n") { return .chunk(expression, prints: prints) }
      if !prints, case .complete(let expression) = lua.compile("return \(text.dropLast())\n") { return .chunk(expression, prints: false) }
      switch lua.compile(text) {
      case .complete(let statement): return .chunk(statement, prints: prints)
      case .failed(let error): return .failure(error)
      case .incomplete: continue
      }
    }
  }

  private func evaluate(_ input: Input) {
    switch input {
    case .help(let name): print(help.text(name))
    case .failure(let error): report(error)
    case .chunk(let chunk, let prints):
      let began = Progress.clock()
      perform {
        let results = try chunk.callForReferences()
        if let first = results.first { try lua.setGlobal("_", first) }
        for (i, result) in results.prefix(9).enumerated() { try lua.setGlobal("_\(i + 1)", result) }
        if prints, !results.isEmpty { print(try results.map(printer.text).joined(separator: "\t")) }
      }
      let seconds = Progress.clock() - began
      if seconds > 1 { writeError("(\((seconds * 10).rounded() / 10) s)\n") }
    }
  }

  /// Everything that was made so far stays, whatever `body` does.
  private func perform(_ body: () throws -> Void) {
    do { try body() } catch {
      let interrupted = ControlC.wasPressed
      ControlC.clear(lua)
      session.clearProgress()
      if interrupted { return writeError("interrupted\n") }
      report(error)
      do { try lua.setGlobal("_err", (error as? LuaError)?.value.map { LuaValue.other($0) } ?? .string("\(error)")) } catch { report(error) }
    }
    ControlC.clear(lua)
  }
}
