import Synchronization

/// A request to stop, made by a signal or another thread, that long computations look at between steps.
public enum Interrupt: Error, CustomStringConvertible {
  case requested

  public var description: String { "interrupted!" }
  private static let flag = Atomic<Bool>(false)
  private static let deferrals = Atomic<Int>(0)

  /// Safe inside a signal handler.
  public static func request() { flag.store(true, ordering: .relaxed) }
  public static func clear() { flag.store(false, ordering: .relaxed) }
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }
  /// Throws if a stop has been requested, unless something `whole` is under way.
  @inline(__always)
  public static func check() throws {
    if isRequested, deferrals.load(ordering: .relaxed) == 0 { throw Interrupt.requested }
  }

  /// Runs `body` to its end although a stop is requested: for steps that leave nothing usable where they are torn apart.
  public static func whole<R>(_ body: () throws -> R) rethrows -> R {
    deferrals.add(1, ordering: .relaxed)
    defer { deferrals.subtract(1, ordering: .relaxed) }
    return try body()
  }
}
