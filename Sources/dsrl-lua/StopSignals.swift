import Glibc
import LuaBridge
import Script
import Tensors

/// SIGTERM, SIGUSR1 and the time limit end a run so that it can go on later.
///
/// The first signal waits for agent:learn to come between two steps, where there is one at work; the second interrupts like Ctrl-C.
enum StopSignals {
  typealias Handler = @convention(c) (Int32) -> Void
  /// Seconds from the time limit to the second signal, and from that to the end of a process that does not listen.
  private static let grace = 60
  /// The bridge's handler, which makes scripts raise; and the thread that runs them. Written before ours is in place.
  nonisolated(unsafe) private static var bridge: Handler?
  nonisolated(unsafe) private static var thread = pthread_self()

  /// `timeLimit` in seconds from now.
  static func listen(_ lua: Interpreter, timeLimit: Double?) throws {
    thread = pthread_self()
    for number in [SIGTERM, SIGUSR1, SIGALRM] {
      try lua.listen(to: number)
      var action = sigaction()
      sigaction(number, nil, &action)
      bridge = action.__sigaction_handler.sa_handler
      action.__sigaction_handler.sa_handler = { StopSignals.handle($0) }
      sigaction(number, &action, nil)
    }
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
    Interrupt.request()
    bridge?(number)
  }
}
