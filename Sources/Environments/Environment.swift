import Tensors

/// What an agent acts in, after Gymnasium: numbers in, numbers out, one episode after the other.
public protocol Environment: AnyObject {
  /// "Hopper-v5".
  var id: String { get }
  var observationSpace: Box { get }
  /// Observations in succession that one of `observationSpace` holds, oldest first: 1 but for FrameStackObservation.
  var observationSteps: Int { get }
  var actionSpace: Box { get }
  /// After how many steps `make` has an episode truncated; nil for never.
  var maxEpisodeSteps: Int? { get }
  /// Whether it may be stepped on any thread, beside others; what calls back into a script may not.
  var runsOnAnyThread: Bool { get }
  /// Its place among environments that step together; nil where it steps alone.
  var batchRow: BatchRow? { get }
  /// What holds in it, a line for each matter: version, reward, when episodes end, how they start.
  var rules: [Rule] { get }
  /// Where its random numbers come from.
  var stream: RandomStream { get set }

  /// Starts an episode with numbers from `stream`; returns the first observation.
  func reset() throws -> [Double]
  /// One step. The action is taken as it is: whoever wants it inside the action space clips it before.
  func step(_ action: [Double]) throws -> Step

  /// What it looks like now. Throws where it has no picture, or what draws it is missing.
  func render(width: Int, height: Int) throws -> Raster

  /// All that the future depends on. Restoring it continues to the bit as before.
  var state: EnvironmentState { get throws }
  func restore(_ state: EnvironmentState) throws

  /// Ends what runs for it outside of the program; then it cannot be stepped.
  func close()
}

/// One matter of an environment's rules, in words.
public struct Rule: Equatable, Sendable {
  public let topic: String
  public let text: String

  public init(topic: String, text: String) { (self.topic, self.text) = (topic, text) }
}

extension Environment {
  public var observationSteps: Int { 1 }
  public var batchRow: BatchRow? { nil }
  public func close() {}
  public var rules: [Rule] { [] }
  public func render(width: Int, height: Int) throws -> Raster { throw UsageError("\(id) has no picture") }
  /// Numbers in the observation of one moment.
  public var frameSize: Int { observationSpace.count / observationSteps }

  /// Starts an episode that depends on nothing but `seed`; nil goes on with the stream as it is.
  public func reset(seed: Int?) throws -> [Double] {
    if let seed { stream = RandomStream(seed: seed, purpose: "env") }
    return try reset()
  }

  /// Throws where `action` has the wrong length or an element that is not a number.
  func check(_ action: [Double]) throws {
    guard action.count == actionSpace.count else {
      throw UsageError("\(id) wants an action of \(actionSpace.count) numbers, got \(action.count)")
    }
    guard action.allSatisfy(\.isFinite) else { throw UsageError("\(id) wants an action of finite numbers, got \(action)") }
  }
}

/// What one step brought.
public struct Step: Equatable, Sendable {
  public var observation: [Double]
  public var reward: Double
  /// The episode is over by the task's own rules: nothing can be earned any more.
  public var terminated: Bool
  /// The episode is cut off from outside; its value goes on.
  public var truncated: Bool
  /// By Gymnasium's names; "success" is 1 or 0 in tasks that know it.
  public var info: StepInfo

  public init(observation: [Double], reward: Double, terminated: Bool, truncated: Bool = false, info: StepInfo = [:]) {
    (self.observation, self.reward, self.terminated) = (observation, reward, terminated)
    (self.truncated, self.info) = (truncated, info)
  }
}

/// All that an environment's future depends on.
public struct EnvironmentState: Codable, Equatable, Sendable {
  /// Of which environment.
  public var id: String
  /// The task's own numbers, in an order only it knows.
  public var numbers: [Double]
  public var stream: RandomStream
  /// What is no numbers, of environments that scripts write; nil without.
  public var contents: [UInt8]?
  /// Kept by TimeLimit: steps since the reset, and whether an episode is under way.
  public var elapsedSteps = 0
  public var isRunning = false
  /// Kept by FrameStackObservation: what it shows; nil without one.
  public var frames: [Double]?

  public init(id: String, numbers: [Double], stream: RandomStream) { (self.id, self.numbers, self.stream) = (id, numbers, stream) }

  /// Throws unless this is a state of `id` with `count` numbers.
  public func check(id: String, count: Int) throws {
    guard self.id == id else { throw UsageError("this state is of \(self.id), wanted one of \(id)") }
    guard frames == nil else { throw UsageError("this state of \(id) holds earlier observations, wanted one without (observation_steps)") }
    guard numbers.count == count else { throw UsageError("a state of \(id) holds \(count) numbers, got \(numbers.count)") }
  }
}
