import Glibc
import Tensors

/// PushT-v0's options.
public struct PushTOptions: EnvironmentOptions {
  /// The share of the goal's area that is to be covered.
  public var successCoverage = 0.95
  /// 1 at the goal (sparse), or, at every step, the coverage over `successCoverage` less 1, which is 0 at the goal (dense).
  public var reward = RewardKind.dense
  /// Where the block is to lie: x and y in the action's units, and its angle, rad.
  public var goal = [0, 0, 0.25 * Double.pi]
  /// The block starts this near the middle, in each coordinate, in the action's units.
  public var startSpread = 0.4

  public init() {}

  public func make() throws -> any Environment { try PushT(self) }
}

/// PushT-v0: a disc pushes a T-shaped block onto its outline, on MuJoCo, after the PushT of Florence et al. 2021 ("Implicit behavioral cloning") and Chi et al. 2023.
///
/// The action is where the disc is to go, each coordinate in [-1, 1] for half a metre; a spring of 5 N at most draws it there for 0.1 s. Observes the disc's
/// place, the block's place and the cosine and sine of its angle. The episode ends where the block covers enough of its outline.
public final class PushT: Environment {
  public let options: PushTOptions
  public let id = "PushT-v0"
  public let model: MuJoCoModel
  public let observationSpace: Box
  public let actionSpace = Box(symmetric: 1, count: 2)
  public let maxEpisodeSteps: Int? = 300
  public let runsOnAnyThread = true
  public var stream = RandomStream(seed: 0, purpose: "env")
  let goal: PushTModel.Pose

  static let frameSkip = 20

  public init(_ options: PushTOptions = PushTOptions()) throws {
    guard options.successCoverage > 0, options.successCoverage <= 1 else {
      throw UsageError("success_coverage wants a share above 0, at most 1, got \(options.successCoverage)")
    }
    guard (0...0.6).contains(options.startSpread) else { throw UsageError("start_spread wants 0 to 0.6, got \(options.startSpread)") }
    let pose = options.goal
    guard pose.count == 3, pose.allSatisfy(\.isFinite), abs(pose[0]) <= 0.6, abs(pose[1]) <= 0.6 else {
      throw UsageError("goal wants {x, y, angle}, x and y in [-0.6, 0.6], got \(pose)")
    }
    self.options = options
    goal = PushTModel.Pose(place: PushTModel.half * SIMD2(pose[0], pose[1]), angle: pose[2])
    model = try MuJoCoModel(xml: PushTModel.xml(goal: goal), name: id)
    observationSpace = Box(symmetric: .infinity, count: 6)
  }

  /// Draws the block's pose, and a place for the disc beside it.
  public func reset() throws -> [Double] {
    let spread = PushTModel.half * options.startSpread
    let pose = PushTModel.Pose(place: SIMD2(stream.uniform(-spread, spread), stream.uniform(-spread, spread)), angle: stream.uniform(-.pi, .pi))
    var disc = SIMD2<Double>.zero
    repeat {
      disc = SIMD2(stream.uniform(-0.4, 0.4), stream.uniform(-0.4, 0.4))
    } while PushTModel.distance(pose.inward(disc)) < 2 * PushTModel.discRadius
    return try start(disc: disc, block: pose)
  }

  /// Starts an episode here, with no random numbers.
  func start(disc: SIMD2<Double>, block: PushTModel.Pose) throws -> [Double] {
    try model.reset(position: [disc.x, disc.y, block.place.x, block.place.y, block.angle], velocity: [0, 0, 0, 0, 0])
    return observation
  }

  /// The info tells success and the coverage, 0 to 1.
  public func step(_ action: [Double]) throws -> Step {
    try check(action)
    let target = actionSpace.clip(action)
    try model.step(control: target.map { PushTModel.half * $0 }, count: PushT.frameSkip)
    let coverage = PushTModel.coverage(block, goal: goal)
    let success = coverage >= options.successCoverage
    let arrived = success ? 1.0 : 0
    let reward = options.reward == .sparse ? arrived : min(coverage / options.successCoverage, 1) - 1
    return Step(observation: observation, reward: reward, terminated: success, info: ["success": arrived, "coverage": coverage])
  }

  var block: PushTModel.Pose {
    let position = model.position
    return PushTModel.Pose(place: SIMD2(position[2], position[3]), angle: position[4])
  }

  private var observation: [Double] {
    let position = model.position
    return position[..<4].map { $0 / PushTModel.half } + [cos(position[4]), sin(position[4])]
  }

  public var rules: [Rule] {
    let short = Box.short
    let share = short(options.successCoverage)
    return [
      Rule(topic: "model", text: "own, \(PushT.frameSkip) steps of \(short(model.timestep)) s, MuJoCo \(MuJoCoModel.versionText)"),
      Rule(topic: "reward", text: options.reward == .sparse ? "1 at the goal" : "coverage / \(share), at most 1, - 1"),
      Rule(topic: "ends", text: "where the block covers \(share) of its outline at \(options.goal.map(short).joined(separator: ", "))"),
      Rule(topic: "starts", text: "the block within ± \(short(options.startSpread)) of the middle, at any angle; the disc beside it"),
    ]
  }

  public var state: EnvironmentState { EnvironmentState(id: id, numbers: model.state, stream: stream) }

  public func restore(_ state: EnvironmentState) throws {
    try state.check(id: id, count: model.stateCount)
    try model.restore(state.numbers)
    stream = state.stream
  }
}
