import Files
import Glibc
import Tensors

/// How files hold behaviour data.
public enum DataFormat: String, CaseIterable, Sendable {
  /// D4RL's arrays in HDF5, or in npz under the same names, as this program writes them.
  case d4rl, npz
  /// A group for each episode.
  case minari, robomimic
  case ogbench
  /// DPPO's train.npz.
  case dppo

  /// By what the file holds; throws for one that holds none of them.
  init(of file: any ArrayFile) throws {
    let keys = Set(try file.keys())
    if file is HDF5File {
      if keys.contains("data") { self = .robomimic }
      else if keys.contains(where: { Minari.number(of: $0) != nil }) { self = .minari }
      else if keys.isSuperset(of: ["observations", "actions"]) { self = .d4rl }
      else { throw DataFormat.foreign(file.path, keys) }
    } else {
      if keys.isSuperset(of: ["states", "traj_lengths"]), !keys.contains("observations") { self = .dppo }
      else if !keys.isSuperset(of: ["observations", "actions"]) { throw DataFormat.foreign(file.path, keys) }
      else if !keys.isDisjoint(with: ["valids", "masks"]) || (keys.contains("terminals") && keys.isDisjoint(with: ["rewards", "timeouts"])) { self = .ogbench }
      else { self = .npz }
    }
  }

  private static func foreign(_ path: String, _ keys: Set<String>) -> UsageError {
    let some = keys.sorted().prefix(12).joined(separator: ", ")
    return UsageError(
      "'\(path)' holds no behaviour data: wanted observations and actions (D4RL, OGBench), states and traj_lengths (DPPO), groups episode_<i> (Minari) or data/demo_<i> (robomimic); it has \(keys.isEmpty ? "nothing" : some)")
  }

  /// Opens the file, or the data of a folder that Minari made.
  static func open(_ path: String) throws -> any ArrayFile {
    var path = path
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      let places = ["/data/main_data.hdf5", "/main_data.hdf5"].map { path + $0 }
      guard let found = places.first(where: { access($0, F_OK) == 0 }) else {
        throw UsageError("cannot read '\(path)': a folder of Minari's holds data/main_data.hdf5, this one does not (its Arrow format is not read)")
      }
      path = found
    }
    if try HDF5File.isOne(path) { return try HDF5File(path) }
    do { return try NPZFile(path) } catch let error as UsageError where error.description.contains("as an npz archive") {
      throw UsageError("\(error); it is no HDF5 file either")
    }
  }
}

/// What of a file is read, and how.
public struct DataSelection: Equatable, Sendable {
  /// nil: by the file's content.
  public var format: DataFormat?
  /// By number from 0; nil: all.
  public var episodes: Range<Int>?
  /// Steps at the most; the episode in which they end is cut off there.
  public var limit: Int?
  /// The parts that an observation is put together of, in this order, where a file keeps them apart.
  public var observationKeys: [String]?
  /// robomimic's list of episodes mask/<key>.
  public var filterKey: String?
  /// Steps after which an episode without a terminal was cut off, for files that have no timeouts.
  public var maxEpisodeSteps: Int?
  /// Arrays below infos/ that are kept.
  public var infos: [String] = []

  public init() {}

  /// The episodes of these lengths that are read, by number, and how many steps of each.
  func steps(of lengths: [Int], in path: String) throws -> [(episode: Int, steps: Int)] {
    let wanted = try range(of: lengths.count, in: path)
    var left = try stepLimit()
    var result: [(episode: Int, steps: Int)] = []
    for episode in wanted where left > 0 && lengths[episode] > 0 {
      result.append((episode, min(left, lengths[episode])))
      left -= lengths[episode]
    }
    guard !result.isEmpty else { throw UsageError("'\(path)' holds no steps\(episodes == nil ? "" : " in these episodes")") }
    return result
  }

  func range(of count: Int, in path: String) throws -> Range<Int> {
    guard let episodes else { return 0..<count }
    guard !episodes.isEmpty, episodes.lowerBound >= 0, episodes.upperBound <= count else {
      throw UsageError("'\(path)' has \(count) episodes, wanted \(episodes.lowerBound + 1) to \(episodes.upperBound)")
    }
    return episodes
  }

  func stepLimit() throws -> Int {
    guard let limit else { return .max }
    guard limit >= 1 else { throw UsageError("limit wants a positive number of steps, got \(limit)") }
    return limit
  }

  /// Throws where an option is set that the format has no use for.
  func check(_ format: DataFormat, _ path: String) throws {
    let isGrouped = format == .minari || format == .robomimic
    if observationKeys != nil, !isGrouped { throw UsageError("obs_keys is for Minari's and robomimic's files; '\(path)' is read as \(format.rawValue)") }
    if filterKey != nil, format != .robomimic { throw UsageError("filter_key is for robomimic's files; '\(path)' is read as \(format.rawValue)") }
    if maxEpisodeSteps != nil, format != .d4rl, format != .npz {
      throw UsageError("max_episode_steps is for D4RL's files without timeouts; '\(path)' is read as \(format.rawValue)")
    }
    if !infos.isEmpty, format != .d4rl, format != .npz { throw UsageError("infos are read of D4RL's files; '\(path)' is read as \(format.rawValue)") }
    if let maxEpisodeSteps, maxEpisodeSteps < 1 { throw UsageError("max_episode_steps wants a positive number, got \(maxEpisodeSteps)") }
  }
}

extension DataSet {
  /// Reads behaviour data in any of the formats. Errors name the file, the array and its shape.
  public static func load(_ path: String, _ selection: DataSelection = DataSelection()) throws -> DataSet {
    let file = try DataFormat.open(path)
    let format = try selection.format ?? DataFormat(of: file)
    try selection.check(format, path)
    func grouped() throws -> HDF5File {
      guard let file = file as? HDF5File else { throw UsageError("'\(path)' is an npz archive, \(format.rawValue) has HDF5 files") }
      return file
    }
    do {
      switch format {
      case .d4rl, .npz: return try loadFlat(file, selection)
      case .minari: return try Minari.load(grouped(), selection)
      case .robomimic: return try loadRobomimic(grouped(), selection)
      case .ogbench: return try loadOGBench(file, selection)
      case .dppo: return try loadDPPO(file, selection)
      }
    } catch let error as UsageError where !error.description.contains("'\(file.path)") {
      throw UsageError("'\(path)': \(error)")
    }
  }

  /// [N, 1] as [N]; anything else as it is.
  public static func column(_ array: Tensor) throws -> Tensor {
    array.rank == 2 && array.shape[1] == 1 ? try array.reshape([array.count]) : array
  }

  /// An array [N] or [N, 1] of 0 and 1 as truth values; throws for others, naming `key`.
  public static func flags(_ array: Tensor, _ key: String) throws -> [Bool] {
    let column = try column(array)
    guard column.rank == 1 else { throw UsageError("\(key) want the shape [steps], got \(array.shape)") }
    return try column.values.enumerated().map { index, value in
      guard value == 0 || value == 1 else { throw UsageError("\(key) want 0 or 1, got \(value) at step \(index + 1)") }
      return value == 1
    }
  }

  /// [N, ...] as [N, numbers of a row].
  static func matrix(_ array: Tensor) throws -> Tensor {
    array.rank > 2 ? try array.reshape([array.shape[0], array.shape.dropFirst().reduce(1, *)]) : array
  }
}
