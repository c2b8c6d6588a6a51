import Diffusion
import Environments
import LuaBridge
import Tensors

let loadDoc =
  "Behaviour data of a file, whose format is known by what it holds: D4RL's arrays in HDF5 or npz (observations, actions, rewards, terminals, timeouts), Minari's HDF5 or the folder that its package keeps, robomimic's HDF5, OGBench's npz (as downloaded, regular or compact), DPPO's train.npz. Of each its own notion of an episode's end is kept: D4RL's terminals and timeouts; Minari's terminations and truncations of an episode's last step; robomimic's dones of a demonstration's last step, and reward 1 as success where rewards are 0 and 1 alone; OGBench's terminals as ends that are no terminations, unless masks are 0 there, which is success. episodes = n or {first, last} and limit (steps) read a part of the file; obs_keys puts observations together that a file keeps in parts; arrays of more dimensions become rows. Files larger than memory may be read in part."

/// dsrl.data.load.
func loadData(_ path: String, _ options: LuaTable?) throws -> DataObject {
  var table = options ?? LuaTable()
  let normalization: String? = try table.takeOptional("normalization")
  var selection = DataSelection()
  let format: String? = try table.takeOptional("format")
  selection.format = try format.map { name in
    guard let format = DataFormat(rawValue: name) else {
      throw LuaError("'format' must be one of \(DataFormat.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")), got '\(name)'")
    }
    return format
  }
  selection.episodes = try table.takeOptional("episodes").map(episodeRange)
  selection.limit = try table.takeOptional("limit")
  selection.observationKeys = try table.takeOptional("obs_keys")
  selection.filterKey = try table.takeOptional("filter_key")
  selection.maxEpisodeSteps = try table.takeOptional("max_episode_steps")
  selection.infos = try table.takeOptional("infos") ?? []
  try table.finish()
  let data = try DataSet.load(path, selection)
  guard let normalization else { return DataObject(data) }
  let (observation, action) = try Normalizer.dppo(normalization)
  return DataObject(try data.replacing(
    observations: observation.denormalize(data.observations), actions: action.denormalize(data.actions),
    finalObservations: data.finalObservations.map(observation.denormalize)))
}

/// n: the first n; {first, last}: from one to the other, from 1.
private func episodeRange(_ value: LuaValue) throws -> Range<Int> {
  switch value {
  case .int(let count) where count >= 1: return 0..<count
  case .table(let table) where table.names.isEmpty && table.list.count == 2:
    if case .int(let first) = table.list[0], case .int(let last) = table.list[1], first >= 1, last >= first { return first - 1..<last }
  default: break
  }
  throw LuaError("'episodes' must be a number of episodes or {first, last}, got \(value)")
}

extension Acting {
  /// The same with normal noise on every action: `noise` is its standard deviation in half ranges of the action space.
  func noisy(_ noise: Double, in space: Box, seed: Int) throws -> (Tensor) throws -> Tensor {
    guard noise >= 0, noise.isFinite else { throw UsageError("noise wants a finite number that is not negative, got \(noise)") }
    let half = zip(space.low, space.high).map { Float(($1 - $0) / 2) }
    if let bad = half.firstIndex(where: { !$0.isFinite }) { throw UsageError("noise wants a bounded action space; its element \(bad + 1) has no bounds") }
    var stream = RandomStream(seed: seed, purpose: "action noise")
    return { observation in
      let action = try act(observation)
      return Tensor.filled(action.shape) { target in
        action.withPointer { values in
          for i in 0..<action.count { target[i] = values[i] + Float(noise * stream.normal()) * half[i % half.count] }
        }
      }
    }
  }
}
