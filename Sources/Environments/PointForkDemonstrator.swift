import Tensors

/// Steers PointFork past its obstacle, left or right by the toss of a coin at every episode's start, unsteadily as people are.
public struct PointForkDemonstrator {
  private var stream: RandomStream
  /// 1 left, -1 right.
  public private(set) var side = 1.0
  private var forwardSpeed = 0.7

  /// How far from the middle line it passes, and from which x on.
  private static let clearance = 0.65
  private static let turnEnds = 0.55
  /// Standard deviation of the noise on each component of the command.
  private static let unsteadiness = 0.12

  public init(seed: Int) {
    stream = RandomStream(seed: seed, purpose: "demonstrator")
    beginEpisode()
  }

  /// Chooses the side and the pace of the episode to come.
  public mutating func beginEpisode() {
    side = stream.integer(below: 2) == 0 ? 1 : -1
    forwardSpeed = stream.uniform(0.6, 0.8)
  }

  /// The command for the next step, inside the action space.
  public mutating func action(for observation: [Double]) -> [Double] {
    let ahead = observation[0] + PointFork.timestep * forwardSpeed
    let way = min(max(ahead / PointForkDemonstrator.turnEnds, 0), 1)
    let lane = side * PointForkDemonstrator.clearance * way * (2 - way)  // steepest at the start: the choice shows at once
    let sideward = (lane - observation[1]) / PointFork.timestep
    let command = [
      forwardSpeed + PointForkDemonstrator.unsteadiness * stream.normal(),
      0.7 * sideward + PointForkDemonstrator.unsteadiness * stream.normal(),
    ]
    return Box(symmetric: 1, count: 2).clip(command)
  }

  /// Behaviour data of `episodes` demonstrations.
  public static func demonstrate(episodes: Int, seed: Int, options: PointForkOptions = PointForkOptions()) throws -> DataSet {
    guard episodes >= 1 else { throw UsageError("demonstrations want a positive number of episodes, got \(episodes)") }
    var demonstrator = PointForkDemonstrator(seed: seed)
    let core = try PointFork(options)
    let environment = try TimeLimit(core, maxEpisodeSteps: core.maxEpisodeSteps)
    var recorder = DataRecorder(observation: environment.observationSpace.count, action: environment.actionSpace.count)
    for episode in 0..<episodes {
      try Interrupt.check()
      environment.stream = RandomStream(seed: seed, purpose: "env", index: episode)
      var observation = try environment.reset()
      var isRunning = true
      while isRunning {
        let action = demonstrator.action(for: observation)
        let step = try environment.step(action)
        recorder.append(
          ExecutedStep(
            observation: observation, action: action, reward: step.reward, terminated: step.terminated, truncated: step.truncated))
        observation = step.observation
        isRunning = !(step.terminated || step.truncated)
      }
      demonstrator.beginEpisode()
    }
    return try recorder.dataSet()
  }
}
