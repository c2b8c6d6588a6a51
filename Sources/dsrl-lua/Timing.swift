import Glibc
import LuaBridge
import Runs

// %time and %timeit.
extension Prompt {
  /// One run: its results, its seconds, and the processors' seconds in it.
  func time(_ chunk: PromptChunk) throws {
    let (wall, processor) = (Progress.clock(), Prompt.processorSeconds())
    let results = try chunk.function.callForReferences()
    let seconds = (Progress.clock() - wall, Prompt.processorSeconds() - processor)
    try show(results, chunk.prints)
    print("\(Style.duration(seconds.0)) (\(Style.duration(seconds.1)) of processor)")
  }

  /// Seven rounds of about a tenth of a second, at least one run in each.
  func timeMany(_ chunk: PromptChunk) throws {
    let loop = try lua.load("local f, n = ...; for i = 1, n do f() end", name: "=timeit")
    func round(_ runs: Int) throws -> Double {
      let began = Progress.clock()
      try loop.call(chunk.function, runs)
      return Progress.clock() - began
    }
    var runs = 1
    var seconds = try round(runs)
    while seconds < 0.05, runs < 1 << 40 {
      runs *= max(2, min(10, Int(0.1 / max(seconds, 1e-9))))
      seconds = try round(runs)
    }
    let rounds = try (0..<7).map { _ in try round(runs) / Double(runs) }
    let mean = try Statistics.mean(rounds)
    let spread = try Statistics.standardDeviation(rounds)
    print("\(Style.duration(mean)) ± \(Style.duration(spread)) a run (7 rounds of \(runs), least \(Style.duration(rounds.min() ?? mean)))")
  }

  private static func processorSeconds() -> Double {
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    return Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
  }
}
