import COneDNN
import Dispatch
import Synchronization

/// How the work of one call is spread over processors: always by rows, never inside one number.
public enum Threads {
  private static let chosen = Atomic<Int>(1)
  @TaskLocal private static var inside = false

  /// Threads that a call may use. A result never depends on it.
  public static var count: Int { chosen.load(ordering: .relaxed) }

  public static func use(_ count: Int) throws {
    guard (1...1024).contains(count) else { throw UsageError("threads wants 1 to 1024, got \(count)") }
    chosen.store(count, ordering: .relaxed)
  }

  /// Runs `body` over 0..<rows in contiguous ranges, one a thread, none shorter than `minimum`; nested calls stay on their thread.
  /// The first error in row order is thrown after all have ended.
  public static func parallel(rows: Int, minimum: Int = 1, _ body: @Sendable (Range<Int>) throws -> Void) throws {
    let parts = inside ? 1 : Swift.min(count, rows / Swift.max(minimum, 1))
    guard parts > 1 else {
      if rows > 0 { try body(0..<rows) }
      return
    }
    let failures = Mutex<[Int: any Error]>([:])
    withoutActuallyEscaping(body) { body in
      let work: WorkerThreads.Work = { part in
        keepOneDNNToThisThread()
        do { try $inside.withValue(true) { try body(rows * part / parts..<rows * (part + 1) / parts) } } catch {
          failures.withLock { $0[part] = error }
        }
      }
      if !WorkerThreads.shared.run(parts: parts, work) { DispatchQueue.concurrentPerform(iterations: parts, execute: work) }
    }
    if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
  }

  /// oneDNN would start OpenMP threads of its own below ours.
  @inline(__always)
  static func keepOneDNNToThisThread() { omp_set_num_threads(1) }
}
