import Tensors

/// Hopper-v5's options, by Gymnasium's names and with its defaults.
public struct HopperOptions: EnvironmentOptions {
  public var xmlFile = "hopper.xml"
  public var frameSkip = 4
  public var forwardRewardWeight = 1.0
  public var ctrlCostWeight = 1e-3
  public var healthyReward = 1.0
  public var terminateWhenUnhealthy = true
  /// Open intervals, each [low, high].
  public var healthyStateRange = [-100.0, 100.0]
  public var healthyZRange = [0.7, Double.infinity]
  public var healthyAngleRange = [-0.2, 0.2]
  public var resetNoiseScale = 5e-3
  public var excludeCurrentPositionsFromObservation = true

  public init() {}

  public func make() throws -> any Environment { try MuJoCoEnvironment(hopper(self)) }
}

/// Hopper-v5: one leg, three motors; paid for going forward and for staying healthy, charged for effort.
///
/// The rules of Gymnasium 1.2 (envs/mujoco/hopper_v5.py). The effort is that of the action as given; the motors clamp it to [-1, 1].
public func hopper(_ options: HopperOptions = HopperOptions()) throws -> MuJoCoTask {
  let healthyState = try openInterval(options.healthyStateRange, "healthy_state_range")
  let healthyZ = try openInterval(options.healthyZRange, "healthy_z_range")
  let healthyAngle = try openInterval(options.healthyAngleRange, "healthy_angle_range")
  guard options.resetNoiseScale >= 0 else { throw UsageError("reset_noise_scale wants no negative number, got \(options.resetNoiseScale)") }

  func isHealthy(_ model: MuJoCoModel) -> Bool {
    let position = model.position
    let rest = position[2...] + model.velocity
    return rest.allSatisfy(healthyState) && healthyZ(position[1]) && healthyAngle(position[2])
  }

  return MuJoCoTask(
    id: "Hopper-v5",
    modelFile: options.xmlFile,
    frameSkip: options.frameSkip,
    maxEpisodeSteps: 1000,
    perturb: { position, velocity, stream in
      let scale = options.resetNoiseScale
      for index in position.indices { position[index] += stream.uniform(-scale, scale) }
      for index in velocity.indices { velocity[index] += stream.uniform(-scale, scale) }
    },
    observe: { model in
      let skipped = options.excludeCurrentPositionsFromObservation ? 1 : 0
      return model.position[skipped...] + model.velocity.map { min(max($0, -10), 10) }
    },
    measure: { [$0.position[0]] },
    judge: { step in
      let velocity = (step.after[0] - step.before[0]) / step.duration
      let forward = options.forwardRewardWeight * velocity
      let effort = options.ctrlCostWeight * step.action.reduce(0) { $0 + $1 * $1 }
      let healthy = isHealthy(step.model)
      let survive = healthy ? options.healthyReward : 0
      return .init(
        reward: forward + survive - effort,
        terminated: !healthy && options.terminateWhenUnhealthy,
        info: [
          "x_position": step.after[0], "x_velocity": velocity,
          "z_distance_from_origin": step.model.position[1] - step.model.initialPosition[1],
          "reward_forward": forward, "reward_ctrl": -effort, "reward_survive": survive,
        ])
    })
}

/// A test for low < x < high; throws unless `range` is two numbers in order.
func openInterval(_ range: [Double], _ name: String) throws -> (Double) -> Bool {
  guard range.count == 2, range[0] < range[1] else { throw UsageError("\(name) wants {low, high}, got \(range)") }
  let (low, high) = (range[0], range[1])
  return { low < $0 && $0 < high }
}
