import Environments
import Files
import Foundation
import Tensors
import Testing

/// Files that D4RL, Minari, robomimic and OGBench fill, against what their own packages read in them (scripts/fixtures/data_files.py).
@Suite struct DataFileTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/data").path

  private func expect(_ data: DataSet, _ name: String) throws {
    let wanted = try NPZ.read("\(Self.folder)/\(name).expected.npz")
    func numbers(_ flags: [Bool]?) -> [Float]? { flags.map { $0.map { $0 ? 1 : 0 } } }
    #expect(data.observations.values == wanted["observations"]?.values && data.observations.shape == wanted["observations"]?.shape)
    #expect(data.actions.values == wanted["actions"]?.values && data.actions.shape == wanted["actions"]?.shape)
    #expect(data.rewards.values == wanted["rewards"]?.values)
    #expect(numbers(data.terminals) == wanted["terminals"]?.values)
    #expect(numbers(data.timeouts) == wanted["timeouts"]?.values)
    #expect(data.finalObservations?.values == wanted["final_observations"]?.values)
    #expect(numbers(data.success) == wanted["success"]?.values)
  }

  private func load(_ name: String, _ change: (inout DataSelection) -> Void = { _ in }) throws -> DataSet {
    var selection = DataSelection()
    change(&selection)
    return try DataSet.load("\(Self.folder)/\(name)", selection)
  }

  @Test func d4rl() throws {
    let data = try load("d4rl.hdf5") { $0.infos = ["qpos"] }
    try expect(data, "d4rl")
    #expect(try data.infos["qpos"]?.values == NPZ.read("\(Self.folder)/d4rl.expected.npz")["qpos"]?.values)
    #expect(data.attributes == ["algorithm": .string("SAC")])
    #expect(data.episodes.map(\.range) == [0..<4, 4..<9, 9..<12])
    #expect(message { _ = try load("d4rl_v0.hdf5") }.contains("has no array 'timeouts'; it has actions, observations, rewards, terminals. max_episode_steps says"))
    #expect(try load("d4rl_v0.hdf5") { $0.maxEpisodeSteps = 5 }.episodes.map(\.range) == [0..<4, 4..<9, 9..<12])
  }

  /// A file of D4RL's own DatasetWriter, which tells no time limits.
  @Test func d4rlsOwnWriter() throws {
    let data = try load("d4rl_written.hdf5") { ($0.infos, $0.maxEpisodeSteps) = (["qpos", "qvel"], 5) }
    try expect(data, "d4rl_written")
    let wanted = try NPZ.read("\(Self.folder)/d4rl_written.expected.npz")
    for name in ["qpos", "qvel"] { #expect(data.infos[name]?.values == wanted[name]?.values && data.infos[name]?.shape == wanted[name]?.shape) }
  }

  @Test func partsOfFiles() throws {
    let whole = try load("d4rl.hdf5")
    let second = try load("d4rl.hdf5") { $0.episodes = 1..<2 }
    #expect(second.observations.values == Array(whole.observations.values[12..<27]) && second.timeouts == [false, false, false, false, true])
    #expect(second.finalObservations?.values == Array(try #require(whole.finalObservations).values[3..<6]))
    let cut = try load("d4rl.hdf5") { $0.limit = 6 }
    #expect(cut.count == 6 && cut.timeouts.last == true && cut.episodes.count == 2)
    #expect(cut.finalObservations?.values.suffix(3) == whole.observations.values[18..<21])
    #expect(message { _ = try load("d4rl.hdf5") { $0.episodes = 1..<9 } }.contains("d4rl.hdf5' has 3 episodes, wanted 2 to 9"))
    #expect(message { _ = try load("d4rl.hdf5") { $0.limit = 0 } }.contains("limit wants a positive number of steps, got 0"))
    #expect(try load("minari_plain") { $0.episodes = 1..<2 }.count == 5)
    let four = try load("minari_plain") { $0.limit = 4 }
    #expect(four.count == 4 && four.timeouts == [false, false, false, true])
    #expect(try load("robomimic.hdf5") { ($0.observationKeys, $0.limit) = (["object"], 5) }.episodes.map(\.range) == [0..<3, 3..<5])
    #expect(try load("ogbench.npz") { $0.episodes = 1..<2 }.count == 3)
    #expect(try load("ogbench.npz") { $0.limit = 2 }.timeouts == [false, true])
  }

  @Test func minari() throws {
    try expect(load("minari_plain"), "minari_plain")
    try expect(load("minari_plain/data/main_data.hdf5"), "minari_plain")
    try expect(load("minari_parts") { $0.observationKeys = ["desired_goal", "deep/er", "observation"] }, "minari_parts")
    let text = message { _ = try load("minari_parts") }
    #expect(text.contains("main_data.hdf5': an observation has 3 parts, deep/er [2], desired_goal [1], observation [3]; obs_keys says which"), "\(text)")
    #expect(message { _ = try load("minari_parts") { $0.observationKeys = ["goal"] } }.contains("'episode_0/observations' has no array 'goal'; it has deep/er [2]"))
  }

  @Test func robomimic() throws {
    let keys = ["object", "robot0_eef_pos"]
    try expect(load("robomimic.hdf5") { $0.observationKeys = keys }, "robomimic")
    try expect(load("robomimic.hdf5") { ($0.observationKeys, $0.filterKey) = (keys, "valid") }, "robomimic_valid")
    #expect(try load("robomimic.hdf5") { ($0.observationKeys, $0.filterKey) = (keys, "train") }.episodes.count == 10)
    #expect(message { _ = try load("robomimic.hdf5") { ($0.observationKeys, $0.filterKey) = (keys, "test") } }.contains("has no list of episodes 'mask/test'; it has train, valid"))
    #expect(try load("robomimic.hdf5") { $0.observationKeys = keys }.attributes["total"] == .number(29))
  }

  @Test(arguments: ["ogbench", "ogbench_regular", "ogbench_compact"]) func ogbench(name: String) throws { try expect(load(name + ".npz"), name) }

  @Test func optionsThatFitNoFormat() throws {
    #expect(message { _ = try load("d4rl.hdf5") { $0.observationKeys = ["a"] } }.contains("obs_keys is for Minari's and robomimic's files"))
    #expect(message { _ = try load("ogbench.npz") { $0.format = .minari } }.contains("is an npz archive, minari has HDF5 files"))
    #expect(message { _ = try load("kinds.hdf5") }.contains("kinds.hdf5' holds no behaviour data: wanted observations and actions"))
    #expect(message { _ = try load("") }.contains("a folder of Minari's holds data/main_data.hdf5, this one does not"))
  }

  @Test func writtenAndReadAgain() throws {
    let path = NSTemporaryDirectory() + "data-\(UUID())"
    defer { for end in [".npz", ".hdf5", "-v3"] { try? FileManager.default.removeItem(atPath: path + end) } }
    let data = try load("minari_plain")
    for name in [path + ".npz", path + ".hdf5", path + "-v3/"] {
      try data.save(name)
      try expect(DataSet.load(name.hasSuffix("/") ? String(name.dropLast()) : name), "minari_plain")
    }
    let info = try load("d4rl.hdf5") { $0.infos = ["qpos"] }
    try info.save(path + ".npz")
    var selection = DataSelection()
    selection.infos = ["qpos"]
    let again = try DataSet.load(path + ".npz", selection)
    #expect(again.infos["qpos"]?.values == info.infos["qpos"]?.values && again.attributes == info.attributes)
    #expect(try JSON(file: path + "-v3/data/metadata.json")["total_steps"] == .number(8))
    #expect(message { try data.save(path + "-v3/") }.contains("it is there already"))
    let unknown = try load("ogbench.npz").selecting([0]).replacing(observations: .zeros([4, 3]), actions: .zeros([4, 2]), finalObservations: nil)
    #expect(message { try unknown.save(path + ".hdf5") }.contains("wants what was seen after each episode's last step"))
    try unknown.save(path + ".hdf5", final: .repeat)
    #expect(try DataSet.load(path + ".hdf5").count == 4)
  }
}
