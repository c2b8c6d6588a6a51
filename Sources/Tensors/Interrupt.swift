import Synchronization

/// A request to stop, made by a signal or another thread, that long computations look at between steps.
public enum Interrupt: Error, CustomStringConvertible {
  case requested

  public var description: String { "interrupted!" }
  private static let flag = Atomic<Bool>(false)

  /// Safe inside a signal handler.
  public static func request() { flag.store(true, ordering: .relaxed) }
  public static func clear() { flag.store(false, ordering: .relaxed) }
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }
  /// Throws if a stop has been requested.
  @inline(__always)
  public static func check() throws { if isRequested { throw Interrupt.requested } }
}
