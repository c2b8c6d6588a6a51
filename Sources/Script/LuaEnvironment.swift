import Environments
import LuaBridge
import Tensors

/// An environment of Lua functions: its state is the table `self` that they share.
final class LuaEnvironment: Environment {
  let definition: EnvironmentDefinition
  /// The interpreter of its own that it runs in; nil in the script's.
  private let isolation: Isolation?
  private let own: LuaReference
  private let random = RandomObject(RandomStream(seed: 0, purpose: "env"))
  private let randomReference: LuaReference
  private let width: Int
  /// While one of its functions runs; that one cannot call it.
  private var isBusy = false

  init(_ definition: EnvironmentDefinition, options: LuaTable, in lua: Interpreter, isolation: Isolation? = nil) throws {
    (self.definition, self.isolation) = (definition, isolation)
    own = try lua.reference(to: LuaTable([("options", .table(options))]))
    randomReference = try lua.reference(to: random)
    width = definition.observationSpace.count
  }

  var id: String { definition.id }
  var observationSpace: Box { definition.observationSpace }
  var actionSpace: Box { definition.actionSpace }
  var maxEpisodeSteps: Int? { definition.maxEpisodeSteps }
  var runsOnAnyThread: Bool { isolation != nil }
  var rules: [Rule] { definition.rules }
  var stream: RandomStream {
    get { random.stream }
    set { random.stream = newValue }
  }

  func reset() throws -> [Double] {
    try alone {
      let reset = definition.reset
      return try reset.function.call(arguments: 2, results: 1) { arguments in
        try arguments.push(own)
        try arguments.push(randomReference)
      } read: { results in
        try reset.numbers(results, 0, count: width, "an observation")
      }
    }
  }

  func step(_ action: [Double]) throws -> Step {
    guard action.count == actionSpace.count, action.allSatisfy(\.isFinite) else {
      throw UsageError("\(id) wants an action of \(actionSpace.count) finite numbers, got \(action)")
    }
    return try alone {
      let step = definition.step
      return try step.function.call(arguments: 3, results: 5) { arguments in
        try arguments.push(own)
        arguments.push(list: action)
        try arguments.push(randomReference)
      } read: { results in
        Step(
          observation: try step.numbers(results, 0, count: width, "an observation"), reward: try step.number(results, 1, "the reward"),
          terminated: try step.flag(results, 2, "terminated"), truncated: try step.flag(results, 3, "truncated", default: false),
          info: try step.info(results, 4))
      }
    }
  }

  var state: EnvironmentState {
    get throws {
      try alone {
        var state = EnvironmentState(id: id, numbers: [], stream: random.stream)
        state.contents = try KeptState.keep(own, definition, random)
        return state
      }
    }
  }

  func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: 0)
    try alone {
      try KeptState.restore(own, definition, random, state.contents)
      random.stream = state.stream
    }
  }

  /// Runs `body` while none of its functions may call it.
  private func alone<R>(_ body: () throws -> R) throws -> R {
    guard !isBusy else { throw UsageError("\(id) is at work: its own functions cannot reset, step, keep or restore it") }
    isBusy = true
    defer { isBusy = false }
    guard let isolation else { return try body() }
    return try isolation.run(body)
  }
}

/// The state of an environment written in Lua: what its get_state gives, or a copy of the plain data in `self`.
enum KeptState {
  /// What stays as it is where a state is restored.
  private static let fixed: Set<String> = ["options", "num_envs"]

  /// `random` may stand in it.
  static func keep(_ own: LuaReference, _ definition: EnvironmentDefinition, _ random: AnyObject) throws -> [UInt8] {
    guard let getState = definition.getState else { return try own.snapshot(as: "self", except: fixed) { try bytes(of: $0, random) } }
    let kept = try getState.function.callForReferences(own)
    guard let kept = kept.first, try kept.isTable else { throw getState.wrong("must return a table") }
    return try kept.snapshot(as: "what \(getState.title) returned") { try bytes(of: $0, random) }
  }

  static func restore<Random: LuaObject>(_ own: LuaReference, _ definition: EnvironmentDefinition, _ random: Random, _ contents: [UInt8]?) throws {
    guard let contents else { throw UsageError("this state of \(definition.id) holds nothing of it") }
    guard let setState = definition.setState else { return try own.restore(contents, except: fixed) { try object(in: $0, random) } }
    let kept = try own.newTable()
    try kept.restore(contents) { try object(in: $0, random) }
    try setState.function.call(own, kept)
  }

  /// Tensors can be kept, and where the environment's random numbers come from, which is kept beside.
  private static func bytes(of object: AnyObject, _ random: AnyObject) throws -> [UInt8]? {
    if object === random { return [0] }
    guard let tensor = object as? Tensor else { return nil }
    var bytes: [UInt8] = [1, UInt8(tensor.rank)]
    for size in tensor.shape { withUnsafeBytes(of: UInt64(size).littleEndian) { bytes += $0 } }
    tensor.values.withUnsafeBytes { bytes += $0 }
    return bytes
  }

  private static func object(in bytes: [UInt8], _ random: any LuaObject) throws -> (any LuaObject)? {
    if bytes == [0] { return random }
    guard bytes.count >= 2, bytes[0] == 1, bytes.count >= 2 + 8 * Int(bytes[1]) else { return nil }
    let rank = Int(bytes[1])
    return try bytes.withUnsafeBytes { raw in
      let shape = (0..<rank).map { Int(truncatingIfNeeded: raw.loadUnaligned(fromByteOffset: 2 + 8 * $0, as: UInt64.self)) }
      try Tensor.check(shape)
      let (first, count) = (2 + 8 * rank, shape.reduce(1, *))
      guard raw.count == first + 4 * count else { return nil }
      return try Tensor((0..<count).map { raw.loadUnaligned(fromByteOffset: first + 4 * $0, as: Float.self) }, shape: shape)
    }
  }
}
