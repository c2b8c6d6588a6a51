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
    (#"{"format": "dsrl-lua", "version": 2, "kind": "policy", "config": {}}"#, "'F/config.json' has version 2; this program reads up to 1"),
    (#"{"format": "dsrl-lua", "version": "1", "kind": "policy", "config": {}}"#, #"'F/config.json' wants a version from 1 to 1, got "1""#),
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
