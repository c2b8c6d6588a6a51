import Files
import Tensors

/// Minari's layout: a group episode_<i> for each episode, whose observations are one more than its steps.
///
/// An episode is a group; the flags of its last step say whether it terminated or was truncated, and where they say neither it was cut off.
enum Minari {
  /// The number in "episode_17"; nil for other names.
  static func number(of name: String) -> Int? {
    name.hasPrefix("episode_") ? Int(name.dropFirst("episode_".count)) : nil
  }

  static func load(_ file: HDF5File, _ selection: DataSelection) throws -> DataSet {
    let groups = try file.members().compactMap { member in number(of: member.name).map { (number: $0, name: member.name) } }.sorted { $0.number < $1.number }
    guard !groups.isEmpty else { throw UsageError("'\(file.path)' has no groups episode_<i>") }
    let names = groups.map(\.name)
    let chosen = try selection.range(of: names.count, in: file.path)
    var rest = selection
    rest.episodes = nil
    let steps = try rest.steps(of: GroupedEpisodes.lengths(file, Array(names[chosen])), in: file.path)
    let episodes = GroupedEpisodes(file: file, parts: steps.map { (names[chosen.lowerBound + $0.episode], $0.steps) })

    let observations = try episodes.observationPaths("observations", selection.observationKeys)
    let actions = try episodes.observationPaths("actions", nil)
    var (terminals, timeouts) = (try episodes.flags("terminations"), try episodes.flags("truncations"))
    DataSet.endEpisodes(episodes.parts.map(\.steps), &terminals, &timeouts)
    let first = episodes.parts[0].group
    let hasSuccess = try file.kind(first + "/infos") == .group && file.shape(first + "/infos/success") != nil
    return try DataSet(
      observations: episodes.matrix(observations), actions: episodes.matrix(actions), rewards: episodes.column("rewards"), terminals: terminals,
      timeouts: timeouts, finalObservations: episodes.afterLast(observations), success: hasSuccess ? episodes.flags("infos/success", extra: 1) : nil,
      attributes: file.attributes())
  }
}

extension DataSet {
  /// robomimic's layout: data/demo_<i> for each demonstration. An episode is a demonstration: it terminated where its last step is done, as
  /// `dones` say, and was cut off otherwise. Where rewards are 0 and 1 alone, 1 is robomimic's success.
  static func loadRobomimic(_ file: HDF5File, _ selection: DataSelection) throws -> DataSet {
    guard try file.kind("data") == .group else { throw UsageError("'\(file.path)' has no group 'data'; it has \(try file.keys().joined(separator: ", "))") }
    let present = Set(try file.members("data").map(\.name))
    var names = present.filter { $0.hasPrefix("demo") }.map(\.self)
    if let key = selection.filterKey {
      guard try file.kind("mask") == .group, case .array? = try file.kind("mask/" + key) else {
        let masks = try file.kind("mask") == .group ? file.members("mask").map(\.name).joined(separator: ", ") : "none"
        throw UsageError("'\(file.path)' has no list of episodes 'mask/\(key)'; it has \(masks)")
      }
      names = try file.strings("mask/" + key)
      if let missing = names.first(where: { !present.contains($0) }) { throw UsageError("'\(file.path)': 'mask/\(key)' names '\(missing)', which is not in 'data'") }
    }
    names.sort { (demoNumber($0), $0) < (demoNumber($1), $1) }
    guard !names.isEmpty else { throw UsageError("'\(file.path)': 'data' has no demonstrations demo_<i>") }
    let chosen = try selection.range(of: names.count, in: file.path)
    let groups = names[chosen].map { "data/" + $0 }
    var rest = selection
    rest.episodes = nil
    let steps = try rest.steps(of: GroupedEpisodes.lengths(file, groups), in: file.path)
    let episodes = GroupedEpisodes(file: file, parts: steps.map { (groups[$0.episode], $0.steps) })

    let observations = try episodes.observationPaths("obs", selection.observationKeys)
    let next = observations.map { "next_" + $0 }
    let rewards = try episodes.column("rewards")
    var (terminals, timeouts) = (try episodes.flags("dones"), Array(repeating: false, count: episodes.count))
    endEpisodes(episodes.parts.map(\.steps), &terminals, &timeouts)
    let values = rewards.values
    return try DataSet(
      observations: episodes.matrix(observations), actions: episodes.matrix(["actions"]), rewards: rewards, terminals: terminals, timeouts: timeouts,
      finalObservations: file.kind(episodes.parts[0].group + "/next_obs") == .group ? episodes.afterLast(next, after: -1) : nil,
      success: values.allSatisfy { $0 == 0 || $0 == 1 } ? values.map { $0 == 1 } : nil, attributes: file.attributes("data"))
  }

  private static func demoNumber(_ name: String) -> Int { Int(name.drop { !$0.isNumber }) ?? .max }

  /// Of episodes of these lengths only the last steps end one, as terminated where its flag says so, otherwise as cut off.
  static func endEpisodes(_ lengths: [Int], _ terminals: inout [Bool], _ timeouts: inout [Bool]) {
    var end = 0
    for length in lengths {
      for row in end..<end + length - 1 { (terminals[row], timeouts[row]) = (false, false) }
      end += length
      if !terminals[end - 1] { timeouts[end - 1] = true }
    }
  }
}
