import Glibc
import LuaBridge
import Tensors

/// Ctrl-C stops what runs: scripts by the bridge's hook, long computations by the flag that they look at.
///
/// A call of the system's that waits (for a key, for another process) ends by a signal only if it has begun when the signal comes. So a
/// Ctrl-C that nobody has taken yet comes again.
enum ControlC {
  private static let pause = timespec(tv_sec: 0, tv_nsec: 20_000_000)
  /// Sends it again; written before the handler is in place. The first timer of a process is number 0, which Swift takes for nil.
  nonisolated(unsafe) private static var timer: timer_t?
  nonisolated(unsafe) private static var hasTimer = false

  /// The first thing that the program does: from here on Ctrl-C is noticed, if not yet followed.
  static func begin() throws {
    var event = sigevent()
    event.sigev_notify = Int32(SIGEV_THREAD_ID)
    event.sigev_signo = SIGINT
    event._sigev_un._tid = getpid()  // the first thread's
    guard timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 else { throw CommandLineError("no timer: \(String(cString: strerror(errno)))") }
    hasTimer = true
    try Interpreter.onSignal(SIGINT) { _ in ControlC.press() }
  }

  /// What it stops from here on. One that came before stops this too.
  static func listen(_ lua: Interpreter) {
    lua.listen()
    if wasPressed { lua.interrupt() }
  }

  /// Safe in a signal handler.
  static func press() {
    Interrupt.request()
    repeats(true)
    Interpreter.interruptListener(signal: SIGINT)
  }

  static func clear(_ lua: Interpreter) {
    repeats(false)
    Interrupt.clear()
    lua.clearInterrupt()
  }

  /// For the end of a program, which nothing should cut short.
  static func finish() { repeats(false) }

  static var wasPressed: Bool { Interrupt.isRequested }

  private static func repeats(_ on: Bool) {
    guard hasTimer else { return }
    var interval = itimerspec(it_interval: timespec(), it_value: timespec())
    if on { (interval.it_interval, interval.it_value) = (pause, pause) }
    timer_settime(timer, 0, &interval, nil)
  }
}
