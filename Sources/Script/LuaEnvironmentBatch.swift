import Environments
import LuaBridge
import Tensors

/// Environments of Lua functions on tensors: one table `self` and one call for all of them.
final class LuaEnvironmentBatch: EnvironmentBatch {
  let definition: EnvironmentDefinition
  let count: Int
  private let own: LuaReference
  private let random: RandomRowsObject
  private var isBusy = false

  init(_ definition: EnvironmentDefinition, count: Int, options: LuaTable, in lua: Interpreter) throws {
    (self.definition, self.count) = (definition, count)
    own = try lua.reference(to: LuaTable([("options", .table(options)), ("num_envs", .int(count))]))
    random = RandomRowsObject((0..<count).map { RandomStream(seed: 0, purpose: "env", index: $0) })
  }

  var id: String { definition.id }
  var observationSpace: Box { definition.observationSpace }
  var actionSpace: Box { definition.actionSpace }
  var maxEpisodeSteps: Int? { definition.maxEpisodeSteps }
  var rules: [Rule] { definition.rules }

  func stream(of row: Int) -> RandomStream { random.streams[row] }
  func setStream(_ stream: RandomStream, of row: Int) { random.streams[row] = stream }

  func reset(_ rows: [Int]) throws -> [[Double]] {
    guard !rows.isEmpty else { return [] }
    return try alone {
      random.rows = rows
      let reset = definition.reset
      return try reset.function.call(arguments: 3, results: 1) { arguments in
        try arguments.push(own)
        arguments.push(indices: rows)
        try arguments.push(random)
      } read: { results in
        let values = try reset.tensor(results, 0, [rows.count, observationSpace.count], "observations")
        return rows.indices.map { row(values, $0) }
      }
    }
  }

  /// Those that have ended in this chunk are stepped too, by zeros and with random numbers that do not count.
  func step(_ actions: [[Double]], in rows: [Int]) throws -> [Step] {
    let width = actionSpace.count
    guard actions.allSatisfy({ $0.count == width && $0.allSatisfy(\.isFinite) }) else { throw UsageError("\(id) wants actions of \(width) finite numbers, got \(actions)") }
    return try alone {
      let all = Tensor.zeros([count, width])
      all.withMutablePointer { target in
        for (place, row) in rows.enumerated() {
          for column in 0..<width { target[row * width + column] = Float(actions[place][column]) }
        }
      }
      random.rows = Array(0..<count)
      let before = random.streams
      let steps = try run(all, rows)
      if rows.count < count {
        let running = Set(rows)
        for row in 0..<count where !running.contains(row) { random.streams[row] = before[row] }
      }
      return steps
    }
  }

  private func run(_ actions: Tensor, _ rows: [Int]) throws -> [Step] {
    let step = definition.step
    return try step.function.call(arguments: 3, results: 5) { arguments in
      try arguments.push(own)
      try arguments.push(actions)
      try arguments.push(random)
    } read: { results in
      let observations = try step.tensor(results, 0, [count, observationSpace.count], "observations")
      let rewards = try step.tensor(results, 1, [count], "rewards")
      let terminated = try step.flags(results, 2, count, "terminated")
      let truncated = try step.flags(results, 3, count, "truncated", mayMiss: true)
      let info = try step.batchInfo(results, 4, count)
      return rows.map { index in
        Step(
          observation: row(observations, index), reward: Double(rewards[index]), terminated: terminated[index], truncated: truncated[index],
          info: StepInfo(names: info.map(\.name), values: info.map { Double($0.values[index]) }))
      }
    }
  }

  private func row(_ values: [Float], _ index: Int) -> [Double] {
    let width = observationSpace.count
    return values[index * width..<(index + 1) * width].map(Double.init)
  }

  /// The first row's state holds what all share.
  func state(of row: Int) throws -> EnvironmentState {
    var state = EnvironmentState(id: id, numbers: [Double(row)], stream: random.streams[row])
    if row == 0 { state.contents = try alone { try KeptState.keep(own, definition, random) } }
    return state
  }

  func restore(_ state: EnvironmentState, of row: Int) throws {
    try state.check(id: id, count: 1)
    guard state.numbers[0] == Double(row) else { throw UsageError("this state of \(id) is of another row") }
    if row == 0 { try alone { try KeptState.restore(own, definition, random, state.contents) } }
    random.streams[row] = state.stream
  }

  private func alone<R>(_ body: () throws -> R) throws -> R {
    guard !isBusy else { throw UsageError("\(id) is at work: its own functions cannot reset, step, keep or restore it") }
    isBusy = true
    defer { isBusy = false }
    return try body()
  }
}

extension DefinedFunction {
  /// Result `index`, which may be missing: Tensors of `count` numbers by name.
  func batchInfo(_ results: DirectResults, _ index: Int, _ count: Int) throws -> [(name: String, values: [Float])] {
    guard !results.isNil(index) else { return [] }
    guard case .table(let table) = try results.value(index), table.list.isEmpty else { throw wrong("returned a wrong info, wanted Tensors of shape [\(count)] by name") }
    return try table.fields.map { name, value in
      let tensor: Tensor
      do { tensor = try Tensor.make(value) } catch { throw wrong("returned a wrong info '\(name)': \(error)") }
      guard tensor.shape == [count] else { throw wrong("returned an info '\(name)' of shape \(tensor.shape), wanted [\(count)]") }
      return (name, tensor.values)
    }
  }
}
