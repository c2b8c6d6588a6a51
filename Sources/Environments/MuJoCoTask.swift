import Tensors

/// A task on a MuJoCo model, as a table: what distinguishes Hopper from Walker2d. It reads the one model it was made for.
public struct MuJoCoTask {
  /// The observation's parts, in order.
  var observation: [Reading]
  /// What a step's speed is the difference of; nil where nothing is paid for going anywhere.
  var progress: Progress?
  /// The reward is the sum of these, from the first to the last.
  var reward: [RewardTerm]
  /// A state is healthy where all of these hold.
  var healthy: [Condition] = []
  /// Whether an episode ends with the first state that is not healthy.
  var terminateWhenUnhealthy = true
  var reset: ResetLaw
  /// What `info` tells beside the terms of the reward.
  var info: [Fact] = []
  /// Whether contact forces are read, which cost a pass over the model.
  var readsContactForces = false
  var maxEpisodeSteps = 1000

  /// What a step came to.
  struct Moment {
    /// As it was given, not clipped.
    let action: [Double]
    /// Along x and y, of the task's `progress`, m/s.
    let speed: SIMD2<Double>
    let isHealthy: Bool
  }

  /// A named number of `info`.
  struct Fact {
    let name: String
    let value: (Moment) -> Double
  }

  /// All numbers of a reading lie in an interval.
  struct Condition {
    let name: String
    let reading: Reading
    let interval: Interval

    var holds: Bool {
      for index in 0..<reading.count where !interval.contains(reading[index]) { return false }
      return true
    }
  }

  /// A place whose way in one step, over its duration, is the speed.
  struct Progress {
    /// Coordinates it has: 1 or 2.
    let count: Int
    let place: () -> SIMD2<Double>

    /// The first `count` numbers of a reading.
    init(_ reading: Reading, count: Int) {
      self.count = count
      place = count == 1 ? { SIMD2(reading[0], 0) } : { SIMD2(reading[0], reading[1]) }
    }

    /// The centre of all masses.
    init(massCentreOf model: MuJoCoModel) {
      count = 2
      place = { [unowned model] in model.massCentre }
    }
  }

  var isHealthy: Bool { healthy.allSatisfy(\.holds) }
}

/// The options of one MuJoCo task: its defaults, and how it reads on a model.
public protocol MuJoCoOptions: EnvironmentOptions {
  static var id: String { get }
  /// A name in the ModelLibrary, or a path.
  var xmlFile: String { get }
  /// Simulation steps per step of the task.
  var frameSkip: Int { get }
  /// Throws for options out of order, and for a model that lacks what the task reads.
  func task(on model: MuJoCoModel) throws -> MuJoCoTask
}

extension MuJoCoOptions {
  public func make() throws -> any Environment { try MuJoCoEnvironment(self) }

  public func make(_ count: Int) throws -> [any Environment] {
    let first = try MuJoCoEnvironment(self)
    return [first] + (try (1..<max(count, 1)).map { _ in try MuJoCoEnvironment(self, beside: first) })
  }
}

/// Checks a scale of noise.
func checkedScale(_ scale: Double) throws -> Double {
  guard scale >= 0, scale.isFinite else { throw UsageError("reset_noise_scale wants no negative number, got \(scale)") }
  return scale
}
