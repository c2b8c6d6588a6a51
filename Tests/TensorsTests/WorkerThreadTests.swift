import Dispatch
import Synchronization
@testable import Tensors
import Testing

@Suite struct WorkerThreadTests {
  /// Every part of every call runs once, whether the workers are awake from the call before or have gone to sleep.
  @Test func everyPartRunsOnce() {
    let team = WorkerThreads()
    for round in 1...3000 {
      let parts = 1 + round % 7
      let sum = Atomic<Int>(0)
      #expect(team.run(parts: parts) { part in sum.add(1 << (8 * part), ordering: .relaxed) })
      #expect(sum.load(ordering: .relaxed) == (0..<parts).reduce(0) { $0 + 1 << (8 * $1) })
    }
  }

  /// Calls from several threads at once share the workers or do without them; within a call another one stays on its thread.
  @Test func callsAtOnceAndWithinOneAnother() throws {
    try Threads.use(3)
    defer { try! Threads.use(1) }
    let rows = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<200 {
        try! Threads.parallel(rows: 30) { outer in
          try Threads.parallel(rows: outer.count) { inner in rows.add(inner.count, ordering: .relaxed) }
        }
      }
    }
    #expect(rows.load(ordering: .relaxed) == 4 * 200 * 30)
  }
}
