import CLua

// Ctrl-C. The listener lives in the shim, once per file that names it: name it only here.
extension Interpreter {
  /// Lets `signal` (SIGINT) stop this interpreter's scripts. Worker threads should block it; one that does not passes it on.
  public func listen(to signal: CInt) throws {
    listen()
    try Interpreter.onSignal(signal) { Interpreter.interruptListener(signal: $0) }
  }

  /// Has `handler` called for `signal`, on a stack that harms no computation; it may come before any interpreter.
  public static func onSignal(_ signal: CInt, _ handler: @escaping @convention(c) (CInt) -> Void) throws {
    guard shim_catch(signal, handler) == 0 else { throw LuaError("cannot listen to signal \(signal)") }
  }

  /// From here on `interruptListener` means this interpreter.
  public func listen() { shim_listen(state) }

  /// What a handler does so that the scripts of the interpreter that listens stop; nothing where none does.
  public static func interruptListener(signal: CInt) { shim_interrupt(signal) }

  /// From here on it may run on any thread, one at a time; the signal that stops the listener's scripts stops this one's there.
  public func goApart() throws {
    guard shim_go_apart(state) == 0 else { throw LuaError("cannot be woken by signals") }
  }

  func stopListening() { shim_ignore(state) }

  /// What the signal does: whatever runs raises "interrupted!" until `clearInterrupt`. Only on the interpreter's thread.
  public func interrupt() { shim_interrupt_state(state) }
  public func clearInterrupt() { shim_clear_interrupt(state, main) }
  public var isInterrupted: Bool { shim_interrupted(state) != 0 }

  /// Lets scripts run this many Lua instructions more, in whatever coroutine; then whatever runs raises "instruction budget used up", and
  /// goes on to. Costs about half the interpreter's speed.
  public func limitInstructions(_ count: Int) { shim_set_budget(state, main, CLongLong(count)) }
  public var instructionsAreSpent: Bool { shim_spent(state) != 0 }

  /// For long loops in Swift, which no hook reaches.
  public func checkInterrupt() throws {
    if isInterrupted { throw LuaError("interrupted!", traceback: nil, value: nil, isFromLua: true) }
  }
}
