import Files
import Foundation
import Testing

@testable import Suites

@Suite struct SuiteTests {
  private func suite(_ folder: String, options: [Suites.Suite.Setting] = [], seeds: [Int] = [1, 2]) throws -> Suites.Suite {
    let script = folder + "/cell.lua"
    if !FileManager.default.fileExists(atPath: script) { try AtomicFile.write("return 1\n", to: script) }
    return try Suites.Suite(
      name: "test", script: script, grid: [.init(key: "env", values: ["A", "B"]), .init(key: "method", values: ["x", "y"]), .init(key: "width", values: ["8"])], seeds: seeds,
      options: options)
  }
  private func fingerprint(_ suite: Suites.Suite) throws -> Fingerprint { try Fingerprint(version: "1", script: suite.script, modules: []) }

  @Test func cellsAreTheGrid() throws {
    try withFolder { folder in
      let suite = try suite(folder)
      let cells = try suite.cells(fingerprint(suite))
      #expect(cells.count == 8 && suite.cellCount == 8 && Set(cells.map(\.key)).count == 8)
      #expect(cells[0].description == "env=A method=x width=8 seed=1" && cells[1].seed == 2 && cells[7].description == "env=B method=y width=8 seed=2")
      #expect(cells[0].task == "A" && cells[0].method == "x, width=8")
      #expect(cells[0].folderName == "A-x-8-seed1-\(cells[0].key)")
      #expect(cells.filter { $0.matches("method", "x") && $0.matches("seed", "2") }.map(\.task) == ["A", "B"])
    }
  }

  /// A key follows from everything that a result depends on, and from nothing else.
  @Test func keysFollowFromWhatCounts() throws {
    try withFolder { folder in
      let suite = try suite(folder)
      let key = try suite.cells(fingerprint(suite))[0].key
      var other = suite
      (other.metric, other.name, other.seeds) = ("eval/success_rate", "renamed", [1])
      #expect(try other.cells(fingerprint(other))[0].key == key)
      other.options = [.init(key: "steps", text: "7")]
      #expect(try other.cells(fingerprint(other))[0].key != key)
      #expect(try suite.cells(Fingerprint(version: "2", script: suite.script, modules: []))[0].key != key)
      try AtomicFile.write("return 2\n", to: folder + "/module.lua")
      #expect(try suite.cells(Fingerprint(version: "1", script: suite.script, modules: [folder + "/module.lua"]))[0].key != key)
      try AtomicFile.write("return 3\n", to: suite.script)
      #expect(try suite.cells(fingerprint(suite))[0].key != key)
    }
  }

  @Test func saysWhatIsWrong() throws {
    func make(name: String = "a", grid: [Suites.Suite.Axis] = [], seeds: [Int] = [0], options: [Suites.Suite.Setting] = []) -> String {
      message { _ = try Suites.Suite(name: name, script: "s", grid: grid, seeds: seeds, options: options) }
    }
    #expect(make(name: "../a").contains("letters, digits, - _ and ., got '../a'"))
    #expect(make(grid: [.init(key: "a", values: ["1", "1"])]) == "'a' wants different values, at least one, got {1, 1}")
    #expect(make(seeds: []).contains("at least one, got []"))
    #expect(make(grid: [.init(key: "a", values: ["1"])], options: [.init(key: "a", text: "2")]).contains("'a' is set twice"))
  }

  // MARK: The store

  @Test func aCellIsClaimedOnce() throws {
    try withFolder { folder in
      let suite = try suite(folder)
      let store = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      let cell = try store.cells[0]
      #expect(try store.states().allSatisfy { $0.state == .queue })
      let claim = try #require(try store.claim(cell))
      #expect(try store.claim(cell) == nil && store.states()[0].state == .running)
      // Opening it again leaves all as it is.
      let again = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      #expect(try again.claim(cell) == nil && again.states()[0].state == .running)
      try claim.finish(.failed)
      #expect(try again.states()[0].state == .failed && again.claim(cell) == nil)
      try again.retry(cell)
      try #require(try again.claim(cell)).finish(.done)
      #expect(try again.states()[0].state == .done && again.states().dropFirst().allSatisfy { $0.state == .queue })
    }
  }

  /// Many that begin at once share the cells among them, each to one.
  @Test func manyLaunchersNeverTakeOneCellTwice() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/dsrl-claims-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let suite = try suite(folder, seeds: Array(0..<25))
    let fingerprint = try fingerprint(suite)
    let taken = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<8 {
        group.addTask {
          let store = try SuiteStore(suite, fingerprint, path: folder + "/store")
          return try store.cells.filter { try store.claim($0) != nil }.map(\.key)
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(taken.count == 100 && Set(taken).count == 100)
  }

  /// A process that is no more, one whose number another has now, and one of another machine that gave a sign of life a moment ago.
  @Test func deadClaimsAreTakenOver() throws {
    try withFolder { folder in
      let suite = try suite(folder)
      let store = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      let here = Owner.here
      let owners = [Owner(host: here.host, process: 4_000_000, start: "1"), Owner(host: here.host, process: here.process, start: "1"), Owner(host: "elsewhere", process: 1, start: "1")]
      let cells = try store.cells
      for (cell, owner) in zip(cells, owners) {
        try FileManager.default.moveItem(atPath: "\(store.path)/queue/\(cell.key)", toPath: "\(store.path)/running/\(cell.key)@\(owner.text)")
      }
      #expect(try store.claim(cells[0]) != nil && store.claim(cells[1]) != nil && store.claim(cells[2]) == nil)
      // The last one's clock runs out: only its change time counts then, which cannot be set back, so patience is what is left of it.
      #expect(try store.states().prefix(3).allSatisfy { $0.state == .running })
    }
  }

  @Test func cleanLeavesWhatCounts() throws {
    try withFolder { folder in
      var suite = try suite(folder)
      let store = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      let cells = try store.cells
      for (cell, state) in zip(cells, [SuiteStore.State.done, .failed]) {
        try FileManager.default.createDirectory(atPath: store.folder(of: cell), withIntermediateDirectories: true)
        try AtomicFile.write("words\n", to: store.log(of: cell))
        try #require(try store.claim(cell)).finish(state)
      }
      #expect(try store.clean(failedToo: false).isEmpty)
      #expect(try store.clean(failedToo: true).sorted() == ["cells/\(cells[1].folderName)", "logs/\(cells[1].folderName).log"])
      #expect(try store.states().map(\.state) == [.done] + Array(repeating: .queue, count: 7))
      // With another option all cells are others.
      suite.options = [.init(key: "steps", text: "1")]
      let changed = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      #expect(try changed.clean(failedToo: false).contains("cells/\(cells[0].folderName)"))
      #expect(try changed.states().allSatisfy { $0.state == .queue })
    }
  }

  @Test func saysWhereNothingIs() throws {
    try withFolder { folder in
      #expect(message { _ = try SuiteStore(existing: folder) } == "'\(folder)' holds no suite (suite.json); `dsrl-lua bench SUITE.lua` makes one")
      let suite = try suite(folder)
      let store = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      #expect(message { _ = try Report(store) }.contains("no cell of '\(folder)/store' has finished"))
    }
  }

  // MARK: Engines

  @Test func slurmScript() throws {
    try withFolder { folder in
      let suite = try suite(folder)
      let store = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      let array = SlurmArray(
        suiteFile: "it's.lua", store: store, program: "/bin/dsrl-lua", jobs: 3, threads: 2, partition: "debug", time: "1:00:00", memory: "2G", words: [])
      let lines = array.script(array: 4, count: 8).split(separator: "\n").map(String.init)
      #expect(lines.first == "#!/bin/sh" && lines.contains("#SBATCH --array=1-8%3") && lines.contains("#SBATCH --requeue") && lines.contains("#SBATCH --mem=2G"))
      #expect(lines.last == "exec /bin/dsrl-lua bench 'it'\\''s.lua' --out \(store.path) --threads 2 --array 4:$SLURM_ARRAY_TASK_ID")
      try FileManager.default.createDirectory(atPath: store.path + "/slurm", withIntermediateDirectories: true)
      try AtomicFile.write(JSON.encode(store.cells.map(\.key)), to: store.path + "/slurm/array-4.json")
      #expect(try SlurmArray.cells(of: "4:2", in: store, among: store.cells) == [store.cells[1]])
      #expect(try SlurmArray.cells(of: "4:2", in: store, among: []) == [])
      #expect(message { _ = try SlurmArray.cells(of: "4:9", in: store, among: []) }.contains("has 8 cells, wanted number 9"))
      #expect(message { _ = try SlurmArray.cells(of: "x", in: store, among: []) } == "an array's job is NUMBER:INDEX, got 'x'")
    }
  }

  @Test func mpiCommand() throws {
    try withFolder { folder in
      let suite = try suite(folder)
      let store = try SuiteStore(suite, fingerprint(suite), path: folder + "/store")
      let run = MPIRun(suiteFile: "a.lua", store: store, program: "/bin/dsrl-lua", jobs: 4, threads: 1, only: ["seed=1"], words: ["--oversubscribe"])
      #expect(run.arguments == ["mpirun", "-n", "4", "--oversubscribe", "/bin/dsrl-lua", "bench", "a.lua", "--out", store.path, "--threads", "1", "--worker", "--only", "seed=1"])
    }
  }
}
