import Environments
import Files
import Foundation
import Tensors
import Testing

/// Gymnasium's episodes in every MuJoCo task under several sets of options, by scripts/fixtures/gymnasium_trajectories.py.
struct TaskEpisodes: Decodable {
  struct Set: Decodable {
    let options: [String: JSONValue]
    /// Names of the numbers that its info holds.
    let info: [String]
    /// Steps from one whole observation to the next.
    let every: Int
  }
  let tasks: [String: [Set]]

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

  init() throws { self = try JSONDecoder().decode(TaskEpisodes.self, from: Data(contentsOf: TaskEpisodes.folder.appending(path: "mujoco.json"))) }

  /// The rows of one array.
  static func rows(_ id: String, _ key: String) throws -> [[Double]] {
    let (values, shape) = try NPZ.doubles(folder.appending(path: "mujoco/\(id).npz").path, key: key)
    let width = shape.dropFirst().reduce(1, *)
    return (0..<shape[0]).map { Array(values[$0 * width..<($0 + 1) * width]) }
  }
}

@Suite struct MuJoCoTaskTests {
  private func make<Options: EnvironmentOptions>(_ type: Options.Type, _ changes: [String: JSONValue]) throws -> MuJoCoEnvironment {
    try #require(Options(changes).make() as? MuJoCoEnvironment)
  }

  @Test(arguments: [
    "Ant-v5", "HalfCheetah-v5", "Hopper-v5", "Humanoid-v5", "HumanoidStandup-v5", "InvertedDoublePendulum-v5", "InvertedPendulum-v5", "Pusher-v5",
    "Reacher-v5", "Swimmer-v5", "Walker2d-v5",
  ]) func followsGymnasium(id: String) throws {
    let sets = try #require(try TaskEpisodes().tasks[id])
    #expect(sets.count >= 2)
    var worst = 0.0
    for (number, set) in sets.enumerated() {
      func rows(_ key: String) throws -> [[Double]] { try TaskEpisodes.rows(id, "\(number)_\(key)") }
      let (actions, rewards, terminated, sums) = (try rows("actions"), try rows("rewards"), try rows("terminated"), try rows("sums"))
      let (starts, positions, velocities) = (try rows("starts"), try rows("positions"), try rows("velocities"))
      let (observations, infos) = (try rows("observations"), try rows("infos"))
      #expect(actions.count >= (number == 0 ? 1000 : 500))

      let environment = try make(Environments.optionsType(of: id), set.options)
      var episode = 0
      for step in actions.indices {
        if episode < starts.count, Int(starts[episode][0]) == step {
          _ = try environment.start(position: positions[episode], velocity: velocities[episode])
          episode += 1
        }
        let result = try environment.step(actions[step].map { $0 / 1000 })
        worst = max(worst, abs(result.reward - rewards[step][0]))
        #expect(result.terminated == (terminated[step][0] == 1), "set \(number), step \(step)")
        let weighted = result.observation.enumerated().map { $1 * cos(Double($0)) }
        let size = weighted.reduce(1) { max($0, abs($1)) }
        worst = max(worst, abs(weighted.reduce(0, +) - sums[step][0]) / size)
        guard step % set.every == 0 else { continue }
        let row = step / set.every
        try #require(result.observation.count == observations[row].count)
        for (ours, theirs) in zip(result.observation, observations[row]) { worst = max(worst, abs(ours - theirs)) }
        #expect(Swift.Set(result.info.names) == Swift.Set(set.info))
        for (name, value) in zip(set.info, infos[row]) { worst = max(worst, abs(try #require(result.info[name], "\(name)") - value)) }
      }
      #expect(episode == starts.count)
    }
    print("\(id): largest difference from Gymnasium \(worst)")
    #expect(worst <= 1e-9)
  }

  /// What Gymnasium documents and leaves out of its arithmetic.
  @Test func theWeightOfStandingUpCounts() throws {
    var options = HumanoidStandupOptions()
    let plain = try MuJoCoEnvironment(options)
    options.uphCostWeight = 3
    let weighted = try MuJoCoEnvironment(options)
    _ = try (plain.reset(seed: 1), weighted.reset(seed: 1))
    let action = [Double](repeating: 0.1, count: 17)
    let (one, three) = (try plain.step(action), try weighted.step(action))
    #expect(one.info["reward_linup"].map { 3 * $0 } == three.info["reward_linup"])
    #expect(one.info["reward_impact"] == three.info["reward_impact"])
  }

  @Test func unfitOptionsAndModelsAreExplained() throws {
    var options = AntOptions()
    options.mainBody = .name("head")
    #expect(message { _ = try MuJoCoEnvironment(options) }.hasSuffix("ant.xml has no body 'head'"))
    options.mainBody = .index(14)
    #expect(message { _ = try MuJoCoEnvironment(options) }.hasSuffix("have the numbers 0 to 13, got 14"))
    options.mainBody = .index(1)
    options.contactForceRange = [1]
    #expect(message { _ = try MuJoCoEnvironment(options) } == "contact_force_range wants {low, high}, got [1.0]")
    options.contactForceRange = [-1, 1]
    options.resetNoiseScale = -1
    #expect(message { _ = try MuJoCoEnvironment(options) } == "reset_noise_scale wants no negative number, got -1.0")
    options.resetNoiseScale = 0
    options.frameSkip = 1 << 40
    #expect(message { _ = try MuJoCoEnvironment(options) } == "frame_skip wants 1 to 10000, got \(1 << 40)")
    var pusher = PusherOptions()
    pusher.xmlFile = "hopper.xml"
    #expect(message { _ = try MuJoCoEnvironment(pusher) }.contains("the task wants a model with 11 numbers of position or more"))
    var pendulum = InvertedDoublePendulumOptions()
    pendulum.xmlFile = "reacher.xml"
    #expect(message { _ = try MuJoCoEnvironment(pendulum) }.contains("numbers of firstSite or more"))
  }

  /// Every pair of a task and another's model works or says why not.
  @Test func anyModelIsTriedWithoutACrash() throws {
    let models = ["hopper", "ant", "humanoid", "swimmer", "reacher", "pusher_v5", "inverted_pendulum", "inverted_double_pendulum", "point"]
    for id in try TaskEpisodes().tasks.keys {
      for model in models {
        let text = message {
          let environment = try make(Environments.optionsType(of: id), ["xml_file": .text(model + ".xml")])
          _ = try environment.reset(seed: 1)
          _ = try environment.step(environment.actionSpace.low.map { $0.isFinite ? $0 : 0 })
        }
        #expect(text == "no error" || text.contains("wants a model") || text.contains("has no body"), "\(id) on \(model): \(text)")
      }
    }
  }
}
