import Glibc
import Synchronization

/// A request to end the run and go on later: a scheduler's signal, or the time limit. Whoever is between two steps follows it there,
/// having saved; where nobody is, or at a second request, what runs is interrupted.
public enum StopRequest {
  private static let signal = Atomic<Int32>(0)
  private static let repeats = Atomic<Int>(0)
  private static let watchers = Atomic<Int>(0)

  /// Takes a signal down; returns how many there were before it. Safe in a signal handler.
  public static func receive(_ number: Int32) -> Int {
    _ = signal.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    return repeats.add(1, ordering: .relaxed).oldValue
  }
  /// Takes down what another rank received; the same signal may still come here, and is then the first.
  static func adopt(_ number: Int32) { _ = signal.compareExchange(expected: 0, desired: number, ordering: .relaxed) }
  /// The first signal; nil where nothing was requested.
  public static var received: Int32? {
    let number = signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  public static func name(_ number: Int32) -> String {
    switch number {
    case SIGALRM: "time limit"
    case SIGUSR1: "SIGUSR1"
    default: "SIGTERM"
    }
  }

  /// Whether somebody looks at `received` between steps.
  public static var isWatched: Bool { watchers.load(ordering: .relaxed) > 0 }
  static func watch(_ on: Bool) {
    if on { watchers.add(1, ordering: .relaxed) } else if isWatched { watchers.subtract(1, ordering: .relaxed) }
  }
}
