import Glibc
import LuaBridge
import Tensors

/// Ctrl-C stops what runs: scripts by the bridge's hook, long computations by the flag that they look at.
enum ControlC {
  typealias Handler = @convention(c) (Int32) -> Void
  /// The bridge's handler; written before ours is in place.
  nonisolated(unsafe) private static var bridge: Handler?

  static func listen(_ lua: Interpreter) throws {
    Interrupt.clear()
    try lua.listen(to: SIGINT)
    var action = sigaction()
    sigaction(SIGINT, nil, &action)
    bridge = action.__sigaction_handler.sa_handler
    // On the bridge's stack for signals. No SA_RESTART: a read at the prompt is to end.
    action.__sigaction_handler.sa_handler = { signal in
      Interrupt.request()
      ControlC.bridge?(signal)
    }
    sigaction(SIGINT, &action, nil)
  }

  static func clear(_ lua: Interpreter) {
    Interrupt.clear()
    lua.clearInterrupt()
  }

  static var wasPressed: Bool { Interrupt.isRequested }
}
