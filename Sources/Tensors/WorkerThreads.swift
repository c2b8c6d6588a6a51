import CVectorUnits
import Dispatch
import Glibc
import Synchronization

/// Threads that wait for parts of work: wide awake for some microseconds, since the next call often follows at once, then asleep. Waking a sleeper costs as much
/// as several steps of a small environment.
final class WorkerThreads: @unchecked Sendable {
  static let shared = WorkerThreads()

  /// One call's work, part by part.
  typealias Work = @Sendable (_ part: Int) -> Void

  private let isTaken = Atomic<Bool>(false)
  /// Only who has taken them touches these; a worker reads `work` between its order and its report.
  private var workers: [Worker] = []
  private var work: Work?
  private let unfinished = Atomic<Int>(0)
  private let done = Sleep()

  /// Runs parts 0 to `parts` - 1, part 0 on the caller's thread; false, with nothing done, where another call has the threads.
  func run(parts: Int, _ work: @escaping Work) -> Bool {
    guard !isTaken.exchange(true, ordering: .acquiringAndReleasing) else { return false }
    defer { isTaken.store(false, ordering: .releasing) }
    while workers.count < parts - 1 { workers.append(Worker(for: self, part: workers.count + 1)) }
    self.work = work
    unfinished.store(parts - 1, ordering: .sequentiallyConsistent)
    let patience = WorkerThreads.patience(threads: parts)
    for worker in workers[..<(parts - 1)] { worker.order(patience: patience) }
    work(0)
    done.wait(patience: patience) { unfinished.load(ordering: .sequentiallyConsistent) == 0 }
    self.work = nil
    return true
  }

  fileprivate func take(_ part: Int) {
    call(part)
    if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { done.wake() }
  }

  /// Not inlined, so that nothing holds the work any more when its end is reported.
  @inline(never)
  private func call(_ part: Int) { work?(part) }

  /// Looks before one sleeps: some 30 microseconds' worth, none where there are more threads than processors.
  private static func patience(threads: Int) -> Int { threads <= processors ? 1000 : 0 }
  private static let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
}

/// One thread, which lives as long as the program.
private final class Worker: @unchecked Sendable {
  private let isOrdered = Atomic<Bool>(false)
  private let patience = Atomic<Int>(0)
  private let sleep = Sleep()
  private let part: Int
  private let team: WorkerThreads

  init(for team: WorkerThreads, part: Int) {
    (self.team, self.part) = (team, part)
    // Signals are for the threads that there were.
    var (all, before) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, { pointer in
      guard let pointer else { return nil }
      Unmanaged<Worker>.fromOpaque(pointer).takeRetainedValue().live()
    }, Unmanaged.passRetained(self).toOpaque())
    precondition(status == 0, "no more threads")
    pthread_detach(thread)
  }

  func order(patience: Int) {
    self.patience.store(patience, ordering: .relaxed)
    isOrdered.store(true, ordering: .sequentiallyConsistent)
    sleep.wake()
  }

  private func live() -> Never {
    while true {
      sleep.wait(patience: patience.load(ordering: .relaxed)) { isOrdered.load(ordering: .sequentiallyConsistent) }
      isOrdered.store(false, ordering: .sequentiallyConsistent)
      team.take(part)
    }
  }
}

/// Where one thread waits until a condition holds; who makes it hold calls `wake` after that.
private struct Sleep: ~Copyable {
  private let isAsleep = Atomic<Bool>(false)
  private let bell = DispatchSemaphore(value: 0)

  func wait(patience: Int, until holds: () -> Bool) {
    for _ in 0..<patience {
      if holds() { return }
      processor_pause()
    }
    // Either this sees the condition, or the waker sees the sleeper; where both do, the bell rings and is heard here. A waker that comes late may
    // ring for a condition of before, hence the loop.
    while true {
      isAsleep.store(true, ordering: .sequentiallyConsistent)
      if holds() {
        if !isAsleep.exchange(false, ordering: .sequentiallyConsistent) { bell.wait() }
        return
      }
      bell.wait()
    }
  }

  func wake() {
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { bell.signal() }
  }
}
