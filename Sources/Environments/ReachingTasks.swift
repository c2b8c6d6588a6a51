import Tensors

// Tasks of Gymnasium 1.2 (envs/mujoco/*_v5.py) that end at a goal: options by Gymnasium's names and with its defaults, then the task.

/// Reacher-v5: an arm of two links brings its fingertip to a target; charged for the distance and for effort; no state ends an episode.
public struct ReacherOptions: MuJoCoOptions {
  public static let id = "Reacher-v5"
  public var xmlFile = "reacher.xml"
  public var frameSkip = 2
  public var rewardDistWeight = 1.0
  public var rewardControlWeight = 1.0

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    _ = try Reading(model, .position, count: 4)
    return try MuJoCoTask(
      observation: [
        Reading(model, .position, count: 2, .cosine), Reading(model, .position, count: 2, .sine), Reading(model, .position, from: 2),
        Reading(model, .velocity, count: 2), Reading(model, from: "target", to: "fingertip", count: 2),
      ],
      reward: [
        .distance(rewardDistWeight, Reading(model, from: "target", to: "fingertip"), name: "reward_dist", "|fingertip - target|"),
        .effort(rewardControlWeight),
      ],
      reset: ResetLaw(
        position: .uniform(0.1), velocity: .uniform(0.005),
        placed: [.init(name: "target", first: -2, box: Box(symmetric: 0.2, count: 2), distance: Interval(low: -1, high: 0.2))],
        stillVelocities: 2),
      maxEpisodeSteps: 50)
  }
}

/// Pusher-v5: an arm of seven joints pushes an object to a goal; charged for the object's distances and for effort; no state ends an episode.
public struct PusherOptions: MuJoCoOptions {
  public static let id = "Pusher-v5"
  public var xmlFile = "pusher_v5.xml"
  public var frameSkip = 5
  public var rewardNearWeight = 0.5
  public var rewardDistWeight = 1.0
  public var rewardControlWeight = 0.1

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    _ = try Reading(model, .position, count: 11)
    return try MuJoCoTask(
      observation: [
        Reading(model, .position, count: 7), Reading(model, .velocity, count: 7), Reading(model, .body(.name("tips_arm"))),
        Reading(model, .body(.name("object"))), Reading(model, .body(.name("goal"))),
      ],
      reward: [
        .distance(rewardDistWeight, Reading(model, from: "goal", to: "object"), name: "reward_dist", "|object - goal|"),
        .effort(rewardControlWeight),
        .distance(rewardNearWeight, Reading(model, from: "tips_arm", to: "object"), name: "reward_near", "|object - fingertips|"),
      ],
      reset: ResetLaw(
        velocity: .uniform(0.005),
        placed: [
          .init(name: "object", first: -4, box: Box(low: [-0.3, -0.2], high: [0, 0.2]), distance: Interval(low: 0.17)),
          .init(name: "goal", first: -2, box: Box(symmetric: 0, count: 2)),
        ],
        stillVelocities: 4),
      maxEpisodeSteps: 100)
  }
}
