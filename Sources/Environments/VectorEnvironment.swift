import Tensors

/// Several environments stepped together by chunks of actions, each open loop: the form in which agents act.
///
/// Autoreset is Gymnasium's SAME_STEP (`autoreset` says so in words): where an episode ends, `observation` is already the next one's first and `finalObservation` the
/// last of the one that ended. Every environment draws from its own stream and writes its own row, so results do not depend on the
/// number of threads. Actions outside the action space are clipped to it; one that is not finite is refused before anything moves.
public final class VectorEnvironment {
  public let chunk: Int
  public let observationSpace: Box
  /// Observations in succession that one of `observationSpace` holds, oldest first; single steps count, also those within a chunk.
  public let observationSteps: Int
  /// Of one action; a chunk holds `chunk` of them.
  public let actionSpace: Box
  public let id: String
  /// Steps of single environments since the start or the last `restore` (which sets it).
  public private(set) var environmentSteps = 0

  /// How an episode that has ended goes on.
  public static let autoreset = "same step: where an episode ends, the next one's first observation is shown at once, the last one's kept beside it"

  let slots: [EnvironmentSlot]
  let group: EnvironmentGroup
  /// Whether a step may come; not before the first reset, nor after an error.
  public private(set) var isStarted = false
  /// While the environments are at work, nobody else may be: one written in Lua could call its own vector.
  private var isBusy = false

  /// `make(i)` gives the i-th environment, time limit included; all must have the same spaces. Call `reset` before `step`.
  public init(count: Int, chunk: Int = 1, seed: Int = 0, make: (Int) throws -> any Environment) throws {
    guard count >= 1 else { throw UsageError("num_envs wants a positive number, got \(count)") }
    guard chunk >= 1 else { throw UsageError("chunk wants a positive number, got \(chunk)") }
    let environments = try (0..<count).map(make)
    (id, observationSpace, actionSpace) = (environments[0].id, environments[0].observationSpace, environments[0].actionSpace)
    observationSteps = environments[0].observationSteps
    for (index, environment) in environments.enumerated() {
      guard environment.observationSpace == observationSpace, environment.actionSpace == actionSpace else {
        throw UsageError("environment \(index + 1) (\(environment.id)) has other spaces than the first (\(id))")
      }
      guard environment.observationSteps == observationSteps else {
        throw UsageError("environment \(index + 1) (\(environment.id)) has observation_steps \(environment.observationSteps), the first (\(id)) \(observationSteps)")
      }
      guard !environments[..<index].contains(where: { $0 === environment }) else {
        throw UsageError("environment \(index + 1) is one that is there already; each must be one of its own")
      }
    }
    self.chunk = chunk
    slots = environments.map(EnvironmentSlot.init)
    group = EnvironmentGroup(environments)
    for (index, slot) in slots.enumerated() { slot.index = index }
    seedStreams(seed)
  }

  public var count: Int { slots.count }
  /// After how many steps an episode is truncated; nil for never.
  public var maxEpisodeSteps: Int? { group.environments[0].maxEpisodeSteps }
  public var rules: [Rule] { group.environments[0].rules }
  /// Numbers in the observation of one moment.
  public var frameSize: Int { observationSpace.count / observationSteps }

  /// Starts an episode everywhere; returns the observations [count, observation]. With a seed, environment i draws from stream i of it;
  /// without, the streams go on.
  public func reset(seed: Int? = nil) throws -> Tensor {
    if let seed { try alone { seedStreams(seed) } }
    return try start()
  }

  /// The same with a seed for each environment: what it does is what a single one does that is reset with this seed.
  public func reset(seeds: [Int]) throws -> Tensor {
    guard seeds.count == count else { throw UsageError("\(id) wants a seed for each of its \(count) environments, got \(seeds.count)") }
    try alone {
      for (slot, seed) in zip(slots, seeds) { slot.environment.stream = RandomStream(seed: seed, purpose: "env") }
    }
    return try start()
  }

  private func start() throws -> Tensor {
    try alone {
      isStarted = false
      if let rows = group.rows { try BatchRow.prepareReset(rows) }
      try forEachSlot { try $0.reset() }
      isStarted = true
    }
    return observation
  }

  /// Where the environments are now, [count, observation].
  public var observation: Tensor { rows(observationSpace.count) { $0.observation } }

  /// What environment `index`, from 0, looks like.
  public func render(_ index: Int, width: Int, height: Int) throws -> Raster { try slots[index].environment.render(width: width, height: height) }

  /// Executes one chunk everywhere. `actions` is [count, chunk, action] or [count, chunk * action]; `recording` keeps every single step.
  /// After an error the environments want a reset; Ctrl-C comes as one only amid more than 1000 steps of single environments.
  /// With `share` only this process's part of them moves here, and the others' rows are what the other processes say.
  public func step(_ actions: Tensor, recording: Bool = false, share: EnvironmentShare? = nil) throws -> VectorStep {
    guard isStarted else { throw UsageError("\(id) wants a reset before its first step") }
    let values = try checked(actions)
    try alone {
      isStarted = false
      if let rows = group.rows {
        try stepTogether(rows, values, recording)
      } else {
        try step(values, share, recording: recording)
      }
      isStarted = true
    }

    let stepsTaken = slots.map(\.outcome.stepsTaken)
    environmentSteps += stepsTaken.reduce(0, +)
    return VectorStep(
      observation: observation,
      finalObservation: rows(observationSpace.count) { $0.outcome.finalObservation },
      reward: Tensor(slots.map { Float($0.outcome.reward) }),
      terminated: slots.map(\.outcome.terminated),
      truncated: slots.map(\.outcome.truncated),
      stepsTaken: stepsTaken,
      episodes: slots.compactMap(\.outcome.episode),
      executed: slots.map(\.outcome.executed))
  }

  /// Ends what runs for them outside of the program.
  public func close() throws { try alone { for environment in group.environments { environment.close() } } }

  // MARK: Keeping it

  /// All that the future of every environment depends on, running returns included.
  public struct State: Codable, Equatable, Sendable {
    var slots: [EnvironmentSlot.State]
    var environmentSteps: Int
    var isStarted: Bool
  }

  public var state: State {
    get throws { try alone { State(slots: try slots.map { try $0.state }, environmentSteps: environmentSteps, isStarted: isStarted) } }
  }

  /// Continues to the bit as from where `state` was taken.
  public func restore(_ state: State) throws {
    guard state.slots.count == count else { throw UsageError("this state is of \(state.slots.count) environments, wanted \(count)") }
    try alone {
      isStarted = false
      for (slot, state) in zip(slots, state.slots) { try slot.restore(state) }
    }
    (environmentSteps, isStarted) = (state.environmentSteps, state.isStarted)
  }

  // MARK: Inside

  private func seedStreams(_ seed: Int) {
    for (index, slot) in slots.enumerated() { slot.environment.stream = RandomStream(seed: seed, purpose: "env", index: index) }
  }

  /// Runs `body` while nobody else may use the environments.
  private func alone<R>(_ body: () throws -> R) throws -> R {
    guard !isBusy else { throw UsageError("\(id) is at work: its own functions cannot reset, step, keep or restore it") }
    isBusy = true
    defer { isBusy = false }
    return try body()
  }

  /// A chunk of environments that step together.
  private func stepTogether(_ rows: [BatchRow], _ values: [Float], _ recording: Bool) throws {
    for slot in slots { slot.begin() }
    for step in 0..<chunk {
      if step > 0 { try Interrupt.check() }
      let running = slots.filter { !$0.hasEnded }
      guard !running.isEmpty else { break }
      let actions = running.map { $0.action(values, step: step, chunk: chunk, actionSpace) }
      try BatchRow.prepare(running.map { rows[$0.index] }, actions)
      for (slot, action) in zip(running, actions) { try slot.take(action, recording: recording) }
    }
    try BatchRow.prepareReset(slots.filter(\.hasEnded).map { rows[$0.index] })
    for slot in slots { try slot.finish() }
  }

  private func checked(_ actions: Tensor) throws -> [Float] {
    let size = actionSpace.count
    guard actions.shape == [count, chunk, size] || actions.shape == [count, chunk * size] else {
      throw UsageError("\(id) wants actions of shape [\(count), \(chunk), \(size)] or [\(count), \(chunk * size)], got \(actions.shape)")
    }
    let values = actions.values
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw UsageError("the action for environment \(bad / (chunk * size) + 1) holds \(values[bad])")
    }
    return values
  }

  private func rows(_ width: Int, _ row: (EnvironmentSlot) -> [Double]) -> Tensor {
    Tensor.filled([count, width]) { target in
      for (index, slot) in slots.enumerated() {
        let values = row(slot)
        for column in 0..<width { target[index * width + column] = column < values.count ? Float(values[column]) : 0 }
      }
    }
  }

  /// Does `body` to every slot, on several threads where the environments allow it; the first error in their order is thrown.
  func forEachSlot(_ some: Range<Int>? = nil, _ body: @escaping @Sendable (EnvironmentSlot) throws -> Void) throws {
    let slots = slots
    let some = some ?? slots.indices
    let isLong = some.count * chunk > 1000
    let work: @Sendable (Range<Int>) throws -> Void = { range in
      for index in range.map({ $0 + some.lowerBound }) {
        if isLong { try Interrupt.check() }
        do { try body(slots[index]) } catch let error as UsageError { throw UsageError("environment \(index + 1): \(error)") }
      }
    }
    if group.runsOnAnyThread { try Threads.parallel(rows: some.count, work) } else { try work(0..<some.count) }
  }
}

/// What one chunk brought in every environment.
public struct VectorStep {
  /// Where the next chunk starts, after autoreset, [n, observation].
  public let observation: Tensor
  /// The last observation of the chunk itself, before any reset, [n, observation]: what a value is bootstrapped from.
  public let finalObservation: Tensor
  /// The sum over the executed steps, not discounted, [n].
  public let reward: Tensor
  public let terminated: [Bool]
  public let truncated: [Bool]
  /// At most the chunk's length: the step that ends the episode is the last.
  public let stepsTaken: [Int]
  /// Of the episodes that ended, in order of their environments.
  public let episodes: [EpisodeRecord]
  /// The single steps of every environment where recording was asked for, else empty.
  public let executed: [[ExecutedStep]]
}

/// An episode that is over.
public struct EpisodeRecord: Codable, Equatable, Sendable {
  /// Which environment, from 0.
  public let environment: Int
  /// Sum of the rewards.
  public let `return`: Double
  public let length: Int
  /// nil where the task does not know success.
  public let success: Bool?
}

/// One step as it was executed: what behaviour data are made of.
public struct ExecutedStep: Equatable, Sendable {
  /// Of the moment before the action alone.
  public let observation: [Double]
  /// After clipping.
  public let action: [Double]
  public let reward: Double
  public let terminated: Bool
  public let truncated: Bool
}
