import Tensors

// Tasks of Gymnasium 1.2 (envs/mujoco/*_v5.py) that run in a plane: options by Gymnasium's names and with its defaults, then the task.

/// Hopper-v5: one leg, three motors; paid for going forward and for staying healthy, charged for effort.
public struct HopperOptions: MuJoCoOptions {
  public static let id = "Hopper-v5"
  public var xmlFile = "hopper.xml"
  public var frameSkip = 4
  public var forwardRewardWeight = 1.0
  public var ctrlCostWeight = 1e-3
  public var healthyReward = 1.0
  public var terminateWhenUnhealthy = true
  public var healthyStateRange = [-100.0, 100.0]
  public var healthyZRange = [0.7, Double.infinity]
  public var healthyAngleRange = [-0.2, 0.2]
  public var resetNoiseScale = 5e-3
  public var excludeCurrentPositionsFromObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let state = try Interval(healthyStateRange, option: "healthy_state_range")
    let scale = try checkedScale(resetNoiseScale)
    return try MuJoCoTask(
      observation: walkersReadings(model, place: !excludeCurrentPositionsFromObservation),
      progress: .init(Reading(model, .position), count: 1),
      reward: [.forward(forwardRewardWeight), .survive(healthyReward), .effort(ctrlCostWeight)],
      healthy: upright(model, z: healthyZRange, angle: healthyAngleRange) + [
        .init(name: "other positions", reading: Reading(model, .position, from: 2), interval: state),
        .init(name: "velocities", reading: Reading(model, .velocity), interval: state),
      ],
      terminateWhenUnhealthy: terminateWhenUnhealthy,
      reset: ResetLaw(position: .uniform(scale), velocity: .uniform(scale)),
      info: planarFacts(model))
  }
}

/// Walker2d-v5: two legs, six motors; paid and charged as Hopper.
public struct Walker2dOptions: MuJoCoOptions {
  public static let id = "Walker2d-v5"
  public var xmlFile = "walker2d_v5.xml"
  public var frameSkip = 4
  public var forwardRewardWeight = 1.0
  public var ctrlCostWeight = 1e-3
  public var healthyReward = 1.0
  public var terminateWhenUnhealthy = true
  public var healthyZRange = [0.8, 2.0]
  public var healthyAngleRange = [-1.0, 1.0]
  public var resetNoiseScale = 5e-3
  public var excludeCurrentPositionsFromObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    return try MuJoCoTask(
      observation: walkersReadings(model, place: !excludeCurrentPositionsFromObservation),
      progress: .init(Reading(model, .position), count: 1),
      reward: [.forward(forwardRewardWeight), .survive(healthyReward), .effort(ctrlCostWeight)],
      healthy: upright(model, z: healthyZRange, angle: healthyAngleRange),
      terminateWhenUnhealthy: terminateWhenUnhealthy,
      reset: ResetLaw(position: .uniform(scale), velocity: .uniform(scale)),
      info: planarFacts(model))
  }
}

/// HalfCheetah-v5: two legs under a trunk, six motors; paid for going forward, charged for effort; no state ends an episode.
public struct HalfCheetahOptions: MuJoCoOptions {
  public static let id = "HalfCheetah-v5"
  public var xmlFile = "half_cheetah.xml"
  public var frameSkip = 5
  public var forwardRewardWeight = 1.0
  public var ctrlCostWeight = 0.1
  public var resetNoiseScale = 0.1
  public var excludeCurrentPositionsFromObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    return try MuJoCoTask(
      observation: [Reading(model, .position, from: excludeCurrentPositionsFromObservation ? 1 : 0), Reading(model, .velocity)],
      progress: .init(Reading(model, .position), count: 1),
      reward: [.forward(forwardRewardWeight), .effort(ctrlCostWeight)],
      reset: ResetLaw(position: .uniform(scale), velocity: .normal(scale)),
      info: Array(planarFacts(model).prefix(2)))
  }
}

/// Swimmer-v5: three links in a viscous fluid, two motors; paid for going forward, charged for effort; no state ends an episode.
public struct SwimmerOptions: MuJoCoOptions {
  public static let id = "Swimmer-v5"
  public var xmlFile = "swimmer.xml"
  public var frameSkip = 4
  public var forwardRewardWeight = 1.0
  public var ctrlCostWeight = 1e-4
  public var resetNoiseScale = 0.1
  public var excludeCurrentPositionsFromObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    let position = try Reading(model, .position, count: 2)
    return try MuJoCoTask(
      observation: [Reading(model, .position, from: excludeCurrentPositionsFromObservation ? 2 : 0), Reading(model, .velocity)],
      progress: .init(position, count: 2),
      reward: [.forward(forwardRewardWeight), .effort(ctrlCostWeight)],
      reset: ResetLaw(position: .uniform(scale), velocity: .uniform(scale)),
      info: groundFacts(position))
  }
}

/// What a walker sees: its positions, `place` with where it is, and its velocities within ±10.
private func walkersReadings(_ model: MuJoCoModel, place: Bool) throws -> [Reading] {
  [try Reading(model, .position, from: place ? 0 : 1), try Reading(model, .velocity, .clip(Interval(low: -10, high: 10)))]
}

/// The trunk's height and angle within their ranges.
private func upright(_ model: MuJoCoModel, z: [Double], angle: [Double]) throws -> [MuJoCoTask.Condition] {
  [
    .init(name: "z", reading: try Reading(model, .position, from: 1, count: 1), interval: try Interval(z, option: "healthy_z_range")),
    .init(name: "angle", reading: try Reading(model, .position, from: 2, count: 1), interval: try Interval(angle, option: "healthy_angle_range")),
  ]
}

/// Where the body is and how fast: x_position, x_velocity, z_distance_from_origin.
private func planarFacts(_ model: MuJoCoModel) throws -> [MuJoCoTask.Fact] {
  let position = try Reading(model, .position, count: 2)
  let height = model.initialPosition[1]
  return [
    .init(name: "x_position") { _ in position[0] }, .init(name: "x_velocity") { $0.speed.x },
    .init(name: "z_distance_from_origin") { _ in position[1] - height },
  ]
}

/// Where the body is on the ground and how fast: x_position, y_position, distance_from_origin, x_velocity, y_velocity.
func groundFacts(_ position: Reading) -> [MuJoCoTask.Fact] {
  [
    .init(name: "x_position") { _ in position[0] }, .init(name: "y_position") { _ in position[1] },
    .init(name: "distance_from_origin") { _ in (position[0] * position[0] + position[1] * position[1]).squareRoot() },
    .init(name: "x_velocity") { $0.speed.x }, .init(name: "y_velocity") { $0.speed.y },
  ]
}
