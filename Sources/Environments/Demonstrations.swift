import Tensors

/// Acts in a task as its demonstrations do; what it decided on, a style or a route, it keeps for an episode or a part of one.
public protocol Demonstrator {
  /// Decides anew; called once before the first episode and after each one.
  mutating func beginEpisode()
  /// The action for the next step, inside the action space.
  mutating func action(for observation: [Double]) -> [Double]
}

/// The options of a task that has a demonstrator of its own.
public protocol DemonstratedOptions: EnvironmentOptions {
  /// Its random numbers come from `stream`.
  func demonstrator(_ stream: RandomStream) throws -> any Demonstrator
}

extension DemonstratedOptions {
  /// Behaviour data of `episodes` demonstrations: episode i starts from stream i of `seed`.
  public func demonstrate(episodes: Int, seed: Int) throws -> DataSet {
    guard episodes >= 1 else { throw UsageError("demonstrations want a positive number of episodes, got \(episodes)") }
    let core = try make()
    let environment = try TimeLimit(core, maxEpisodeSteps: core.maxEpisodeSteps)
    var demonstrator = try demonstrator(RandomStream(seed: seed, purpose: "demonstrator"))
    demonstrator.beginEpisode()
    var recorder = DataRecorder(observation: environment.observationSpace.count, action: environment.actionSpace.count)
    for episode in 0..<episodes {
      environment.stream = RandomStream(seed: seed, purpose: "env", index: episode)
      var observation = try environment.reset()
      var isRunning = true
      while isRunning {
        try Interrupt.check()
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

extension Environments {
  /// The ids of the tasks that have a demonstrator.
  public static var demonstratedIds: [String] {
    ids.filter { id in
      do { return try optionsType(of: id) is any DemonstratedOptions.Type } catch { preconditionFailure("\(error)") }
    }
  }
}
