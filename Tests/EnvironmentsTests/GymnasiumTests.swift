import Environments
import Foundation
import Tensors
import Testing

/// Gymnasium's own trajectories, by scripts/fixtures/gymnasium_trajectories.py.
struct Trajectories: Decodable {
  struct Segment: Decodable {
    var options: Options?
    var position: [Double]?
    var velocity: [Double]?
    var state: [Double]?
    var actions: [[Double]]
    var observations: [[Double]]
    var rewards: [Double]
    var terminated: [Bool]
  }
  struct Options: Decodable {
    var terminate_when_unhealthy: Bool?
    var exclude_current_positions_from_observation: Bool?
    var forward_reward_weight: Double?
    var ctrl_cost_weight: Double?
    var healthy_reward: Double?
    var healthy_z_range: [Double]?
    var healthy_angle_range: [Double]?
  }
  var segments: [Segment]

  init(_ name: String, file: String = #filePath) throws {
    let url = URL(filePath: file).deletingLastPathComponent().appending(path: "Fixtures/\(name).json")
    self = try JSONDecoder().decode(Trajectories.self, from: Data(contentsOf: url))
  }
}

extension HopperOptions {
  init(_ options: Trajectories.Options?) {
    self.init()
    guard let options else { return }
    terminateWhenUnhealthy = options.terminate_when_unhealthy ?? terminateWhenUnhealthy
    excludeCurrentPositionsFromObservation = options.exclude_current_positions_from_observation ?? excludeCurrentPositionsFromObservation
    forwardRewardWeight = options.forward_reward_weight ?? forwardRewardWeight
    ctrlCostWeight = options.ctrl_cost_weight ?? ctrlCostWeight
    healthyReward = options.healthy_reward ?? healthyReward
    healthyZRange = options.healthy_z_range ?? healthyZRange
    healthyAngleRange = options.healthy_angle_range ?? healthyAngleRange
  }
}

@Suite struct GymnasiumTests {
  @Test func hopperFollowsGymnasium() throws {
    let segments = try Trajectories("hopper").segments
    #expect(segments[0].rewards.count == 1000)
    var worst = 0.0
    for (number, segment) in segments.enumerated() {
      let hopper = try MuJoCoEnvironment(hopper(HopperOptions(segment.options)))
      _ = try hopper.start(position: #require(segment.position), velocity: #require(segment.velocity))
      for (index, action) in segment.actions.enumerated() {
        let step = try hopper.step(action)
        let differences = zip(step.observation, segment.observations[index]).map { abs($0 - $1) } + [abs(step.reward - segment.rewards[index])]
        worst = max(worst, differences.max() ?? .infinity)
        #expect(step.observation.count == segment.observations[index].count)
        #expect(step.terminated == segment.terminated[index], "segment \(number), step \(index)")
        #expect(step.info["reward_forward"]! + step.info["reward_ctrl"]! + step.info["reward_survive"]! - step.reward < 1e-12)
      }
    }
    print("Hopper-v5: largest difference from Gymnasium \(worst)")
    #expect(worst <= 1e-9)
  }

  /// Gymnasium rounds the observations to float32.
  @Test func pendulumFollowsGymnasium() throws {
    var (worstReward, worstObservation) = (0.0, 0.0)
    for segment in try Trajectories("pendulum").segments {
      let pendulum = Pendulum()
      let state = try #require(segment.state)
      _ = pendulum.start(angle: state[0], speed: state[1])
      for (index, action) in segment.actions.enumerated() {
        let step = try pendulum.step(action)
        worstReward = max(worstReward, abs(step.reward - segment.rewards[index]))
        for (ours, theirs) in zip(step.observation, segment.observations[index]) { worstObservation = max(worstObservation, abs(ours - theirs)) }
        #expect(!step.terminated)
      }
    }
    print("Pendulum-v1: largest difference from Gymnasium \(worstReward) in reward, \(worstObservation) in observation")
    #expect(worstReward <= 1e-9)
    #expect(worstObservation <= 3e-7)
  }

  @Test(arguments: [("Hopper-v5", 11, 3, 1000, 1.0), ("Noise-v0", 11, 3, 1000, 1), ("Pendulum-v1", 3, 1, 200, 2), ("PointFork-v0", 2, 2, 60, 1)])
  func spacesAndLimits(id: String, observation: Int, action: Int, limit: Int, bound: Double) throws {
    let environment = try Environments.make(id)
    #expect(environment.observationSpace.count == observation)
    #expect(environment.actionSpace == Box(symmetric: bound, count: action))
    #expect(environment.maxEpisodeSteps == limit)
    var stream = RandomStream(seed: 1)
    let first = try environment.reset(seed: 3)
    #expect(environment.observationSpace.contains(first))
    let step = try environment.step(environment.actionSpace.sample(using: &stream))
    #expect(environment.observationSpace.contains(step.observation))
  }

  @Test func resetsStayInTheirNoise() throws {
    let environment = try Environments.make("Hopper-v5")
    let start = [1.25, 0, 0, 0, 0] + [Double](repeating: 0, count: 6)
    for seed in 0..<20 {
      let observation = try environment.reset(seed: seed)
      for (value, middle) in zip(observation, start) { #expect(abs(value - middle) <= 5e-3) }
    }
  }
}
