import Files
import Tensors

/// Behaviour data under D4RL's keys, in HDF5 or npz: observations, actions, rewards, terminals, timeouts, infos/*; and what this program adds to
/// them, final_observations and success.
extension DataSet {
  static func loadFlat(_ file: any ArrayFile, _ selection: DataSelection) throws -> DataSet {
    let shape = try file.shape(of: "observations")
    guard shape.count >= 2 else { throw UsageError("observations want the shape [steps, size], got \(shape)") }
    var terminals = try flags(file.tensor("terminals"), "terminals")
    var timeouts = try loadTimeouts(file, terminals, selection)
    guard terminals.count == shape[0] else { throw UsageError("terminals want the shape [\(shape[0])], got [\(terminals.count)]") }
    guard timeouts.count == shape[0] else { throw UsageError("timeouts want the shape [\(shape[0])], got [\(timeouts.count)]") }

    let ends = terminals.indices.filter { terminals[$0] || timeouts[$0] || $0 == terminals.count - 1 }
    guard !ends.isEmpty else { throw UsageError("it holds no steps: observations have shape \(shape)") }
    let wanted = try selection.range(of: ends.count, in: file.path)
    let first = wanted.lowerBound == 0 ? 0 : ends[wanted.lowerBound - 1] + 1
    let end = ends[wanted.upperBound - 1] + 1
    let rows = try first..<min(end, first + min(selection.stepLimit(), end - first))
    terminals = Array(terminals[rows])
    timeouts = Array(timeouts[rows])
    let cuts = rows.upperBound < end && !terminals[rows.count - 1] && !timeouts[rows.count - 1]
    if cuts { timeouts[rows.count - 1] = true }

    let count = shape[0]
    func part(_ key: String) throws -> Tensor {
      let shape = try file.shape(of: key)
      guard shape.first == count else { throw UsageError("\(key) want \(count) rows as observations have, got shape \(shape)") }
      return try file.tensor(key, rows: rows)
    }
    var infos: [String: Tensor] = [:]
    for name in selection.infos { infos[name] = try part("infos/" + name) }
    var attributes = try (file as? HDF5File)?.attributes() ?? [:]
    if let text = try (file as? NPZFile)?.text("attributes") {
      attributes = try JSON.decode([String: JSON].self, from: Array(text.utf8), source: "'\(file.path)': 'attributes'")
    }
    let wholeEnds = ends.filter(rows.contains)
    let final = try loadFinal(file, episodes: wanted.lowerBound..<wanted.lowerBound + wholeEnds.count, ends: wholeEnds, cutAt: cuts ? rows.upperBound : nil)
    let success: [Bool]? = try file.shape("success") == nil ? nil : flags(part("success"), "success")
    return try DataSet(
      observations: matrix(part("observations")), actions: matrix(part("actions")), rewards: column(part("rewards")), terminals: terminals,
      timeouts: timeouts, finalObservations: final, success: success, infos: infos, attributes: attributes)
  }

  /// Where there are none they follow from the number of steps that an episode may have, which has to be said.
  private static func loadTimeouts(_ file: any ArrayFile, _ terminals: [Bool], _ selection: DataSelection) throws -> [Bool] {
    if try file.shape("timeouts") != nil {
      guard selection.maxEpisodeSteps == nil else { throw UsageError("'\(file.path)' has timeouts, max_episode_steps is for files that have none") }
      return try flags(file.tensor("timeouts"), "timeouts")
    }
    guard let most = selection.maxEpisodeSteps else {
      let names = try file.keys().sorted().joined(separator: ", ")
      throw UsageError("'\(file.path)' has no array 'timeouts'; it has \(names). max_episode_steps says after how many steps its episodes were cut off")
    }
    var length = 0
    return terminals.map { terminal in
      length = terminal ? 0 : length + 1
      guard length == most else { return false }
      length = 0
      return true
    }
  }

  /// Of `final_observations`, by episode, or of D4RL's `next_observations`, by step; where the last episode is cut, what was seen next is the next row.
  private static func loadFinal(_ file: any ArrayFile, episodes: Range<Int>, ends: [Int], cutAt cut: Int?) throws -> Tensor? {
    var parts: [Tensor] = []
    if try file.shape("final_observations") != nil {
      if !episodes.isEmpty { parts.append(try matrix(file.tensor("final_observations", rows: episodes))) }
    } else if file is HDF5File, try file.shape("next_observations") != nil {
      if !ends.isEmpty { parts.append(try matrix(file.rows("next_observations", at: ends))) }
    } else { return nil }
    if let cut { parts.append(try matrix(file.tensor("observations", rows: cut..<cut + 1))) }
    return try parts.count == 1 ? parts[0] : Tensor.cat(parts)
  }
}
