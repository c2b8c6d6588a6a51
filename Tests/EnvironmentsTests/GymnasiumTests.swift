import Environments
import Foundation
import Tensors
import Testing

/// Gymnasium's own trajectories, by scripts/fixtures/gymnasium_trajectories.py.
struct Trajectories: Decodable {
  struct Segment: Decodable {
    var options: [String: JSONValue]?
    var position: [Double]?
    var velocity: [Double]?
    var state: [Double]?
    var actions: [[Double]]
    var observations: [[Double]]
    var rewards: [Double]
    var terminated: [Bool]
  }
  var segments: [Segment]

  init(_ name: String, file: String = #filePath) throws {
    let url = URL(filePath: file).deletingLastPathComponent().appending(path: "Fixtures/\(name).json")
    self = try JSONDecoder().decode(Trajectories.self, from: Data(contentsOf: url))
  }
}

/// A number, a truth value, a text or a list of them, as the stored options have them.
enum JSONValue: Codable {
  case bool(Bool), number(Double), text(String), list([JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) { self = .bool(value); return }
    if let value = try? container.decode(Double.self) { self = .number(value); return }
    if let value = try? container.decode([JSONValue].self) { self = .list(value); return }
    self = .text(try container.decode(String.self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    }
  }
}

extension EnvironmentOptions {
  /// The defaults with `changes` laid over, by Gymnasium's names; infinity is the text "inf".
  init(_ changes: [String: JSONValue]) throws {
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var all = try decoder.decodeValues(encoder.encode(Self()))
    for (name, value) in changes {
      #expect(all[name] != nil, "\(Self.self) has no \(name)")
      all[name] = value
    }
    self = try decoder.decode(Self.self, from: encoder.encodeValues(all))
  }
}

extension JSONDecoder {
  /// Under the names as they are written.
  fileprivate func decodeValues(_ data: Data) throws -> [String: JSONValue] { try JSONDecoder().decode([String: JSONValue].self, from: data) }
}

extension JSONEncoder {
  fileprivate func encodeValues(_ values: [String: JSONValue]) throws -> Data { try JSONEncoder().encode(values) }
}

@Suite struct GymnasiumTests {
  @Test func hopperFollowsGymnasium() throws {
    let segments = try Trajectories("hopper").segments
    #expect(segments[0].rewards.count == 1000)
    var worst = 0.0
    for (number, segment) in segments.enumerated() {
      let hopper = try MuJoCoEnvironment(HopperOptions(segment.options ?? [:]))
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

  /// Gymnasium computes in float32 where an action is clipped.
  @Test func mountainCarFollowsGymnasium() throws {
    var (worstReward, worstObservation) = (0.0, 0.0)
    for segment in try Trajectories("mountain_car").segments {
      let car = MountainCarContinuous()
      let state = try #require(segment.state)
      _ = car.start(position: state[0], velocity: state[1])
      for (index, action) in segment.actions.enumerated() {
        let step = try car.step(action)
        worstReward = max(worstReward, abs(step.reward - segment.rewards[index]))
        for (ours, theirs) in zip(step.observation, segment.observations[index]) { worstObservation = max(worstObservation, abs(ours - theirs)) }
        #expect(step.terminated == segment.terminated[index])
      }
      #expect(segment.terminated.last == true)
    }
    print("MountainCarContinuous-v0: largest difference from Gymnasium \(worstReward) in reward, \(worstObservation) in observation")
    #expect(worstReward <= 1e-9)
    #expect(worstObservation <= 1e-6)
    var options = MountainCarContinuousOptions()
    options.goalVelocity = 0.05
    let slow = MountainCarContinuous(options)
    _ = slow.start(position: 0.44, velocity: 0.03)
    #expect(try !slow.step([1]).terminated)
  }

  @Test(arguments: [
    ("Hopper-v5", 11, 3, 1000, 1.0), ("Noise-v0", 11, 3, 1000, 1), ("Pendulum-v1", 3, 1, 200, 2), ("PointFork-v0", 2, 2, 60, 1),
    ("MountainCarContinuous-v0", 2, 1, 999, 1), ("Walker2d-v5", 17, 6, 1000, 1), ("HalfCheetah-v5", 17, 6, 1000, 1), ("Ant-v5", 105, 8, 1000, 1),
    ("Humanoid-v5", 348, 17, 1000, 0.4), ("HumanoidStandup-v5", 348, 17, 1000, 0.4), ("Swimmer-v5", 8, 2, 1000, 1), ("Reacher-v5", 10, 2, 50, 1),
    ("Pusher-v5", 23, 7, 100, 2), ("InvertedPendulum-v5", 4, 1, 1000, 3), ("InvertedDoublePendulum-v5", 9, 1, 1000, 1),
  ])
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
