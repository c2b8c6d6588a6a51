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

  init(observation: Int, action: Int) { (observationSize, actionSize) = (observation, action) }

  mutating func append(_ step: ExecutedStep) {
    observations += step.observation.map { Float($0) }
    actions += step.action.map { Float($0) }
    rewards.append(Float(step.reward))
    terminals.append(step.terminated)
    timeouts.append(step.truncated)
  }

  /// Ends the episode after the last step appended, if it has not ended already.
  mutating func cut() {
    if let last = terminals.indices.last, !terminals[last] { timeouts[last] = true }
  }

  func dataSet() throws -> DataSet {
    try DataSet(
      observations: Tensor(observations, shape: [rewards.count, observationSize]),
      actions: Tensor(actions, shape: [rewards.count, actionSize]),
      rewards: Tensor(rewards), terminals: terminals, timeouts: timeouts)
  }
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
      underWay[index] = []
    }
  }
  for rest in underWay {
    rest.forEach { recorder.append($0) }
    recorder.cut()
  }
  return try recorder.dataSet()
}
