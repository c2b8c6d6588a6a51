import Files
import Tensors

/// Behaviour data in DPPO's train.npz: states, actions, rewards, terminals, trajectory after trajectory, and traj_lengths.
extension DataSet {
  /// Reads what DPPO trains on, in the file's units (normalised to [-1, 1] as a rule). Rewards and terminals that a file lacks are 0 and false;
  /// a trajectory that no terminal ends was cut off.
  static func loadDPPO(_ path: String, has keys: [String]) throws -> DataSet {
    let wanted = ["states", "actions", "traj_lengths"]
    let arrays = try NPZ.read(path, keys: wanted + ["rewards", "terminals"].filter(keys.contains))
    do {
      guard let states = arrays["states"], let actions = arrays["actions"], let lengths = arrays["traj_lengths"] else { throw UsageError("an array is missing") }
      guard states.rank >= 2 else { throw UsageError("states want the shape [steps, size], got \(states.shape)") }
      let count = states.shape[0]
      var timeouts = [Bool](repeating: false, count: count)
      let terminals = try arrays["terminals"].map { try flags($0, "terminals") } ?? timeouts
      guard terminals.count == count else { throw UsageError("terminals want the shape [\(count)], got [\(terminals.count)]") }
      var end = 0
      for length in lengths.values {
        guard let steps = Int(exactly: length), steps > 0, steps <= count - end else {
          throw UsageError("traj_lengths hold \(length), which is no length of a part of \(count) steps")
        }
        end += steps
        timeouts[end - 1] = !terminals[end - 1]
      }
      guard end == count else { throw UsageError("traj_lengths make \(end) steps, states have \(count)") }
      return try DataSet(
        observations: states, actions: actions, rewards: arrays["rewards"].map(column) ?? Tensor.zeros([count]), terminals: terminals, timeouts: timeouts)
    } catch let error as UsageError { throw UsageError("'\(path)': \(error)") }
  }
}
