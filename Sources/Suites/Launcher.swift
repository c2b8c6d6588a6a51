import Files
import Glibc
import Runs
import Tensors

/// Runs a suite's cells as processes of this machine, some at a time, until none is left that it may take.
public struct Launcher {
  /// How a launch went.
  public struct Outcome: Sendable {
    public var finished: [Cell] = []
    /// With the exit code.
    public var failed: [(cell: Cell, code: Int32)] = []
    /// Asked to end, by a scheduler or by their launcher: able to go on.
    public var stopped: [Cell] = []
    /// Taken by another launcher.
    public var elsewhere: [Cell] = []
  }

  public let store: SuiteStore
  public let program: String
  public let jobs: Int
  public let threads: Int
  /// Whether to end; looked at ten times a second.
  public let isAskedToStop: () -> Bool
  /// A line for whoever watches.
  public let say: (String) -> Void

  public init(_ store: SuiteStore, program: String, jobs: Int, threads: Int, isAskedToStop: @escaping () -> Bool, say: @escaping (String) -> Void) {
    (self.store, self.program, self.jobs, self.threads, self.isAskedToStop, self.say) = (store, program, jobs, threads, isAskedToStop, say)
  }

  /// Runs `cells` in their order. What another launcher holds is waited for as long as there is something of ours to do, then left.
  public func run(_ cells: [Cell]) throws -> Outcome {
    let suite = try store.suite
    var waiting = cells
    var active: [CellProcess] = []
    var outcome = Outcome()
    var lastTouch = Progress.clock()
    var hasTold = false
    defer { active.forEach { $0.stop() } }

    while true {
      let stopping = isAskedToStop()
      if stopping {
        // Once: a second signal would interrupt a run amid its saving.
        if !hasTold {
          if !active.isEmpty { say("asked to end; the cells at work save what they have") }
          active.forEach { $0.stop() }
          hasTold = true
        }
        waiting = []
      }
      while active.count < jobs, let cell = waiting.first {
        waiting.removeFirst()
        guard let claim = try store.claim(cell) else {
          outcome.elsewhere.append(cell)
          continue
        }
        do { active.append(try CellProcess(claim, of: suite, program: program, threads: threads)) } catch {
          try claim.finish(.queue)
          throw error
        }
        say("\(cell.key)  begins  \(cell.description)")
      }
      for running in active {
        guard let code = running.poll() else { continue }
        active.removeAll { $0.process == running.process }
        try end(running, code, stopping: stopping, &outcome)
      }
      if active.isEmpty, waiting.isEmpty { break }
      if Progress.clock() - lastTouch > 10 {
        active.forEach { $0.claim.touch() }
        lastTouch = Progress.clock()
      }
      usleep(100_000)
    }
    return outcome
  }

  private func end(_ running: CellProcess, _ code: Int32, stopping: Bool, _ outcome: inout Outcome) throws {
    let cell = running.claim.cell
    let took = Progress.duration(Progress.clock() - running.began)
    switch code {
    case 0:
      try running.claim.finish(.done)
      outcome.finished.append(cell)
      say("\(cell.key)  finished in \(took)  \(cell.description)")
    case _ where code == 75 || code == 124 || (stopping && (code == 130 || code == 143)):
      try running.claim.finish(.queue)
      outcome.stopped.append(cell)
      say("\(cell.key)  stopped after \(took), goes on next time  \(cell.description)")
    default:
      try running.claim.finish(.failed)
      outcome.failed.append((cell, code))
      // On a full disk the log may have no room for the reason.
      let full = isDiskFull ? "\n    no space is left where '\(store.path)' is; with some, the same command with --failed runs it again" : ""
      say("\(cell.key)  FAILED (exit code \(code)) after \(took)  \(cell.description)\n    \(store.log(of: cell))\(full)")
    }
  }

  private var isDiskFull: Bool {
    var status = statvfs()
    return statvfs(store.path, &status) == 0 && status.f_bavail == 0
  }
}
