import Diffusion
import Environments
import LuaBridge
import Tensors

extension Interpreter {
  /// What a DataSet does beside telling its arrays.
  func installDataMethods(_ t: LuaType<DataObject>) {
    t.method("save", "(path: string, options?: {final_observation: string?})",
      "Writes a file that load reads: npz under D4RL's keys; Minari's layout where the path ends in .hdf5 or .h5; a data set as Minari's package keeps them, a new folder, where it ends in a slash. Minari's layout wants what was seen after each episode's last step; of data that do not know it, final_observation = \"repeat\" writes the last observation once more.") {
      (data: DataObject, path: String, options: LuaTable?) throws -> Void in
      var options = options ?? LuaTable()
      let final: String? = try options.takeOptional("final_observation")
      try options.finish()
      guard let choice = DataSet.FinalObservation(rawValue: final ?? "known") else {
        throw LuaError("'final_observation' must be one of 'known', 'repeat', got '\(final ?? "")'")
      }
      try data.data.save(path, final: choice)
    }
    t.method("slice", "(first: integer, last?: integer) -> DataSet", "Episodes first to last (-1, the last one), from 1; negative from the end.") {
      (data: DataObject, first: Int, last: Int?) throws -> DataObject in
      let count = data.data.episodes.count
      func number(_ index: Int) -> Int { index < 0 ? count + index : index - 1 }
      let (from, to) = (number(first), number(last ?? -1))
      guard from >= 0, from <= to, to < count else { throw LuaError("there are no episodes \(first) to \(last ?? -1); there are \(count)") }
      return DataObject(try data.data.selecting(Array(from...to)))
    }
    t.method("first", "(episodes: integer) -> DataSet", "The first episodes.") { (data: DataObject, count: Int) throws -> DataObject in
      guard count >= 1, count <= data.data.episodes.count else { throw LuaError("the first \(count) of \(data.data.episodes.count) episodes are wanted") }
      return DataObject(try data.data.selecting(Array(0..<count)))
    }
    t.method("filter", "(keep: function | table) -> DataSet",
      "The episodes that a function(episode) -> boolean keeps, which gets what data.episodes tells and the episode's index; or those within min_return, max_return, min_length, max_length, with success or terminated as said, and of these, with top = 0.1, the tenth with the highest returns. They keep their order.") {
      (data: DataObject, keep: LuaValue) throws -> DataObject in
      let numbers: [Int]
      switch keep {
      case .function(let function): numbers = try data.data.episodes.indices.filter { try isKept(data.data.episodes[$0], $0, function) }
      case .table(let table): numbers = try filtered(data.data, table)
      default: throw LuaError("a function or a table of bounds expected, got \(keep.brief)")
      }
      guard !numbers.isEmpty else { throw LuaError("no episode of \(data.data.episodes.count) is kept") }
      return DataObject(try data.data.selecting(numbers))
    }
    t.method("concat", "(other: DataSet) -> DataSet", "These data and then the others; dsrl.data.concat takes any number.") { (data: DataObject, other: DataObject) in
      DataObject(try DataSet.concatenating([data.data, other.data]))
    }
    t.method("windows", "(options: {horizon: integer, observation_steps: integer?, action_offset: integer?, pad_after: integer?}) -> table",
      "What a policy is trained on, {observations [n, observation_steps, observation], actions [n, horizon, action], starts}: a window for each step (starts, from 1) whose horizon actions, action_offset (0) of them before the step, end no more than pad_after (0) actions after its episode. Padding: before an episode its first observation and its first action are repeated, after it its last action; a window never holds two episodes.",
      windows)
    t.method("normalization", "() -> table",
      "{observation_min, observation_max, action_min, action_max, hash}: the range of every number, as policy:fit finds it in these data, for dsrl.policy.diffusion{normalization = ...}; hash: SHA-256 of them all, the policy's normalization_hash.") {
      (data: DataObject) throws -> LuaTable in
      let (observation, action) = (try Normalizer(fitting: data.data.observations), try Normalizer(fitting: data.data.actions))
      func list(_ tensor: Tensor) -> LuaValue { .table(LuaTable(list: tensor.values.map { .number(Double($0)) })) }
      return LuaTable([
        ("observation_min", list(observation.minimum)), ("observation_max", list(observation.maximum)), ("action_min", list(action.minimum)),
        ("action_max", list(action.maximum)), ("hash", .string(try Normalizer.hash(observation: observation, action: action))),
      ])
    }
    t.method("normalized_score", "(env: string) -> number", "Mean return on D4RL's scale; see dsrl.data.normalized_score.") { (data: DataObject, env: String) in
      try NormalizedScore.of(data.data.returnStatistics.mean, environment: env)
    }
    t.property("final_observations", "Tensor?", "[episodes, observation], after each episode's last step; nil where the data do not say so of all.") { $0.data.finalObservations }
    t.property("success", "boolean[]?", "Whether each step reached the task's goal; nil where the data do not say.") { $0.data.success }
    t.property("infos", "table", "Further arrays of every step by name, [steps, ...].") { data in LuaTable(data.data.infos.sorted { $0.key < $1.key }.map { ($0.key, .object($0.value)) }) }
    t.property("attributes", "table", "What its file says about itself.") { LuaValue(.object($0.data.attributes)) }
  }

  /// dsrl.data.concat and dsrl.data.normalized_score.
  func installDataFunctions() {
    module("dsrl.data") { m in
      m.function("concat", "(list: DataSet[]) -> DataSet", "Data one after the other; what not all of them know (final observations, success, infos) is left out.") {
        (list: LuaTable) throws -> DataObject in
        guard list.names.isEmpty, !list.list.isEmpty else { throw LuaError("a list of DataSets expected, got \(LuaValue.table(list).brief)") }
        return DataObject(try DataSet.concatenating(list.list.enumerated().map { index, value in
          guard case .object(let data as DataObject) = value else { throw LuaError("a list of DataSets expected, got \(value.brief) at \(index + 1)") }
          return data.data
        }))
      }
      m.function("normalized_score", "(env: string, episode_return: number) -> number",
        "A return on D4RL's scale (Fu et al. 2020, arXiv 2004.07219), 0 a random policy's, 100 an expert's: of hopper -20.272305 and 3234.3, halfcheetah -280.178953 and 12135, walker2d 1.629008 and 4592.3, ant -325.6 and 3879.7, whatever the task's version.") {
        (env: String, value: Double) in try NormalizedScore.of(value, environment: env)
      }
    }
  }
}

private func isKept(_ episode: DataSet.Episode, _ index: Int, _ function: LuaFunction) throws -> Bool {
  var table = episode.luaTable
  table["index"] = .int(index + 1)
  switch try function.call(table).first {
  case nil, .null?, .bool(false)?: return false
  default: return true
  }
}

private func filtered(_ data: DataSet, _ bounds: LuaTable) throws -> [Int] {
  var table = bounds
  let (least, most): (Double?, Double?) = (try table.takeOptional("min_return"), try table.takeOptional("max_return"))
  let (shortest, longest): (Int?, Int?) = (try table.takeOptional("min_length"), try table.takeOptional("max_length"))
  let (success, terminated): (Bool?, Bool?) = (try table.takeOptional("success"), try table.takeOptional("terminated"))
  let top: Double? = try table.takeOptional("top")
  try table.finish()
  if success != nil, data.success == nil { throw UsageError("these data do not say which episodes had success") }
  if let top, !(top > 0 && top <= 1) { throw UsageError("top wants a share above 0 and up to 1, got \(top)") }
  let kept = data.episodes.indices.filter { index in
    let episode = data.episodes[index]
    return (least.map { episode.return >= $0 } ?? true) && (most.map { episode.return <= $0 } ?? true)
      && (shortest.map { episode.range.count >= $0 } ?? true) && (longest.map { episode.range.count <= $0 } ?? true)
      && (success.map { episode.success == $0 } ?? true) && (terminated.map { episode.terminated == $0 } ?? true)
  }
  guard let top else { return kept }
  let best = kept.sorted { (data.episodes[$0].return, $1) > (data.episodes[$1].return, $0) }
  return best.prefix(max(1, Int((top * Double(kept.count)).rounded()))).sorted()
}

private func windows(_ data: DataObject, _ options: LuaTable) throws -> LuaTable {
  var table = options
  let horizon: Int = try table.take("horizon")
  let observationSteps: Int = try table.takeOptional("observation_steps") ?? 1
  let actionOffset: Int = try table.takeOptional("action_offset") ?? 0
  let padAfter: Int = try table.takeOptional("pad_after") ?? 0
  try table.finish()
  try checkSize("observation_steps", observationSteps)
  try checkSize("horizon", horizon)
  let data = data.data
  let starts = try data.windows(horizon: horizon, actionOffset: actionOffset, padAfter: padAfter)
  let chunks = try ActionChunks(
    observations: data.observations, actions: data.actions, starts: starts, horizon: horizon, observationSteps: observationSteps,
    actionOffset: actionOffset, padAfter: padAfter, episodes: data.episodes.map(\.range))
  let (observation, action) = (data.observations.shape[1], data.actions.shape[1])
  try Tensor.check([starts.count, observationSteps, observation])
  try Tensor.check([starts.count, horizon, action])
  return LuaTable([
    ("observations", .object(try data.observations.indexSelect(0, chunks.observationRows(starts)).reshape([starts.count, observationSteps, observation]))),
    ("actions", .object(try data.actions.indexSelect(0, chunks.actionRows(starts)).reshape([starts.count, horizon, action]))),
    ("starts", .table(LuaTable(list: starts.map { .int($0 + 1) }))),
  ])
}
