import Environments
import LuaBridge
import Tensors

/// An interpreter apart from the script's, which may run on any thread, one at a time.
final class Isolation {
  let lua: Interpreter

  init(_ lua: Interpreter) { self.lua = lua }

  /// Runs what calls its functions. Their errors come out as words, which any interpreter can tell; Ctrl-C as an Interrupt.
  func run<R>(_ body: () throws -> R) throws -> R {
    guard !Interrupt.isRequested else { throw Interrupt.requested }
    if lua.isInterrupted, !lua.instructionsAreSpent { lua.clearInterrupt() }
    do { return try body() } catch let error as LuaError {
      if error.isInterrupt, Interrupt.isRequested { throw Interrupt.requested }
      throw UsageError(error.message)
    }
  }
}
