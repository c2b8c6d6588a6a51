import Tensors

// Tasks of Gymnasium 1.2 (envs/mujoco/*_v5.py) with a body that is free in space: options by Gymnasium's names and with its defaults, then the task.

/// Ant-v5: four legs, eight motors; paid for going forward and for staying healthy, charged for effort and for contact forces.
public struct AntOptions: MuJoCoOptions {
  public static let id = "Ant-v5"
  public var xmlFile = "ant.xml"
  public var frameSkip = 5
  public var forwardRewardWeight = 1.0
  public var ctrlCostWeight = 0.5
  public var contactCostWeight = 5e-4
  public var healthyReward = 1.0
  /// Whose way is paid.
  public var mainBody = BodyReference.index(1)
  public var terminateWhenUnhealthy = true
  public var healthyZRange = [0.2, 1.0]
  public var contactForceRange = [-1.0, 1.0]
  public var resetNoiseScale = 0.1
  public var excludeCurrentPositionsFromObservation = true
  public var includeCfrcExtInObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    let clip = Reading.Map.clip(try Interval(contactForceRange, option: "contact_force_range", isClosed: true))
    let height = try Interval(healthyZRange, option: "healthy_z_range", isClosed: true)
    let forces = try Reading(model, .contactForces, from: 6, clip)
    let position = try Reading(model, .position, count: 2)
    return try MuJoCoTask(
      observation: [Reading(model, .position, from: excludeCurrentPositionsFromObservation ? 2 : 0), Reading(model, .velocity)]
        + (includeCfrcExtInObservation ? [forces] : []),
      progress: .init(Reading(model, .body(mainBody)), count: 2),
      reward: [
        .forward(forwardRewardWeight), .survive(healthyReward), .effort(ctrlCostWeight),
        .contact(contactCostWeight, Reading(model, .contactForces, clip), range: .finite),
      ],
      healthy: [
        .init(name: "z", reading: Reading(model, .position, from: 2, count: 1), interval: height),
        .init(name: "positions", reading: Reading(model, .position), interval: .finite),
        .init(name: "velocities", reading: Reading(model, .velocity), interval: .finite),
      ],
      terminateWhenUnhealthy: terminateWhenUnhealthy,
      reset: ResetLaw(position: .uniform(scale), velocity: .normal(scale)),
      info: groundFacts(position), readsContactForces: true)
  }
}

/// Humanoid-v5: a body with 17 motors; paid for its centre of mass going forward and for staying up, charged for effort and contact forces.
public struct HumanoidOptions: MuJoCoOptions, HumanoidSight {
  public static let id = "Humanoid-v5"
  public var xmlFile = "humanoid.xml"
  public var frameSkip = 5
  public var forwardRewardWeight = 1.25
  public var ctrlCostWeight = 0.1
  public var contactCostWeight = 5e-7
  public var contactCostRange = [-Double.infinity, 10]
  public var healthyReward = 5.0
  public var terminateWhenUnhealthy = true
  public var healthyZRange = [1.0, 2.0]
  public var resetNoiseScale = 1e-2
  public var excludeCurrentPositionsFromObservation = true
  public var includeCinertInObservation = true
  public var includeCvelInObservation = true
  public var includeQfrcActuatorInObservation = true
  public var includeCfrcExtInObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    return try MuJoCoTask(
      observation: readings(model),
      progress: .init(massCentreOf: model),
      reward: [
        .forward(forwardRewardWeight), .survive(healthyReward), .effort(ctrlCostWeight),
        .contact(contactCostWeight, Reading(model, .contactForces), range: Interval(contactCostRange, option: "contact_cost_range", isClosed: true)),
      ],
      healthy: [
        .init(name: "z", reading: Reading(model, .position, from: 2, count: 1), interval: Interval(healthyZRange, option: "healthy_z_range"))
      ],
      terminateWhenUnhealthy: terminateWhenUnhealthy,
      reset: ResetLaw(position: .uniform(scale), velocity: .uniform(scale)),
      info: groundFacts(Reading(model, .position, count: 2)), readsContactForces: true)
  }
}

/// HumanoidStandup-v5: the same body lies on the ground; paid for its height, charged for effort and contact forces.
///
/// Gymnasium documents `uph_cost_weight` and leaves it out of its arithmetic; here it counts, which for its default is the same.
public struct HumanoidStandupOptions: MuJoCoOptions, HumanoidSight {
  public static let id = "HumanoidStandup-v5"
  public var xmlFile = "humanoidstandup.xml"
  public var frameSkip = 5
  public var uphCostWeight = 1.0
  public var ctrlCostWeight = 0.1
  public var impactCostWeight = 5e-7
  public var impactCostRange = [-Double.infinity, 10]
  public var resetNoiseScale = 1e-2
  public var excludeCurrentPositionsFromObservation = true
  public var includeCinertInObservation = true
  public var includeCvelInObservation = true
  public var includeQfrcActuatorInObservation = true
  public var includeCfrcExtInObservation = true

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    let position = try Reading(model, .position, count: 3)
    let (weight, timestep, initial) = (uphCostWeight, model.timestep, model.initialPosition[2])
    return try MuJoCoTask(
      observation: readings(model),
      reward: [
        .init(name: "reward_linup", formula: RewardTerm.times(weight, "z / \(timestep) s")) { _ in weight * (position[2] / timestep) },
        .effort(ctrlCostWeight, name: "reward_quadctrl"),
        .contact(
          impactCostWeight, Reading(model, .contactForces), range: Interval(impactCostRange, option: "impact_cost_range", isClosed: true),
          name: "reward_impact"),
        .init(name: nil, formula: "1") { _ in 1 },
      ],
      reset: ResetLaw(position: .uniform(scale), velocity: .uniform(scale)),
      info: [
        .init(name: "x_position") { _ in position[0] }, .init(name: "y_position") { _ in position[1] },
        .init(name: "z_distance_from_origin") { _ in position[2] - initial },
      ],
      readsContactForces: true)
  }
}

/// Which parts a humanoid's observation has beside its joints.
private protocol HumanoidSight {
  var excludeCurrentPositionsFromObservation: Bool { get }
  var includeCinertInObservation: Bool { get }
  var includeCvelInObservation: Bool { get }
  var includeQfrcActuatorInObservation: Bool { get }
  var includeCfrcExtInObservation: Bool { get }
}

extension HumanoidSight {
  fileprivate func readings(_ model: MuJoCoModel) throws -> [Reading] {
    var parts = [try Reading(model, .position, from: excludeCurrentPositionsFromObservation ? 2 : 0), try Reading(model, .velocity)]
    // All bodies but the world; all degrees of freedom but the root's.
    if includeCinertInObservation { parts.append(try Reading(model, .bodyInertia, from: 10)) }
    if includeCvelInObservation { parts.append(try Reading(model, .bodyVelocity, from: 6)) }
    if includeQfrcActuatorInObservation { parts.append(try Reading(model, .actuatorForces, from: 6)) }
    if includeCfrcExtInObservation { parts.append(try Reading(model, .contactForces, from: 6)) }
    return parts
  }
}
