import Environments
import LuaBridge
import Tensors

/// What `dsrl.env.define` takes: an environment of Lua functions.
struct EnvironmentDefinition {
  let id: String
  let observationSpace: Box
  let actionSpace: Box
  let maxEpisodeSteps: Int?
  let description: String?
  /// Its own options with their defaults.
  let options: LuaTable
  /// reset and step, or reset_batch and step_batch.
  let reset: DefinedFunction
  let step: DefinedFunction
  let isBatch: Bool
  let getState: DefinedFunction?
  let setState: DefinedFunction?

  init(_ table: LuaTable) throws {
    var table = table
    let id: String = try table.take("id")
    guard !id.isEmpty else { throw LuaError("'id' must not be empty") }
    guard !Environments.ids.contains(id) else { throw LuaError("there is an environment \(id) already, which is none of yours") }
    func function(_ name: String) throws -> DefinedFunction? {
      let given: LuaFunction? = try table.takeOptional(name)
      return try given.map { try DefinedFunction(name, $0, of: id) }
    }
    let (reset, step) = (try function("reset"), try function("step"))
    let (resetBatch, stepBatch) = (try function("reset_batch"), try function("step_batch"))
    (getState, setState) = (try function("get_state"), try function("set_state"))
    observationSpace = try table.takeSpace("observation_space")
    actionSpace = try table.takeSpace("action_space")
    maxEpisodeSteps = try table.takeOptional("max_episode_steps")
    description = try table.takeOptional("description")
    options = try table.takeOptional("options") ?? LuaTable()
    try table.finish()

    isBatch = resetBatch != nil || stepBatch != nil
    guard !isBatch || (reset == nil && step == nil) else { throw LuaError("\(id) wants either 'reset' and 'step' or 'reset_batch' and 'step_batch', got both") }
    guard let reset = reset ?? resetBatch else { throw LuaError("missing '\(isBatch ? "reset_batch" : "reset")'") }
    guard let step = step ?? stepBatch else { throw LuaError("missing '\(isBatch ? "step_batch" : "step")'") }
    guard (getState == nil) == (setState == nil) else { throw LuaError("\(id) wants 'get_state' and 'set_state', got one of them") }
    if let limit = maxEpisodeSteps, limit < 1 { throw LuaError("'max_episode_steps' must be a positive number, got \(limit)") }
    guard options.list.isEmpty else { throw LuaError("'options' have names, but element 1 of the table has none") }
    (self.id, self.reset, self.step) = (id, reset, step)
  }

  static let documentation: KeyValuePairs = [
    "id": "what dsrl.env.make then takes", "observation_space": "a Space, {low =, high =, shape = n}, or a count of numbers without bounds", "action_space": "the same, of one action",
    "max_episode_steps": "environment steps until truncation (never)", "description": "a line that the printed environment shows",
    "options": "options of its own with their defaults, which make takes and self.options has",
    "reset": "function(self, rng) -> observation", "step": "function(self, action, rng) -> observation, reward, terminated, truncated?, info?",
    "reset_batch": "function(self, rows, rng) -> observations [#rows, observation]",
    "step_batch": "function(self, actions [n, action], rng) -> observations [n, observation], rewards [n], terminated [n], truncated?, info?",
    "get_state": "function(self) -> a table of plain data (a copy of self)", "set_state": "function(self, state), for what get_state gave",
  ]

  var rules: [Rule] {
    let form = isBatch ? "tensors of all environments at once" : "one after the other"
    return [description.map { Rule(topic: "about", text: $0) }, Rule(topic: "written in", text: "Lua, \(form)")].compactMap(\.self)
  }

  /// Its options, those that `table` has laid over, which are taken out of it.
  func options(_ table: inout LuaTable) throws -> LuaTable {
    var result = options
    for (name, value) in options.fields {
      guard let given: LuaValue = try table.takeOptional(name) else { continue }
      guard EnvironmentDefinition.sameKind(value, given) else { throw LuaError("'\(name)' must be like its default \(value), got \(given.brief)") }
      result[name] = given
    }
    try table.finish()
    return result
  }

  private static func sameKind(_ a: LuaValue, _ b: LuaValue) -> Bool {
    switch (a, b) {
    case (.int, .int), (.int, .number), (.number, .int), (.number, .number), (.string, .string), (.bool, .bool), (.table, .table), (.function, .function): true
    case (.object(let a), .object(let b)): type(of: a) == type(of: b)
    default: false
    }
  }

  /// That many of them; `isolation` where their interpreter is one of its own.
  func environments(_ count: Int, options: LuaTable, in lua: Interpreter, isolation: Isolation? = nil) throws -> [any Environment] {
    if isBatch { return BatchRow.rows(of: try LuaEnvironmentBatch(self, count: count, options: options, in: lua)) }
    return try (0..<count).map { _ in try LuaEnvironment(self, options: options, in: lua, isolation: isolation) }
  }
}

/// The environments that scripts have defined, by id.
final class EnvironmentDefinitions {
  private var kinds: [String: EnvironmentDefinition] = [:]
  /// Where their functions run.
  unowned let lua: Interpreter
  /// An interpreter apart from it for a script, which is to hold no more than one of so many parts of the memory.
  let apart: (_ file: String, _ share: Int) throws -> Interpreter
  /// Whether this is a sandbox.
  let isConfined: () -> Bool

  init(in lua: Interpreter, apart: @escaping (_ file: String, _ share: Int) throws -> Interpreter, isConfined: @escaping () -> Bool) {
    (self.lua, self.apart, self.isConfined) = (lua, apart, isConfined)
  }

  var ids: [String] { kinds.keys.sorted() }
  subscript(id: String) -> EnvironmentDefinition? { kinds[id] }
  /// One of the same id takes the place of an earlier one; environments that there are go on as they were.
  func add(_ definition: EnvironmentDefinition) { kinds[definition.id] = definition }
}

extension LuaTable {
  /// Removes and returns a space: a Space, {low =, high =, shape =}, or a count of numbers without bounds.
  mutating func takeSpace(_ name: String) throws -> Box {
    guard let box = try takeOptionalSpace(name) else { throw LuaError("missing '\(name)'") }
    return box
  }

  mutating func takeOptionalSpace(_ name: String) throws -> Box? {
    guard let value: LuaValue = try takeOptional(name) else { return nil }
    switch value {
    case .object(let space as SpaceObject): return space.box
    case .int(let count):
      try checkSize("'\(name)'", count)
      return Box(symmetric: .infinity, count: count)
    case .table(var table):
      do {
        let shape = try table.takeNumberOrList("shape")
        guard let low = try table.takeNumberOrList("low"), let high = try table.takeNumberOrList("high") else { throw LuaError("'low' and 'high' expected") }
        try table.finish()
        guard shape == nil || shape?.count == 1, let count = Int(exactly: shape?[0] ?? Double(max(low.count, high.count))) else { throw LuaError("one size for 'shape' expected: spaces are vectors") }
        try checkSize("its size", count)
        func spread(_ ends: [Double]) throws -> [Double] {
          guard ends.count == 1 || ends.count == count else { throw LuaError("\(count) numbers expected for each end, got \(ends.count)") }
          return ends.count == count ? ends : Array(repeating: ends[0], count: count)
        }
        return try Box(low: spread(low), high: spread(high))
      } catch { throw LuaError("'\(name)': \(error)") }
    default: throw LuaError("'\(name)' must be a Space, a table {low =, high =, shape =} or a count of numbers, got \(value.brief)")
    }
  }
}
