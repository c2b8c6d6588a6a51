import Environments
import LuaBridge

extension Session {
  /// What the options of dsrl.data are.
  func documentDataOptions() {
    lua.registry.document("dsrl.data.load", options: [
      "format": "how the file holds the data (known by its content)", "episodes": "which are read: their number, or {first, last} (all)",
      "limit": "steps that are read at the most; the last episode is cut off there (all)",
      "obs_keys": "of a file that keeps an observation in parts, those wanted, in their order (the only one)",
      "filter_key": "robomimic's list of demonstrations mask/<key>, as \"train\" or \"valid\" (all)",
      "max_episode_steps": "steps after which episodes of D4RL's were cut off, for files without timeouts",
      "infos": "names of D4RL's arrays infos/<name> that are kept (none)",
      "normalization": "path of DPPO's normalization.npz: the data return to the environment's units",
    ])
    lua.registry.document(choices: "dsrl.data.load.format", DataFormat.allCases.map(\.rawValue))
    lua.registry.document("DataSet:save", options: ["final_observation": "\"repeat\": Minari's layout gets the last observation once more where what came after it is not known (\"known\")"])
    lua.registry.document("DataSet:windows", options: [
      "horizon": "actions of a window", "observation_steps": "observations of a window, oldest first (1)",
      "action_offset": "actions of a window before its step (0)", "pad_after": "actions of a window that may lie after its episode (0)",
    ])
    lua.registry.document("DataSet:filter", options: [
      "min_return": "the least sum of rewards", "max_return": "the greatest sum of rewards", "min_length": "the fewest steps", "max_length": "the most steps",
      "success": "whether the goal was reached", "terminated": "whether the task ended the episode", "top": "share of the episodes with the highest returns",
    ])
  }
}
