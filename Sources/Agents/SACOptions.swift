import Tensors

extension SAC {
  /// Stable-Baselines3's names and defaults.
  @dynamicMemberLookup
  public struct Options: Codable, Equatable, Sendable {
    /// Environment steps with uniformly random actions before the first gradient step.
    public var learningStarts = 100
    /// The share of demonstrations in each batch; nil: half, where there are demonstrations.
    public var demonstrationRatio: Float?
    public var learning = LearningOptions()

    public init() {}
    public subscript<T>(dynamicMember path: WritableKeyPath<LearningOptions, T>) -> T {
      get { learning[keyPath: path] }
      set { learning[keyPath: path] = newValue }
    }

    func check(hasDemonstrations: Bool) throws {
      try checkAtLeast("learning_starts", learningStarts, 0)
      guard let demonstrationRatio else { return }
      guard hasDemonstrations else { throw UsageError("demonstration_ratio wants demonstrations; got none") }
      guard 0...1 ~= demonstrationRatio else { throw UsageError("demonstration_ratio wants a number from 0 to 1, got \(demonstrationRatio)") }
    }
  }
}

/// DSRL-SAC's, with the defaults of the DSRL code.
@dynamicMemberLookup
public struct SteeringSACOptions: Codable, Equatable, Sendable {
  public var steering = SteeringOptions()
  public var learning = LearningOptions.steering

  public init() {}
  public subscript<T>(dynamicMember path: WritableKeyPath<SteeringOptions, T>) -> T {
    get { steering[keyPath: path] }
    set { steering[keyPath: path] = newValue }
  }
  public subscript<T>(dynamicMember path: WritableKeyPath<LearningOptions, T>) -> T {
    get { learning[keyPath: path] }
    set { learning[keyPath: path] = newValue }
  }
}
