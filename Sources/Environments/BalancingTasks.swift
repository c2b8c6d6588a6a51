import Tensors

// Tasks of Gymnasium 1.2 (envs/mujoco/*_v5.py) on a cart: options by Gymnasium's names and with its defaults, then the task.

/// InvertedPendulum-v5: a cart keeps a pole upright; paid 1 for every step within 0.2 rad.
public struct InvertedPendulumOptions: MuJoCoOptions {
  public static let id = "InvertedPendulum-v5"
  public var xmlFile = "inverted_pendulum.xml"
  public var frameSkip = 2
  public var resetNoiseScale = 0.01

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    let (position, velocity) = (try Reading(model, .position), try Reading(model, .velocity))
    return try MuJoCoTask(
      observation: [position, velocity],
      reward: [.survive(1)],
      healthy: [
        .init(name: "angle", reading: Reading(model, .position, from: 1, count: 1), interval: Interval(low: -0.2, high: 0.2, isClosed: true)),
        .init(name: "positions", reading: position, interval: .finite), .init(name: "velocities", reading: velocity, interval: .finite),
      ],
      reset: ResetLaw(position: .uniform(scale), velocity: .uniform(scale)))
  }
}

/// InvertedDoublePendulum-v5: a cart keeps two poles upright, one on the other; paid for staying up, charged for the tip's place and for speed.
public struct InvertedDoublePendulumOptions: MuJoCoOptions {
  public static let id = "InvertedDoublePendulum-v5"
  public var xmlFile = "inverted_double_pendulum.xml"
  public var frameSkip = 5
  public var healthyReward = 10.0
  public var resetNoiseScale = 0.1

  public init() {}

  public func task(on model: MuJoCoModel) throws -> MuJoCoTask {
    let scale = try checkedScale(resetNoiseScale)
    let clip = Reading.Map.clip(Interval(low: -10, high: 10))
    let (tip, velocity) = (try Reading(model, .firstSite), try Reading(model, .velocity, count: 3))
    return try MuJoCoTask(
      observation: [
        Reading(model, .position, count: 1), Reading(model, .position, from: 1, .sine), Reading(model, .position, from: 1, .cosine),
        Reading(model, .velocity, clip), Reading(model, .constraintForces, count: 1, clip),
      ],
      reward: [
        .survive(healthyReward),
        .init(name: "distance_penalty", formula: "- 0.01 x² - (z - 2)² of the tip") { _ in
          let (x, z) = (tip[0], tip[2])
          return -(0.01 * (x * x) + (z - 2) * (z - 2))
        },
        .init(name: "velocity_penalty", formula: "- 0.001 v₁² - 0.005 v₂² of the poles") { _ in
          -(0.001 * (velocity[1] * velocity[1]) + 0.005 * (velocity[2] * velocity[2]))
        },
      ],
      healthy: [.init(name: "z of the tip", reading: Reading(model, .firstSite, from: 2, count: 1), interval: Interval(low: 1))],
      reset: ResetLaw(position: .uniform(scale), velocity: .normal(scale)))
  }
}
