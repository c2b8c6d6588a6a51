import Tensors

/// A locomotion task on a MuJoCo model, as a table: what distinguishes Hopper from Walker2d.
public struct MuJoCoTask {
  public var id: String
  /// A name in the ModelLibrary, or a path.
  public var modelFile: String
  /// Simulation steps per step of the task.
  public var frameSkip: Int
  public var maxEpisodeSteps: Int?
  /// Adds to the model's initial position and velocity what makes episodes differ.
  public var perturb: (_ position: inout [Double], _ velocity: inout [Double], _ stream: inout RandomStream) -> Void
  public var observe: (MuJoCoModel) -> [Double]
  /// What a step's reward compares before and after; Hopper: how far it has come.
  public var measure: (MuJoCoModel) -> [Double]
  public var judge: (Transition) -> Verdict

  /// What happened in one step.
  public struct Transition {
    public let model: MuJoCoModel
    /// As it was given, not clipped.
    public let action: [Double]
    public let before: [Double]
    public let after: [Double]
    /// Seconds.
    public let duration: Double
  }

  /// What it was worth.
  public struct Verdict {
    public var reward: Double
    public var terminated: Bool
    public var info: [String: Double]
  }
}

/// The environment of a MuJoCoTask.
public final class MuJoCoEnvironment: Environment {
  public let model: MuJoCoModel
  public let observationSpace: Box
  public let actionSpace: Box
  public var stream = RandomStream(seed: 0, purpose: "env")
  private let task: MuJoCoTask
  private var measured: [Double]

  public init(_ task: MuJoCoTask) throws {
    guard task.frameSkip >= 1 else { throw UsageError("frame_skip wants a positive number, got \(task.frameSkip)") }
    self.task = task
    model = try MuJoCoModel(path: ModelLibrary.path(of: task.modelFile))
    observationSpace = Box(symmetric: .infinity, count: task.observe(model).count)
    actionSpace = try model.controlRange
    measured = task.measure(model)
  }

  public var id: String { task.id }
  public var maxEpisodeSteps: Int? { task.maxEpisodeSteps }
  public var runsOnAnyThread: Bool { true }

  public func reset() throws -> [Double] {
    var position = model.initialPosition
    var velocity = [Double](repeating: 0, count: model.velocityCount)
    task.perturb(&position, &velocity, &stream)
    return try start(position: position, velocity: velocity)
  }

  /// Starts an episode here, with no random numbers.
  public func start(position: [Double], velocity: [Double]) throws -> [Double] {
    try model.reset(position: position, velocity: velocity)
    measured = task.measure(model)
    return task.observe(model)
  }

  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    try model.step(control: action, count: task.frameSkip)
    let before = measured
    measured = task.measure(model)
    let verdict = task.judge(
      .init(model: model, action: action, before: before, after: measured, duration: model.timestep * Double(task.frameSkip)))
    return Step(observation: task.observe(model), reward: verdict.reward, terminated: verdict.terminated, info: verdict.info)
  }

  /// The simulation's numbers, then what was measured last (derived quantities lag behind the position, so they are kept).
  public var state: EnvironmentState { EnvironmentState(id: id, numbers: model.state + measured, stream: stream) }

  public func restore(_ state: EnvironmentState) throws {
    let count = model.stateCount
    try state.check(id: id, count: count + measured.count)
    try model.restore(Array(state.numbers[..<count]))
    measured = Array(state.numbers[count...])
    stream = state.stream
  }
}
