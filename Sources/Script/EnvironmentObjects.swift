import Environments
import LuaBridge
import Tensors

/// How to make more environments like one: for evaluation and for collecting, which leave the user's own alone.
struct EnvironmentRecipe {
  let id: String
  /// Actions executed for one observation.
  var chunk = 1
  /// Observations shown at once.
  var observationSteps = 1
  /// nil: the task's own limit.
  var maxEpisodeSteps: Int?
  /// That many bare environments, without time limits; they may step together.
  let bare: (Int) throws -> [any Environment]

  /// That many, complete, to be stepped side by side.
  func environments(_ count: Int) throws -> [any Environment] {
    try checkSize("num_envs", count)
    return try bare(count).map { environment in
      let limited = try TimeLimit(environment, maxEpisodeSteps: maxEpisodeSteps ?? environment.maxEpisodeSteps)
      guard observationSteps > 1 else { return limited }
      return try FrameStackObservation(limited, observationSteps: observationSteps)
    }
  }

  /// A single one.
  func make() throws -> any Environment { try environments(1)[0] }

  func vector(count: Int, seed: Int) throws -> VectorEnvironment {
    try checkSize("chunk", chunk)
    let environments = try self.environments(count)
    return try VectorEnvironment(count: count, chunk: chunk, seed: seed) { environments[$0] }
  }
}

/// Gymnasium's five: observation, reward, terminated, truncated, info; of a single environment's info numbers alone, of several more.
enum StepResults: ToLua {
  case single(Step)
  case vector(VectorStep)

  /// The observation, where one value is wanted.
  func push(_ L: LuaState) throws {
    switch self {
    case .single(let step): try tensor(step.observation).push(L)
    case .vector(let step): try step.observation.push(L)
    }
  }

  func pushResults(_ L: LuaState) throws -> CInt {
    try push(L)
    switch self {
    case .single(let step):
      step.reward.push(L)
      step.terminated.push(L)
      step.truncated.push(L)
      try NamedNumbers(step.info.names, step.info.values).push(L)
    case .vector(let step):
      try step.reward.push(L)
      try PlainList.flags(step.terminated).push(L)
      try PlainList.flags(step.truncated).push(L)
      try NamedValues([
        "final_observation": step.finalObservation, "steps_taken": PlainList.integers(step.stepsTaken), "episodes": step.episodes.map(\.luaValue),
      ]).push(L)
    }
    return 5
  }
}

private func tensor(_ values: [Double]) -> Tensor {
  Tensor.filled([values.count]) { target in
    for index in values.indices { target[index] = Float(values[index]) }
  }
}

/// What `dsrl.env.make` gives: one environment, or several stepped together.
final class EnvironmentObject: LuaObject, CustomStringConvertible {
  static let luaName = "Environment"

  enum Body {
    case single(any Environment)
    case vector(VectorEnvironment)
  }
  let body: Body
  let recipe: EnvironmentRecipe
  let observationSpace: SpaceObject
  let actionSpace: SpaceObject
  let maxEpisodeSteps: Int?
  let rules: [Rule]

  /// `count` nil makes a single one.
  init(_ recipe: EnvironmentRecipe, count: Int?, seed: Int) throws {
    try checkSize("chunk", recipe.chunk)
    self.recipe = recipe
    if let count {
      let environments = try recipe.vector(count: count, seed: seed)
      body = .vector(environments)
      (observationSpace, actionSpace) = (SpaceObject(environments.observationSpace, seed: seed), SpaceObject(environments.actionSpace, seed: seed))
      (maxEpisodeSteps, rules) = (environments.maxEpisodeSteps, environments.rules)
    } else {
      let environment = try recipe.make()
      environment.stream = RandomStream(seed: seed, purpose: "env")
      body = .single(environment)
      (observationSpace, actionSpace) = (SpaceObject(environment.observationSpace, seed: seed), SpaceObject(environment.actionSpace, seed: seed))
      (maxEpisodeSteps, rules) = (environment.maxEpisodeSteps, environment.rules)
    }
  }

  /// Numbers in the observation of one moment.
  var frameSize: Int { observationSpace.box.count / recipe.observationSteps }
  /// nil for a single one.
  var count: Int? { if case .vector(let environments) = body { environments.count } else { nil } }

  /// The environments that an agent can learn in; throws for a single one.
  func vector() throws -> VectorEnvironment {
    guard case .vector(let environments) = body else {
      throw UsageError("an agent learns in an environment made with num_envs; make '\(recipe.id)' with num_envs = 1 or more")
    }
    return environments
  }

  func reset(seed: Int?, seeds: [Int]?) throws -> Tensor {
    guard seed == nil || seeds == nil else { throw UsageError("either 'seed' or 'seeds' expected, got both") }
    switch body {
    case .single(let environment):
      guard seeds == nil else { throw UsageError("seeds are for several environments (num_envs); this is a single \(recipe.id)") }
      return tensor(try environment.reset(seed: seed))
    case .vector(let environments): return try seeds.map { try environments.reset(seeds: $0) } ?? environments.reset(seed: seed)
    }
  }

  /// Ends what runs outside of the program.
  func close() throws {
    switch body {
    case .single(let environment): environment.close()
    case .vector(let environments): try environments.close()
    }
  }

  func step(_ action: Tensor) throws -> StepResults {
    switch body {
    case .single(let environment): .single(try run(environment, action))
    case .vector(let environments): .vector(try environments.step(action))
    }
  }

  /// One chunk in a single environment; it stops where the episode ends, and the rewards add up.
  private func run(_ environment: any Environment, _ action: Tensor) throws -> Step {
    let (chunk, width) = (recipe.chunk, actionSpace.box.count)
    let shape = action.shape
    let fits =
      switch shape.count {
      case 0: chunk * width == 1
      case 1: shape[0] == chunk * width
      default: shape.count == 2 && shape[0] == chunk && shape[1] == width
      }
    guard fits else {
      let wanted = chunk == 1 ? "[\(width)]" : "[\(chunk), \(width)] or [\(chunk * width)]"
      throw UsageError("\(recipe.id) wants an action of shape \(wanted), got \(action.shape)")
    }
    let values = action.withPointer { source in (0..<chunk * width).map { Double(source[$0]) } }
    guard chunk > 1 else { return try environment.step(values) }
    var result = try environment.step(Array(values[..<width]))
    for start in stride(from: width, to: values.count, by: width) where !(result.terminated || result.truncated) {
      try Interrupt.check()
      let sum = result.reward
      result = try environment.step(Array(values[start..<start + width]))
      result.reward += sum
    }
    return result
  }

  var description: String { page }
}

extension EpisodeRecord {
  /// Environments count from 1.
  var luaValue: LuaValue {
    .table(LuaTable([
      ("env", .int(environment + 1)), ("return", .number(self.return)), ("length", .int(length)), ("success", success.map(LuaValue.bool) ?? .null),
    ]))
  }
}

/// A space, and where its samples come from.
final class SpaceObject: LuaObject, CustomStringConvertible {
  static let luaName = "Space"
  let box: Box
  private var stream: RandomStream

  init(_ box: Box, seed: Int) { (self.box, stream) = (box, RandomStream(seed: seed, purpose: "space")) }

  func seed(_ seed: Int) { stream = RandomStream(seed: seed, purpose: "space") }
  func sample() -> Tensor { Tensor(box.sample(using: &stream).map { Float($0) }) }
  var description: String { "\(box)" }
}

/// Where an environment is; only an environment knows what is in it.
final class StateObject: LuaObject, CustomStringConvertible {
  static let luaName = "EnvironmentState"
  enum Body {
    case single(EnvironmentState)
    case vector(VectorEnvironment.State)
  }
  let body: Body
  let id: String

  init(of object: EnvironmentObject) throws {
    id = object.recipe.id
    body = switch object.body {
      case .single(let environment): .single(try environment.state)
      case .vector(let environments): .vector(try environments.state)
    }
  }

  func restore(_ object: EnvironmentObject) throws {
    switch (object.body, body) {
    case (.single(let environment), .single(let state)): try environment.restore(state)
    case (.vector(let environments), .vector(let state)): try environments.restore(state)
    case (.single, .vector): throw UsageError("this state is of several environments (num_envs), wanted one of a single \(object.recipe.id)")
    case (.vector, .single): throw UsageError("this state is of a single environment, wanted one of \(object.recipe.id) with num_envs")
    }
  }
  var description: String { "EnvironmentState(\(id))" }
}
