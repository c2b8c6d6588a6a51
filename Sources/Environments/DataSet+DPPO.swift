import Files
import Tensors

/// Behaviour data in DPPO's train.npz: states, actions, rewards, terminals, trajectory after trajectory, and traj_lengths.
extension DataSet {
  /// Reads what DPPO trains on, in the file's units (normalised to [-1, 1] as a rule). Rewards and terminals that a file lacks are 0 and false;
  /// a trajectory that no terminal ends was cut off.
  static func loadDPPO(_ file: any ArrayFile, _ selection: DataSelection) throws -> DataSet {
    let shape = try file.shape(of: "states")
    guard shape.count >= 2 else { throw UsageError("states want the shape [steps, size], got \(shape)") }
    let count = shape[0]
    var ends: [Int] = [0]
    for length in try file.tensor("traj_lengths").values {
      guard let steps = Int(exactly: length), steps > 0, steps <= count - ends[ends.count - 1] else {
        throw UsageError("traj_lengths hold \(length), which is no length of a part of \(count) steps")
      }
      ends.append(ends[ends.count - 1] + steps)
    }
    guard ends[ends.count - 1] == count else { throw UsageError("traj_lengths make \(ends[ends.count - 1]) steps, states have \(count)") }
    let parts = try selection.steps(of: zip(ends, ends.dropFirst()).map { $1 - $0 }, in: file.path)
    let first = ends[parts[0].episode]
    let rows = first..<first + parts.reduce(0) { $0 + $1.steps }

    func part(_ key: String) throws -> Tensor? {
      guard let shape = try file.shape(key) else { return nil }
      guard shape.first == count else { throw UsageError("\(key) want \(count) steps as states have, got shape \(shape)") }
      return try file.tensor(key, rows: rows)
    }
    guard let actions = try part("actions") else { throw UsageError("'\(file.path)' has no array 'actions'") }
    let terminals = try part("terminals").map { try flags($0, "terminals") } ?? Array(repeating: false, count: rows.count)
    var timeouts = [Bool](repeating: false, count: rows.count)
    for end in ends.dropFirst() where rows.contains(end - 1) { timeouts[end - 1 - first] = !terminals[end - 1 - first] }
    timeouts[rows.count - 1] = !terminals[rows.count - 1]
    return try DataSet(
      observations: matrix(file.tensor("states", rows: rows)), actions: matrix(actions), rewards: part("rewards").map(column) ?? Tensor.zeros([rows.count]),
      terminals: terminals, timeouts: timeouts)
  }
}
