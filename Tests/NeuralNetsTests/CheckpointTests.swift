import Files
import Foundation
import Tensors
import Testing

@testable import NeuralNets

private func withFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "checkpoint-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  defer { do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) } }
  try body(folder)
}

private let config = DiffusionMLP.Config(observationSize: 3, actionSize: 2, horizon: 4)

@Test func checkpointGoesRound() throws {
  try withFolder { folder in
    let path = folder + "/policy"
    var stream = RandomStream(seed: 1)
    let net = try DiffusionMLP(config, using: &stream)
    let optimizer = try Adam(net.namedParameters)
    try optimizer.descend(net(Tensor.ones([1, 8]), 1, Tensor.ones([1, 3])).sum())
    for _ in 0..<2 {  // the second replaces the first
      try Checkpoint.write(
        net.namedParameters.prefixed("network") + optimizer.state.prefixed("optimizer"), kind: "policy", config: config, to: path)
    }
    #expect(try Checkpoint.kind(path) == "policy")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["policy"])

    let read = try Checkpoint.read(path, kind: "policy", config: DiffusionMLP.Config.self, requiring: ["network.time_embedding.1.weight"])
    #expect(read.config == config)
    let again = try DiffusionMLP(read.config, using: &stream)
    try again.load(stateDict: read.tensors.part("network"))
    #expect(again.parameters.map(\.values) == net.parameters.map(\.values))
    let resumed = try Adam(again.namedParameters)
    try resumed.load(state: read.tensors.part("optimizer"))
    #expect(resumed.steps == 1)
    #expect(resumed.state.map(\.tensor.values) == optimizer.state.map(\.tensor.values))
  }
}

@Test func brokenCheckpointsSayWhatIsWrong() throws {
  let table: [(sidecar: String?, wanted: String)] = [
    (nil, "'F' is not a checkpoint: it lacks config.json"),
    (#"{"format": "dsrl-lua", "kind": "policy", "config": {}}"#, "'F/config.json' lacks version"),
    (#"{"version": 1}"#, "'F/config.json' lacks format, kind, config"),
    (#"{"format": "lerobot", "version": 1, "kind": "policy", "config": {}}"#, #"'F/config.json' wants format 'dsrl-lua', got "lerobot""#),
    (#"{"format": "dsrl-lua", "version": 3, "kind": "policy", "config": {}}"#, "'F/config.json' has version 3; this program reads up to 2"),
    (#"{"format": "dsrl-lua", "version": "1", "kind": "policy", "config": {}}"#, #"'F/config.json' wants a version from 1 to 2, got "1""#),
    (#"{"format": "dsrl-lua", "version": 1, "kind": 7, "config": {}}"#, "'F/config.json' wants a text as kind, got 7"),
    (#"{"format": "dsrl-lua", "version": 1, "kind": "agent", "config": {}}"#, "'F' holds a checkpoint of kind 'agent', wanted 'policy'"),
    (
      #"{"format": "dsrl-lua", "version": 1, "kind": "policy", "config": {"gamma": 1}}"#,
      "'F/weights.safetensors' lacks normalization.obs_min"
    ),
  ]
  for (sidecar, wanted) in table {
    try withFolder { folder in
      try Safetensors.write([("a", Tensor.zeros([1]))], metadata: [:], to: folder + "/weights.safetensors")
      if let sidecar { try AtomicFile.write(sidecar, to: folder + "/config.json") }
      let message = complaint {
        _ = try Checkpoint.read(folder, kind: "policy", config: [String: Float].self, requiring: ["a", "normalization.obs_min"])
      }
      #expect(message?.replacingOccurrences(of: folder, with: "F") == wanted)
    }
  }
  #expect(complaint { _ = try Checkpoint.kind("/nowhere") } == "'/nowhere' is not a checkpoint: it lacks config.json, weights.safetensors")
}

private func inode(_ path: String) throws -> Int {
  try #require(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
}

/// Tensors apart come back; the file of one that has not changed stays what it was, that of another does not.
@Test func tensorsThatHaveNotChangedAreNotWrittenAgain() throws {
  try withFolder { folder in
    let path = folder + "/agent"
    let (kept, changed, weight) = (Tensor.ones([300_000, 2]), Tensor.zeros([5, 2]), Tensor.ones([3]))
    func write() throws {
      try Checkpoint.write([("w", weight), ("replay.0", kept), ("replay.1", changed)], kind: "agent", config: ["x": 1], apart: "replay", to: path)
    }
    try write()
    let before = try (inode(path + "/replay.0.safetensors"), inode(path + "/replay.1.safetensors"))
    try changed.assign(Tensor.ones([5, 2]))
    try write()
    let after = try (inode(path + "/replay.0.safetensors"), inode(path + "/replay.1.safetensors"))
    #expect(after.0 == before.0 && after.1 != before.1)
    kept.withMutablePointer { $0[599_999] = 7 }  // beyond the first part of the comparison
    try write()
    #expect(try inode(path + "/replay.0.safetensors") != after.0)
    let read = try Checkpoint.read(path, kind: "agent", config: [String: Int].self, oldest: 2)
    #expect(Set(read.tensors.keys) == ["w", "replay.0", "replay.1"])
    #expect(read.tensors["replay.0"]?.values == kept.values && read.tensors["replay.1"]?.values == changed.values)
    #expect(try Checkpoint.config(path, [String: Int].self).config == ["x": 1])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["agent"])

    // Into another folder, from this one.
    try Checkpoint.write([("w", weight), ("replay.0", kept)], kind: "agent", config: ["x": 1], apart: "replay", previous: path, to: folder + "/b")
    #expect(try inode(folder + "/b/replay.0.safetensors") == inode(path + "/replay.0.safetensors"))

    try FileManager.default.removeItem(atPath: path + "/replay.1.safetensors")
    #expect(complaint { _ = try Checkpoint.read(path, kind: "agent", config: [String: Int].self) } == "'\(path)' is not whole: it lacks replay.1.safetensors")
    try Checkpoint.write([("w", weight)], kind: "agent", config: ["x": 1], to: path)
    #expect(
      complaint { _ = try Checkpoint.read(path, kind: "agent", config: [String: Int].self, oldest: 2) }
        == "'\(path)/config.json' has version 1; its kind is read from version 2 on")
    try AtomicFile.write(#"{"format": "dsrl-lua", "version": 2, "kind": "agent", "files": ["../x"], "config": {}}"#, to: path + "/config.json")
    #expect(complaint { _ = try Checkpoint.read(path, kind: "agent", config: [String: Int].self) } == "'\(path)/config.json' names a file '../x', wanted a plain name")
  }
}
