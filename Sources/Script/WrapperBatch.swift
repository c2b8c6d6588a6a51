import Environments
import LuaBridge
import Tensors

/// Environments seen through Lua functions that take and return Tensors of all of them at once, one row each.
///
/// Within a chunk an environment whose episode has ended keeps its last row there; what is said of it does not count.
final class WrapperBatch: EnvironmentBatch {
  private let functions: WrapperFunctions
  private let group: EnvironmentGroup
  let observationSpace, actionSpace: Box
  /// The wrapped environments' last observations [n, observation] and actions [n, action].
  private var latest: [Float]
  private var actions: [Float]
  private let width, actionWidth: Int

  init(_ functions: WrapperFunctions, _ inner: [any Environment]) {
    (self.functions, group) = (functions, EnvironmentGroup(inner))
    observationSpace = functions.observationSpace ?? inner[0].observationSpace
    actionSpace = functions.actionSpace ?? inner[0].actionSpace
    (width, actionWidth) = (inner[0].observationSpace.count, inner[0].actionSpace.count)
    latest = Array(repeating: 0, count: inner.count * width)
    actions = Array(repeating: 0, count: inner.count * actionWidth)
  }

  private var inner: [any Environment] { group.environments }
  var id: String { inner[0].id }
  var count: Int { inner.count }
  var maxEpisodeSteps: Int? { inner[0].maxEpisodeSteps }
  var rules: [Rule] { inner[0].rules + functions.rules }
  func stream(of row: Int) -> RandomStream { inner[row].stream }
  func setStream(_ stream: RandomStream, of row: Int) { inner[row].stream = stream }

  func reset(_ rows: [Int]) throws -> [[Double]] {
    guard !rows.isEmpty else { return [] }
    let first = try group.reset(at: rows)
    for (place, row) in rows.enumerated() { put(first[place], into: &latest, row, width) }
    guard functions.observation != nil else { return first }
    let seen = try self.seen(Tensor(latest, shape: [count, width]))
    return rows.map { slice(seen, $0) }
  }

  func step(_ given: [[Double]], in rows: [Int]) throws -> [Step] {
    let own = try ownActions(given, rows)
    for (place, row) in rows.enumerated() { put(own[place], into: &actions, row, actionWidth) }
    let before = latest
    var steps = try group.step(own, at: rows)
    for (place, row) in rows.enumerated() { put(steps[place].observation, into: &latest, row, width) }
    guard functions.reward != nil || functions.terminated != nil || functions.observation != nil else { return steps }

    let next = try Tensor(latest, shape: [count, width])
    if functions.reward != nil || functions.terminated != nil { try judge(&steps, rows, Tensor(before, shape: [count, width]), next) }
    if functions.observation != nil {
      let seen = try self.seen(next)
      for (place, row) in rows.enumerated() { steps[place].observation = slice(seen, row) }
    }
    return steps
  }

  /// What `terminated` and `reward` say.
  private func judge(_ steps: inout [Step], _ rows: [Int], _ before: Tensor, _ next: Tensor) throws {
    let action = try Tensor(actions, shape: [count, actionWidth])
    let info = (functions.terminated?.parameterCount ?? 0) >= 5 || (functions.reward?.parameterCount ?? 0) >= 6 ? self.info(steps, rows) : LuaTable()
    func column(_ value: (Step) -> Float) -> Tensor {
      var values = [Float](repeating: 0, count: count)
      for (place, row) in rows.enumerated() { values[row] = value(steps[place]) }
      return Tensor(values)
    }
    if let terminated = functions.terminated {
      let was = column { $0.terminated ? 1 : 0 }
      let said = try terminated.function.call(arguments: 5, results: 1) { arguments in
        for tensor in [before, action, next, was] { try arguments.push(tensor) }
        try arguments.push(info)
      } read: { try terminated.flags($0, 0, count, "terminated") }
      for (place, row) in rows.enumerated() { steps[place].terminated = said[row] }
    }
    if let reward = functions.reward {
      let (was, ended) = (column { Float($0.reward) }, column { $0.terminated ? 1 : 0 })
      let said = try reward.function.call(arguments: 6, results: 1) { arguments in
        for tensor in [before, action, next, was, ended] { try arguments.push(tensor) }
        try arguments.push(info)
      } read: { try reward.tensor($0, 0, [count], "rewards") }
      for (place, row) in rows.enumerated() { steps[place].reward = Double(said[row]) }
    }
  }

  /// Tensors [n] by name; only those of all rows that step.
  private func info(_ steps: [Step], _ rows: [Int]) -> LuaTable {
    var table = LuaTable()
    for (number, name) in (steps.first?.info.names ?? []).enumerated() {
      var values = [Float](repeating: 0, count: count)
      for (place, row) in rows.enumerated() where steps[place].info.values.indices.contains(number) { values[row] = Float(steps[place].info.values[number]) }
      table[name] = .object(Tensor(values))
    }
    return table
  }

  private func ownActions(_ given: [[Double]], _ rows: [Int]) throws -> [[Double]] {
    guard let function = functions.action else { return given }
    let size = actionSpace.count
    var all = [Float](repeating: 0, count: count * size)
    for (place, row) in rows.enumerated() { put(given[place], into: &all, row, size) }
    let tensor = try Tensor(all, shape: [count, size])
    let said = try function.function.call(arguments: 1, results: 1) { try $0.push(tensor) } read: { try function.tensor($0, 0, [count, actionWidth], "actions") }
    return rows.map { row in inner[0].actionSpace.clip(said[row * actionWidth..<(row + 1) * actionWidth].map(Double.init)) }
  }

  private func seen(_ observations: Tensor) throws -> [Float] {
    guard let function = functions.observation else { return observations.values }
    return try function.function.call(arguments: 1, results: 1) { try $0.push(observations) } read: {
      try function.tensor($0, 0, [count, observationSpace.count], "observations")
    }
  }

  private func slice(_ values: [Float], _ row: Int) -> [Double] {
    let size = observationSpace.count
    return values[row * size..<(row + 1) * size].map(Double.init)
  }

  private func put(_ values: [Double], into all: inout [Float], _ row: Int, _ size: Int) {
    for column in 0..<size { all[row * size + column] = Float(values[column]) }
  }

  func close() { for environment in inner { environment.close() } }

  /// What is wrapped, then its last observation.
  func state(of row: Int) throws -> EnvironmentState {
    var state = try inner[row].state
    state.numbers += latest[row * width..<(row + 1) * width].map(Double.init)
    return state
  }

  func restore(_ state: EnvironmentState, of row: Int) throws {
    var own = state
    guard own.numbers.count >= width else { throw UsageError("this state of \(id) is not of a wrapped one") }
    own.numbers.removeLast(width)
    try inner[row].restore(own)
    put(Array(state.numbers.suffix(width)), into: &latest, row, width)
  }
}
