import Tensors

/// The environment of a MuJoCo task.
public final class MuJoCoEnvironment: Environment {
  public let id: String
  public let model: MuJoCoModel
  public let observationSpace: Box
  public let actionSpace: Box
  public var stream = RandomStream(seed: 0, purpose: "env")
  private let task: MuJoCoTask
  private let frameSkip: Int
  private let infoNames: [String]
  /// Where the task's `progress` was after the last step.
  private var place = SIMD2<Double>.zero

  /// `other` is one of the same options, whose model it reads too.
  public init<Options: MuJoCoOptions>(_ options: Options, beside other: MuJoCoEnvironment? = nil) throws {
    guard (1...10_000).contains(options.frameSkip) else { throw UsageError("frame_skip wants 1 to 10000, got \(options.frameSkip)") }
    let model = try other.map { try MuJoCoModel(of: $0.model) } ?? MuJoCoModel(path: ModelLibrary.path(of: options.xmlFile))
    let task = try options.task(on: model)
    (id, self.model, self.task, frameSkip) = (Options.id, model, task, options.frameSkip)
    infoNames = task.info.map(\.name) + task.reward.compactMap(\.name)
    observationSpace = Box(symmetric: .infinity, count: task.observation.reduce(0) { $0 + $1.count })
    actionSpace = try model.controlRange
  }

  public var maxEpisodeSteps: Int? { task.maxEpisodeSteps }
  public var runsOnAnyThread: Bool { true }

  public func reset() throws -> [Double] {
    let start = task.reset.draw(from: model.initialPosition, velocities: model.velocityCount, &stream)
    return try self.start(position: start.position, velocity: start.velocity)
  }

  /// Starts an episode here, with no random numbers.
  public func start(position: [Double], velocity: [Double]) throws -> [Double] {
    try model.reset(position: position, velocity: velocity)
    place = task.progress?.place() ?? .zero
    return observation
  }

  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    try model.step(control: action, count: frameSkip, contactForces: task.readsContactForces)
    let before = place
    place = task.progress?.place() ?? .zero
    let healthy = task.isHealthy
    let moment = MuJoCoTask.Moment(action: action, speed: (place - before) / (model.timestep * Double(frameSkip)), isHealthy: healthy)

    var told: [Double] = []
    told.reserveCapacity(infoNames.count)
    for fact in task.info { told.append(fact.value(moment)) }
    var reward = 0.0
    for term in task.reward {
      let value = term.value(moment)
      reward += value
      if term.name != nil { told.append(value) }
    }
    return Step(
      observation: observation, reward: reward, terminated: !healthy && task.terminateWhenUnhealthy,
      info: StepInfo(names: infoNames, values: told))
  }

  private var observation: [Double] {
    [Double](unsafeUninitializedCapacity: observationSpace.count) { buffer, count in
      guard var target = buffer.baseAddress else { return }
      for part in task.observation {
        part.write(to: target)
        target += part.count
      }
      count = observationSpace.count
    }
  }

  /// Through the model's first camera, or a free one that looks at its middle.
  public func render(width: Int, height: Int) throws -> Raster { try model.render(width: width, height: height) }

  public var rules: [Rule] {
    let conditions = task.healthy.map { "\($0.name) in \($0.interval)" }.joined(separator: ", ")
    let end = task.terminateWhenUnhealthy ? "else the episode ends" : "the episode goes on without"
    return [
      Rule(topic: "version", text: "rules of Gymnasium 1.2, MuJoCo \(MuJoCoModel.versionText)"),
      Rule(topic: "model", text: "\(model.path.split(separator: "/").last ?? ""), \(frameSkip) steps of \(Box.short(model.timestep)) s"),
      Rule(topic: "reward", text: RewardTerm.sum(task.reward)),
      Rule(topic: "healthy", text: conditions.isEmpty ? "always" : "\(conditions); \(end)"),
      Rule(topic: "starts", text: task.reset.text),
    ]
  }

  /// The simulation's numbers, then where the progress was (derived quantities lag behind the position, so it is kept).
  public var state: EnvironmentState {
    EnvironmentState(id: id, numbers: model.state + [place.x, place.y].prefix(progressCount), stream: stream)
  }

  private var progressCount: Int { task.progress?.count ?? 0 }

  public func restore(_ state: EnvironmentState) throws {
    let count = model.stateCount
    try state.check(id: id, count: count + progressCount)
    try model.restore(Array(state.numbers[..<count]))
    place = .zero
    for index in 0..<progressCount { place[index] = state.numbers[count + index] }
    stream = state.stream
  }
}
