import Files
import Tensors

/// Behaviour data in an npz file, under D4RL's keys: observations, actions, rewards, terminals, timeouts.
extension DataSet {
  private static let keys = ["observations", "actions", "rewards", "terminals", "timeouts"]

  /// Reads the five arrays, of whatever type of number, or those of DPPO's train.npz; others in the file are passed over. Throws naming the file and the key.
  public static func load(_ path: String) throws -> DataSet {
    let present = try NPZ.keys(path)
    if present.contains("states"), present.contains("traj_lengths"), !present.contains("observations") { return try loadDPPO(path, has: present) }
    let arrays = try NPZ.read(path, keys: keys)
    func array(_ key: String) throws -> Tensor {
      guard let array = arrays[key] else { throw UsageError("'\(path)' has no array '\(key)'") }
      return array
    }
    do {
      return try DataSet(
        observations: array("observations"), actions: array("actions"), rewards: column(array("rewards")),
        terminals: flags(array("terminals"), "terminals"), timeouts: flags(array("timeouts"), "timeouts"))
    } catch let error as UsageError { throw UsageError("'\(path)': \(error)") }
  }

  /// Writes the five arrays; the flags as truth values.
  public func save(_ path: String) throws {
    let columns: [(String, Column)] = [
      ("observations", .floats(observations)), ("actions", .floats(actions)), ("rewards", .floats(rewards)),
      ("terminals", .flags(terminals)), ("timeouts", .flags(timeouts)),
    ]
    try NPZ.write(columns, to: path)
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
}
