import Files
import FoundationEssentials
import Runs
import Tensors
import Testing

@testable import Suites

/// A fresh folder that is gone after `body`.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.path + "/dsrl-suites-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// What `body` throws, as text.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing was thrown"
  } catch { return "\(error)" }
}

/// A store whose cells have all run: method x scores 0.2 on A and 20 on B, y 0.4 and 40, one more of each for every seed.
func finishedStore(_ folder: String, normalized: Bool = true, leaving: Int = 0) throws -> SuiteStore {
  try AtomicFile.write("return 1\n", to: folder + "/cell.lua")
  let suite = try Suites.Suite(
    name: "test", script: folder + "/cell.lua", grid: [.init(key: "env", values: ["A", "B"]), .init(key: "method", values: ["x", "y <b>"])], seeds: [1, 2, 3],
    normalization: normalized ? ["A": 0...1, "B": 0...100] : [:], published: ["A": [.init(label: "theirs", steps: [0, 100, 900], values: [0, 0.5, 1])]])
  let store = try SuiteStore(suite, Fingerprint(version: "1", script: suite.script, modules: []), path: folder + "/store")
  for cell in try store.cells.dropLast(leaving) {
    let run = try RunFolder(Manifest(version: "1", script: suite.script, seed: cell.seed, threads: 1, options: .object([:])), out: store.folder(of: cell))
    let metrics = try Metrics(folder: run.path)
    let scale = cell.task == "A" ? 0.1 : 10.0
    let level = (cell.method == "x" ? 2.0 : 4.0) + 0.1 * Double(cell.seed)
    for step in [0, 50, 100] { try metrics.record(step: step, ["eval/mean_reward": scale * level * Double(step) / 100, "train/n_updates": Double(step)]) }
    try run.end(.finished)
    try #require(try store.claim(cell)).finish(.done)
  }
  return store
}
