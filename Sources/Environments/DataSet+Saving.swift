import Files
import FoundationEssentials
import Tensors

extension DataSet {
  /// What is written after an episode's last step in Minari's layout, where the data do not know what was seen then.
  public enum FinalObservation: String, CaseIterable, Sendable { case known, `repeat` }

  /// Writes npz under D4RL's keys; a file of Minari's layout where the name ends in .hdf5 or .h5, a data set as Minari's package keeps them where it
  /// ends in a slash. Whole or not at all.
  public func save(_ path: String, final: FinalObservation = .known) throws {
    if path.hasSuffix("/") { return try saveMinariFolder(String(path.dropLast()), final) }
    if [".hdf5", ".h5"].contains(where: path.hasSuffix) {
      return try AtomicFile.replace(path) { try writeMinari($0, shown: path, final) }
    }
    guard final == .known else { throw UsageError("final_observation is for Minari's layout, in a file named .hdf5; got '\(path)'") }
    var columns: [(String, Column)] = [
      ("observations", .floats(observations)), ("actions", .floats(actions)), ("rewards", .floats(rewards)),
      ("terminals", .flags(terminals)), ("timeouts", .flags(timeouts)),
    ]
    if let finalObservations { columns.append(("final_observations", .floats(finalObservations))) }
    if let success { columns.append(("success", .flags(success))) }
    for (name, info) in infos.sorted(by: { $0.key < $1.key }) { columns.append(("infos/" + name, .floats(info))) }
    if !attributes.isEmpty { columns.append(("attributes", .text(JSON.object(attributes).text))) }
    try NPZ.write(columns, to: path)
  }

  /// data/main_data.hdf5 and data/metadata.json in a new folder, whose name is the data set's.
  private func saveMinariFolder(_ path: String, _ final: FinalObservation) throws {
    guard !FileManager.default.fileExists(atPath: path) else { throw UsageError("cannot write '\(path)/': it is there already") }
    let name = path.split(separator: "/").last.map(String.init) ?? "data"
    let hasVersion = name.wholeMatch(of: /.*-v[0-9]+/) != nil
    var metadata = Dictionary(uniqueKeysWithValues: minariMetadata)
    metadata["dataset_id"] = .string(hasVersion ? name : name + "-v0")
    try AtomicFile.replaceFolder(path) { temporary in
      try FileManager.default.createDirectory(atPath: temporary + "/data", withIntermediateDirectories: false)
      try writeMinari(temporary + "/data/main_data.hdf5", shown: path, final)
      try AtomicFile.write(JSON.object(metadata).text, to: temporary + "/data/metadata.json")
    }
  }

  /// Groups episode_<i> with their attributes id and total_steps, and at the top what Minari's metadata say.
  private func writeMinari(_ path: String, shown: String, _ final: FinalObservation) throws {
    guard finalObservations != nil || final == .repeat else {
      throw UsageError(
        "cannot write '\(shown)': Minari's layout wants what was seen after each episode's last step, which these data do not say; final_observation = \"repeat\" writes the last observation once more")
    }
    let file = try HDF5Writer(path)
    for (name, value) in minariMetadata { try file.attribute(name, value) }
    for (index, episode) in episodes.enumerated() {
      let group = "episode_\(index)"
      try file.group(group)
      try file.attribute("id", .number(Double(index)), of: group)
      try file.attribute("total_steps", .number(Double(episode.range.count)), of: group)
      try file.write(observationsWithFinal(index), rows: 0..<episode.range.count + 1, to: group + "/observations")
      try file.write(actions, rows: episode.range, to: group + "/actions")
      try file.write(rewards, rows: episode.range, to: group + "/rewards")
      try file.write(terminals[episode.range], to: group + "/terminations")
      try file.write(timeouts[episode.range], to: group + "/truncations")
      if let success { try file.write(success[episode.range], to: group + "/infos/success") }
    }
    try file.close()
  }

  /// [steps + 1, observation] of an episode.
  private func observationsWithFinal(_ index: Int) throws -> Tensor {
    let range = episodes[index].range
    let last = try finalObservations?.narrow(0, index, 1) ?? observations.narrow(0, range.upperBound - 1, 1)
    return try Tensor.cat([observations.narrow(0, range.lowerBound, range.count), last])
  }

  /// Spaces as Minari writes them, without bounds, which the data do not tell.
  private var minariMetadata: [(String, JSON)] {
    func space(_ size: Int) -> JSON {
      func all(_ bound: String) -> String { Array(repeating: bound, count: size).joined(separator: ", ") }
      return .string(#"{"type": "Box", "dtype": "float32", "shape": [\#(size)], "low": [\#(all("-Infinity"))], "high": [\#(all("Infinity"))]}"#)
    }
    return [
      ("total_episodes", .number(Double(episodes.count))), ("total_steps", .number(Double(count))), ("data_format", .string("hdf5")),
      ("observation_space", space(observations.shape[1])), ("action_space", space(actions.shape[1])), ("minari_version", .string("0.5.0")),
    ]
  }
}
