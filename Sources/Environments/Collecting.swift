import Tensors

/// Gathers single steps into a data set.
struct DataRecorder {
  private let observationSize: Int
  private let actionSize: Int
  private var observations: [Float] = []
  private var actions: [Float] = []
  private var rewards: [Float] = []
  private var terminals: [Bool] = []
  private var timeouts: [Bool] = []
  private var finalObservations: [Float] = []
  private var success: [Bool] = []
  private var knowsSuccess = false

  init(observation: Int, action: Int) { (observationSize, actionSize) = (observation, action) }

  mutating func append(_ step: ExecutedStep) {
    observations += step.observation.map { Float($0) }
    actions += step.action.map { Float($0) }
    rewards.append(Float(step.reward))
    terminals.append(step.terminated)
    timeouts.append(step.truncated)
    success.append(false)
  }

  /// Ends the episode after the last step appended: it was cut off, if it has not ended already. `final` is what was seen then; `reached` whether the
  /// goal was, nil where the task does not say.
  mutating func end(final: [Float], success reached: Bool?) {
    guard let last = terminals.indices.last else { return }
    if !terminals[last] { timeouts[last] = true }
    success[last] = reached ?? false
    knowsSuccess = knowsSuccess || reached != nil
    finalObservations += final
  }

  /// Final observations are kept where every episode was given one.
  func dataSet() throws -> DataSet {
    let episodes = terminals.indices.count { terminals[$0] || timeouts[$0] || $0 == terminals.count - 1 }
    let knowsFinal = observationSize > 0 && finalObservations.count == episodes * observationSize
    return try DataSet(
      observations: Tensor(observations, shape: [rewards.count, observationSize]),
      actions: Tensor(actions, shape: [rewards.count, actionSize]),
      rewards: Tensor(rewards), terminals: terminals, timeouts: timeouts,
      finalObservations: knowsFinal ? Tensor(finalObservations, shape: [episodes, observationSize]) : nil, success: knowsSuccess ? success : nil)
  }
}

extension VectorStep {
  /// The latest of the observations that environment `index` shows, after the chunk and before any reset.
  fileprivate func finalFrame(_ index: Int, size: Int) throws -> [Float] { try finalObservation.select(0, index).values.suffix(size).map(\.self) }
  fileprivate func success(_ index: Int) -> Bool? { episodes.first { $0.environment == index }?.success }
}

/// Behaviour data of at least `steps` steps: `action` maps observations [n, observation] to chunks [n, chunk, action]. Of environments that show
/// several observations at once, the data hold the latest of each step.
///
/// Episodes come in the order in which they ended; those under way at the end follow, cut off (a timeout). The environments are reset first.
public func collect(from environments: VectorEnvironment, steps: Int, action: (Tensor) throws -> Tensor) throws -> DataSet {
  guard steps >= 1 else { throw UsageError("collecting wants a positive number of steps, got \(steps)") }
  var recorder = DataRecorder(observation: environments.frameSize, action: environments.actionSpace.count)
  var underWay = Array(repeating: [ExecutedStep](), count: environments.count)
  var taken = 0
  var observation = try environments.reset()
  while taken < steps {
    let step = try environments.step(action(observation), recording: true)
    observation = step.observation
    taken += step.stepsTaken.reduce(0, +)
    for (index, executed) in step.executed.enumerated() {
      underWay[index] += executed
      guard step.terminated[index] || step.truncated[index] else { continue }
      underWay[index].forEach { recorder.append($0) }
      try recorder.end(final: step.finalFrame(index, size: environments.frameSize), success: step.success(index))
      underWay[index] = []
    }
    guard taken >= steps else { continue }
    for (index, rest) in underWay.enumerated() where !rest.isEmpty {
      rest.forEach { recorder.append($0) }
      try recorder.end(final: step.finalFrame(index, size: environments.frameSize), success: nil)
    }
  }
  return try recorder.dataSet()
}

/// Behaviour data of exactly `episodes` whole episodes: `action` maps observations [n, observation] to chunks [n, chunk, action].
///
/// Every environment does its own fixed share, so that short episodes are not preferred; the data come environment after environment.
public func collect(from environments: VectorEnvironment, episodes: Int, action: (Tensor) throws -> Tensor) throws -> DataSet {
  guard episodes >= 1 else { throw UsageError("collecting wants a positive number of episodes, got \(episodes)") }
  let n = environments.count
  let shares = (0..<n).map { episodes / n + ($0 < episodes % n ? 1 : 0) }
  var ended = Array(repeating: [(steps: [ExecutedStep], final: [Float], success: Bool?)](), count: n)
  var underWay = Array(repeating: [ExecutedStep](), count: n)
  var observation = try environments.reset()
  while zip(ended, shares).contains(where: { $0.count < $1 }) {
    let step = try environments.step(action(observation), recording: true)
    observation = step.observation
    for (index, executed) in step.executed.enumerated() where ended[index].count < shares[index] {
      underWay[index] += executed
      guard step.terminated[index] || step.truncated[index] else { continue }
      ended[index].append((underWay[index], try step.finalFrame(index, size: environments.frameSize), step.success(index)))
      underWay[index] = []
    }
  }
  var recorder = DataRecorder(observation: environments.frameSize, action: environments.actionSpace.count)
  for episode in ended.joined() {
    episode.steps.forEach { recorder.append($0) }
    recorder.end(final: episode.final, success: episode.success)
  }
  return try recorder.dataSet()
}
