import Files
import Tensors

extension DataSet {
  /// The episodes of these numbers, in this order; one may come twice.
  public func selecting(_ numbers: [Int]) throws -> DataSet {
    guard !numbers.isEmpty else { throw UsageError("no episode is left of \(episodes.count)") }
    for number in numbers where !episodes.indices.contains(number) { throw UsageError("there is no episode \(number + 1); there are \(episodes.count)") }
    let rows = numbers.flatMap { Array(episodes[$0].range) }
    let isRun = zip(rows, rows.dropFirst()).allSatisfy { $0 + 1 == $1 }
    func part(_ tensor: Tensor) throws -> Tensor {
      isRun ? try tensor.narrow(0, rows[0], rows.count) : try tensor.indexSelect(0, rows)
    }
    let cut = cutTimeouts
    return try DataSet(
      observations: part(observations), actions: part(actions), rewards: part(rewards), terminals: rows.map { terminals[$0] }, timeouts: rows.map { cut[$0] },
      finalObservations: finalObservations?.indexSelect(0, numbers), success: success.map { success in rows.map { success[$0] } },
      infos: infos.mapValues(part), attributes: attributes)
  }

  /// The data one after the other. What not all of them know (final observations, success, infos) is left out; attributes are those of the first.
  public static func concatenating(_ parts: [DataSet]) throws -> DataSet {
    guard let first = parts.first else { throw UsageError("concatenating wants at least one DataSet") }
    for (index, part) in parts.enumerated() where part.observations.shape[1] != first.observations.shape[1] || part.actions.shape[1] != first.actions.shape[1] {
      throw UsageError(
        "DataSet \(index + 1) has observations of \(part.observations.shape[1]) and actions of \(part.actions.shape[1]) numbers, the first \(first.observations.shape[1]) and \(first.actions.shape[1])")
    }
    let final = parts.compactMap(\.finalObservations), success = parts.compactMap(\.success)
    var infos: [String: Tensor] = [:]
    for name in first.infos.keys {
      let all = parts.compactMap { $0.infos[name] }
      if all.count == parts.count, all.allSatisfy({ $0.shape.dropFirst() == all[0].shape.dropFirst() }) { infos[name] = try Tensor.cat(all) }
    }
    return try DataSet(
      observations: .cat(parts.map(\.observations)), actions: .cat(parts.map(\.actions)), rewards: .cat(parts.map(\.rewards)),
      terminals: parts.flatMap(\.terminals), timeouts: parts.flatMap(\.cutTimeouts),
      finalObservations: final.count == parts.count ? .cat(final) : nil, success: success.count == parts.count ? success.flatMap(\.self) : nil, infos: infos,
      attributes: first.attributes)
  }

  /// The timeouts, and the end of the data as one: what is put after it is another episode.
  private var cutTimeouts: [Bool] {
    var timeouts = timeouts
    if !terminals[count - 1] { timeouts[count - 1] = true }
    return timeouts
  }

  /// With other observations and actions in their place, [N, ...] both, and their final ones.
  public func replacing(observations: Tensor, actions: Tensor, finalObservations: Tensor?) throws -> DataSet {
    try DataSet(
      observations: observations, actions: actions, rewards: rewards, terminals: terminals, timeouts: timeouts, finalObservations: finalObservations,
      success: success, infos: infos, attributes: attributes)
  }
}

/// Returns on D4RL's scale: 0 is a random policy's, 100 an expert's.
public enum NormalizedScore {
  /// The two of each task, from d4rl/infos.py (Fu et al. 2020, arXiv 2004.07219); they are of Gymnasium's MuJoCo tasks whatever their version.
  public static let references: [String: (random: Double, expert: Double)] = [
    "hopper": (-20.272305, 3234.3), "halfcheetah": (-280.178953, 12135.0), "walker2d": (1.629008, 4592.3), "ant": (-325.6, 3879.7),
  ]

  /// `environment` is an id or a data set's name: "Hopper-v5", "hopper-medium-v2".
  public static func of(_ value: Double, environment: String) throws -> Double {
    let task = environment.lowercased().prefix { $0 != "-" && $0 != "/" }
    guard let (random, expert) = references[String(task)] else {
      throw UsageError("D4RL has no reference scores for \(environment); it has them for \(references.keys.sorted().joined(separator: ", "))")
    }
    return 100 * (value - random) / (expert - random)
  }
}
