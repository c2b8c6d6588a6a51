import Tensors

/// Looks for what agents, evaluations and checkpoints would stumble over in an environment, and says it in words.
public final class EnvironmentCheck {
  /// Another one of the same kind, complete with its time limit.
  private let make: () throws -> any Environment
  private let seed: Int
  /// Steps of each trial.
  private let steps: Int
  private var faults: [String] = []

  /// Everything that is wrong with the environments that `make` gives; empty where nothing is.
  public static func faults(seed: Int = 0, steps: Int = 300, of make: @escaping () throws -> any Environment) throws -> [String] {
    let check = EnvironmentCheck(make: make, seed: seed, steps: steps)
    try check.run()
    return check.faults
  }

  private init(make: @escaping () throws -> any Environment, seed: Int, steps: Int) { (self.make, self.seed, self.steps) = (make, seed, steps) }

  /// What a trial saw: all observations, rewards and ends.
  private struct Trail: Equatable {
    var observations: [[Double]] = []
    var rewards: [Double] = []
    var ends: [Bool] = []

    /// Where two trails part, in words; nil where they do not.
    func parting(from other: Trail) -> String? {
      for index in 0..<max(observations.count, other.observations.count) {
        guard index < min(observations.count, other.observations.count) else { return "one of them ends after \(index - 1) steps" }
        let place = index == 0 ? "the first observation" : "the observation after step \(index)"
        if let element = zip(observations[index], other.observations[index]).enumerated().first(where: { $1.0 != $1.1 }) {
          return "\(place) has \(element.element.0) and \(element.element.1) at element \(element.offset + 1)"
        }
        if index > 0, rewards[index - 1] != other.rewards[index - 1] { return "the rewards of step \(index) are \(rewards[index - 1]) and \(other.rewards[index - 1])" }
        if index > 0, ends[index - 1] != other.ends[index - 1] { return "one episode ends at step \(index)" }
      }
      return nil
    }
  }

  private func run() throws {
    let environment: any Environment
    do { environment = try make() } catch { return faults.append("it cannot be made: \(try words(error))") }
    checkSpaces(environment)
    guard let trail = try attempt("it cannot be stepped", { try walk(environment) }) else { return }
    checkValues(trail, environment)
    try checkSeeds(trail, environment)
    try checkStates(environment)
  }

  /// `body`'s result; nil where it threw, which is a fault. Ctrl-C is none.
  private func attempt<R>(_ what: String, _ body: () throws -> R) throws -> R? {
    do { return try body() } catch {
      faults.append("\(what): \(try words(error))")
      return nil
    }
  }

  private func words(_ error: any Error) throws -> String {
    if error is Interrupt { throw error }
    return "\(error)"
  }

  // MARK: What is looked at

  private func checkSpaces(_ environment: any Environment) {
    if environment.observationSpace.count == 0 { faults.append("the observation space is empty") }
    let action = environment.actionSpace
    if action.count == 0 { faults.append("the action space is empty") }
    if zip(action.low, action.high).contains(where: { !$0.isFinite || !$1.isFinite }) {
      faults.append("the action space \(action) is not bounded: agents have no range to act in")
    } else if let element = action.low.indices.first(where: { action.low[$0] == action.high[$0] }) {
      faults.append("the action space has nothing to choose at element \(element + 1)")
    }
  }

  /// Resets with the seed, then random actions; goes on after an episode's end.
  private func walk(_ environment: any Environment) throws -> Trail {
    try goOn(environment, from: environment.reset(seed: seed), steps)
  }

  private func goOn(_ environment: any Environment, from first: [Double] = [], _ count: Int) throws -> Trail {
    var trail = Trail(observations: [first])
    var actions = RandomStream(seed: seed, purpose: "check")
    for _ in 0..<count {
      try Interrupt.check()
      try advance(environment, environment.actionSpace.sample(using: &actions), &trail)
    }
    return trail
  }

  private func checkValues(_ trail: Trail, _ environment: any Environment) {
    let space = environment.observationSpace
    for (index, observation) in trail.observations.enumerated() {
      let place = index == 0 ? "the first observation" : "the observation after step \(index)"
      // An episode's last observation, and the next one's first.
      for part in stride(from: 0, to: observation.count, by: max(space.count, 1)).map({ Array(observation[$0..<min($0 + space.count, observation.count)]) }) {
        if part.count != space.count { return faults.append("\(place) has \(part.count) numbers, the space \(space.count)") }
        if let element = part.firstIndex(where: { !$0.isFinite }) { return faults.append("\(place) holds \(part[element]) at element \(element + 1)") }
        if let element = part.indices.first(where: { !(space.low[$0] <= part[$0] && part[$0] <= space.high[$0]) }) {
          return faults.append("\(place) leaves the space: \(part[element]) at element \(element + 1), which is to lie in [\(space.low[element]), \(space.high[element])]")
        }
      }
    }
    if let index = trail.rewards.firstIndex(where: { !$0.isFinite }) { faults.append("the reward of step \(index + 1) is \(trail.rewards[index])") }
    if trail.ends.count > 1, trail.ends.allSatisfy(\.self) { faults.append("every episode ends at its first step") }
  }

  private func checkSeeds(_ trail: Trail, _ environment: any Environment) throws {
    if let again = try attempt("it cannot be reset and stepped again", { try walk(environment) }), let parting = trail.parting(from: again) {
      faults.append("the same seed and actions give other results the second time: \(parting)")
    }
    // Two at once, step by step in turn.
    guard let pair = try attempt("another one cannot be stepped", { try (make(), make()) }) else { return }
    guard let together = try attempt("two cannot be stepped in turn", { try walkInTurn(pair.0, pair.1) }) else { return }
    if let parting = trail.parting(from: together.0) ?? trail.parting(from: together.1) {
      faults.append("two of them are not independent of each other, or differ: \(parting)")
    }
  }

  private func walkInTurn(_ a: any Environment, _ b: any Environment) throws -> (Trail, Trail) {
    var trails = (Trail(), Trail())
    trails.0.observations = [try a.reset(seed: seed)]
    trails.1.observations = [try b.reset(seed: seed)]
    var actions = RandomStream(seed: seed, purpose: "check")
    for _ in 0..<steps {
      try Interrupt.check()
      let action = a.actionSpace.sample(using: &actions)
      try advance(a, action, &trails.0)
      try advance(b, action, &trails.1)
    }
    return trails
  }

  private func advance(_ environment: any Environment, _ action: [Double], _ trail: inout Trail) throws {
    let step = try environment.step(action)
    trail.observations.append(step.observation)
    trail.rewards.append(step.reward)
    trail.ends.append(step.terminated || step.truncated)
    if step.terminated || step.truncated { trail.observations[trail.observations.count - 1] += try environment.reset() }
  }

  /// A state is taken after some steps, gone on from, and restored, in the same and in another one.
  private func checkStates(_ environment: any Environment) throws {
    let count = steps / 3 + 7  // amid an episode, where a hundred steps are so many whole ones
    _ = try goOn(environment, from: environment.reset(seed: seed), count)
    let state: EnvironmentState
    do { state = try environment.state } catch {
      return faults.append("it does not tell its state, so that no checkpoint can hold it: \(try words(error))")
    }
    let before = try goOn(environment, count)
    guard try attempt("its own state cannot be restored", { try environment.restore(state) }) != nil else { return }
    if let again = try attempt("it cannot be stepped from a restored state", { try goOn(environment, count) }), let parting = before.parting(from: again) {
      faults.append("restored, it goes on otherwise than before: \(parting)")
    }
    guard let other = try attempt("another one cannot be made", { try make() }) else { return }
    guard try attempt("another one cannot take its state", { try other.restore(state) }) != nil else { return }
    if let again = try attempt("another one cannot be stepped from its state", { try goOn(other, count) }), let parting = before.parting(from: again) {
      faults.append("another one goes on from its state otherwise: \(parting)")
    }
  }
}
