import CProcess
import Glibc
import LuaBridge
import Script
import Suites
import Tensors

/// SIGTERM, SIGUSR1 and the time limit end a run so that it can go on later.
///
/// The first signal waits for agent:learn to come between two steps, where there is one at work; the second interrupts like Ctrl-C.
enum StopSignals {
  /// Seconds from the time limit to the second signal, and from that to the end of a process that does not listen.
  private static let grace = 60
  /// The one that runs scripts; written before the handler is in place.
  nonisolated(unsafe) private static var thread = pthread_self()

  /// Like Ctrl-C noticed from here on, and followed once an interpreter listens.
  static func begin() throws {
    thread = pthread_self()
    for number in [SIGTERM, SIGUSR1, SIGALRM] { try Interpreter.onSignal(number) { StopSignals.handle($0) } }
  }

  /// The run of a suite's cell is told to end, as by a scheduler, when its launcher dies; false where that has happened already.
  static func endsWithLauncher() -> Bool {
    guard let launcher = getenv(CellProcess.parentVariable).flatMap({ Int32(String(cString: $0)) }) else { return true }
    unsetenv(CellProcess.parentVariable)
    return shim_signal_at_parents_end(SIGTERM) == 0 && getppid() == launcher
  }

  /// `timeLimit` in seconds from now.
  static func start(timeLimit: Double?) {
    guard let timeLimit else { return }
    let whole = timeLimit.rounded(.down)
    var timer = itimerval()
    timer.it_value = timeval(tv_sec: Int(whole), tv_usec: Int((timeLimit - whole) * 1e6))
    timer.it_interval = timeval(tv_sec: grace, tv_usec: 0)
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
  }

  private static func handle(_ number: Int32) {
    guard pthread_equal(pthread_self(), thread) != 0 else {
      pthread_kill(thread, number)
      return
    }
    let before = StopRequest.receive(number)
    if number == SIGALRM, before >= 2 { _exit(ExitCode.timeLimit) }
    if before == 0, StopRequest.isWatched { return }
    ControlC.press()
  }
}
