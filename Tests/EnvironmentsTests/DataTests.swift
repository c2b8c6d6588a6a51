import Environments
import Files
import Foundation
import Tensors
import Testing

@Suite struct DataTests {
  private func data(_ terminals: [Bool], _ timeouts: [Bool]) throws -> DataSet {
    let count = terminals.count
    return try DataSet(
      observations: Tensor((0..<2 * count).map { Float($0) }, shape: [count, 2]), actions: Tensor.zeros([count, 1]),
      rewards: Tensor((1...count).map { Float($0) }), terminals: terminals, timeouts: timeouts)
  }

  @Test func episodesAndWindows() throws {
    let set = try data(
      [false, false, false, true, false, false, false, false], [false, false, false, false, false, true, false, false])
    #expect(set.episodes.map(\.range) == [0..<4, 4..<6, 6..<8])
    #expect(set.episodes.map(\.return) == [10, 11, 15])
    #expect(set.episodes.map(\.terminated) == [true, false, false])
    #expect(try set.windows(horizon: 1) == Array(0..<8))
    #expect(try set.windows(horizon: 2) == [0, 1, 2, 4, 6])
    #expect(try set.windows(horizon: 3) == [0, 1])
    #expect(message { _ = try set.windows(horizon: 5) } == "no episode is as long as the horizon 5; the longest has 4 steps")
    #expect(message { _ = try set.windows(horizon: 0) } == "horizon wants a positive number, got 0")
    // Chunks of 3 whose first action is the step before, and chunks that end one step after the episode.
    #expect(try set.windows(horizon: 3, actionOffset: 1) == [0, 1, 2, 4, 6])
    #expect(try set.windows(horizon: 3, padAfter: 1) == [0, 1, 2, 4, 6])
    #expect(try set.windows(horizon: 3, actionOffset: 1, padAfter: 2) == Array(0..<8))
    #expect(try set.windows(horizon: 5, padAfter: 1) == [0])
    #expect(
      message { _ = try set.windows(horizon: 6, padAfter: 1) } == "no episode is as long as the 5 steps that are left of the horizon 6; the longest has 4 steps")
    #expect(message { _ = try set.windows(horizon: 2, actionOffset: 2) } == "action_offset wants a number from 0 to 1, got 2")
    #expect(message { _ = try set.windows(horizon: 2, padAfter: 2) } == "pad_after wants a number from 0 to 1, got 2")
    #expect(set.observationStatistics[1].minimum == 1 && set.observationStatistics[1].maximum == 15)
    #expect(set.observationStatistics[0].mean == 7)
    #expect(set.returnStatistics.mean == 12)
    #expect("\(set)" == "DataSet(8 steps, 3 episodes, observation 2, action 1, return 12.0 ± 2.16)")
  }

  @Test func unfitDataAreRefused() throws {
    let (four, flags) = (Tensor.zeros([4, 1]), [Bool](repeating: false, count: 4))
    func attempt(_ observations: Tensor, _ actions: Tensor, _ rewards: Tensor, _ timeouts: [Bool]) -> String {
      message { _ = try DataSet(observations: observations, actions: actions, rewards: rewards, terminals: flags, timeouts: timeouts) }
    }
    #expect(attempt(Tensor.zeros([4]), four, Tensor.zeros([4]), flags) == "observations want the shape [steps, size], got [4]")
    #expect(attempt(four, Tensor.zeros([3, 1]), Tensor.zeros([4]), flags) == "actions want the shape [4, size], got [3, 1]")
    #expect(attempt(four, four, Tensor.zeros([5]), flags) == "rewards want the shape [4], got [5]")
    #expect(attempt(four, four, Tensor.zeros([4]), [true]) == "timeouts want the shape [4], got [1]")
    #expect(attempt(four, Tensor.full(.nan, [4, 1]), Tensor.zeros([4]), flags) == "actions hold nan at step 1")
  }

  @Test func savedAndLoaded() throws {
    let path = NSTemporaryDirectory() + "data-\(UUID()).npz"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let set = try PointForkOptions().demonstrate(episodes: 5, seed: 3)
    try set.save(path)
    let loaded = try DataSet.load(path)
    #expect(loaded.observations.values == set.observations.values && loaded.observations.shape == set.observations.shape)
    #expect(loaded.actions.values == set.actions.values && loaded.rewards.values == set.rewards.values)
    #expect(loaded.terminals == set.terminals && loaded.timeouts == set.timeouts && loaded.episodes == set.episodes)
  }

  /// What others write: flags as numbers, columns as matrices, arrays we do not ask for; and what is wrong with some of it.
  @Test func foreignFiles() throws {
    let path = NSTemporaryDirectory() + "data-\(UUID()).npz"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func attempt(_ changes: [String: Tensor?]) throws -> String {
      var arrays: [String: Tensor] = [
        "observations": .zeros([3, 2]), "actions": .zeros([3, 1]), "rewards": .zeros([3, 1]), "terminals": .ones([3, 1]),
        "timeouts": .zeros([3]), "infos": .zeros([7]),
      ]
      for (key, value) in changes { arrays[key] = value }
      try NPZ.write(arrays.map { ($0, $1) }, to: path)
      return message { _ = try DataSet.load(path) }
    }
    #expect(try attempt([:]) == "no error")
    #expect(try DataSet.load(path).episodes.count == 3)
    #expect(
      try attempt(["timeouts": nil]) == "'\(path)' has no array 'timeouts'; it has actions, infos, observations, rewards, terminals. max_episode_steps says after how many steps its episodes were cut off")
    #expect(try attempt(["rewards": .zeros([4])]) == "'\(path)': rewards want 3 rows as observations have, got shape [4]")
    #expect(try attempt(["terminals": .zeros([3, 2])]) == "'\(path)': terminals want the shape [steps], got [3, 2]")
    #expect(try attempt(["terminals": .full(0.5, [3])]) == "'\(path)': terminals want 0 or 1, got 0.5 at step 1")
    #expect(try attempt(["observations": Tensor([0, 0, 0, 0, .nan, 0], shape: [3, 2])]) == "'\(path)': observations hold nan at step 3")
    #expect(message { _ = try DataSet.load("/nowhere.npz") }.contains("/nowhere.npz"))
  }

  @Test func collectingCountsEveryStep() throws {
    let vector = try VectorEnvironment(count: 3, chunk: 4, seed: 2) { _ in try Environments.make("Hopper-v5") }
    var stream = RandomStream(seed: 1)
    let set = try collect(from: vector, steps: 500) { _ in try Tensor.uniform([3, 4, 3], -2, 2, using: &stream) }
    #expect(set.count == vector.environmentSteps)
    #expect((500..<512).contains(set.count))
    #expect(set.actions.values.allSatisfy { abs($0) <= 1 })
    #expect(set.episodes.count > 3)
    #expect(set.episodes.last?.range.upperBound == set.count)
    let observations = set.observations.values
    for episode in set.episodes { #expect(abs(observations[episode.range.lowerBound * 11] - 1.25) <= 5.001e-3) }
  }

  @Test func demonstrationsPassOnBothSides() throws {
    let set = try PointForkOptions().demonstrate(episodes: 2000, seed: 1)
    #expect(set.episodes.count == 2000)
    let share = set.returnStatistics.mean
    let ends = set.episodes.map { set.observations.values[2 * ($0.range.upperBound - 1)] }
    let unfinished = Double(ends.count { $0 < 1.8 }) / 2000
    let lengths = set.lengthStatistics
    // Where the first chunk of four leads: away from the middle, or the choice would not be made in it.
    let values = set.observations.values
    let afterOneChunk = set.episodes.map { values[2 * ($0.range.lowerBound + 4) + 1] }
    let decided = Double(afterOneChunk.count { abs($0) > 0.15 }) / 2000
    print("PointFork: \(share) on the paying side, \(unfinished) not past the obstacle, lengths \(lengths.minimum)-\(lengths.maximum), decided \(decided)")
    #expect((0.45...0.55).contains(share))
    #expect(unfinished < 0.03)
    #expect((20...40).contains(lengths.mean) && lengths.maximum <= 45)
    #expect(decided > 0.95)
  }

  /// By hand: straight on into the obstacle; round it on either side; over the wall.
  @Test(arguments: [
    (PointForkOptions.Side.left, [[1.0, 0.0]], 0.0, 1.0), (.left, [[0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [1, 0]], 1, 0),
    (.right, [[0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [1, 0]], 0, 0),
    (.right, [[0, -1], [0, -1], [0, -1], [0, -1], [0, -1], [0, -1], [1, 0]], 1, 0), (.left, [[0, 1]], 0, 0),
  ])
  func pointForkPaysOneSide(paying: PointForkOptions.Side, commands: [[Double]], reward: Double, collision: Double) throws {
    var options = PointForkOptions()
    options.payingSide = paying
    let environment = try Environments.make("PointFork-v0", options)
    _ = try environment.reset(seed: 1)
    var total = 0.0
    for index in 0..<60 {
      let step = try environment.step(commands[min(index, commands.count - 1)])
      total += step.reward
      guard step.terminated else { continue }
      #expect(total == reward)
      #expect(step.info["success"] == reward)
      #expect(step.info["collision"] == collision)
      return
    }
    Issue.record("the episode did not end")
  }

  /// A line farther away is crossed later, by demonstrators too, and episodes may last longer.
  @Test func pointForkPaysAtTheLineThatIsSaid() throws {
    var options = PointForkOptions()
    options.finishLine = 4
    let environment = try Environments.make("PointFork-v0", options)
    #expect(environment.observationSpace.high[0] == 4.1 && environment.maxEpisodeSteps == 120)
    _ = try environment.reset(seed: 1)
    var steps = 0
    while steps < 120 {
      let step = try environment.step(steps < 6 ? [0, 1] : [1, 0])
      steps += 1
      #expect(step.reward == (step.terminated ? 1 : 0))
      if step.terminated { break }
    }
    #expect((46...47).contains(steps))  // 6 to the side, and 4 ± 0.05 at 0.1 a step
    let set = try options.demonstrate(episodes: 300, seed: 1)
    #expect((0.42...0.58).contains(set.returnStatistics.mean) && set.lengthStatistics.mean > 45)
    options.finishLine = 1
    #expect(throws: UsageError.self) { try PointFork(options) }
  }
}

/// DPPO's train.npz.
struct DPPODataTests {
  private func withFile(_ lengths: [Float], _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/dsrl-train-\(UInt64.random(in: 0 ... .max)).npz"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let steps = (0..<5).map(Float.init)
    try NPZ.write(
      [("states", Tensor((0..<10).map(Float.init), shape: [5, 2])), ("actions", Tensor(steps, shape: [5, 1])), ("rewards", Tensor(steps)),
        ("terminals", Tensor([0, 1, 0, 0, 0])), ("traj_lengths", Tensor(lengths))], to: path)
    try body(path)
  }

  @Test func readsTrajectories() throws {
    try withFile([2, 3]) { path in
      let data = try DataSet.load(path)
      #expect(data.observations.values == (0..<10).map(Float.init))
      #expect(data.episodes.map(\.range) == [0..<2, 2..<5])
      #expect(data.episodes.map(\.return) == [1, 9])
      #expect(data.terminals == [false, true, false, false, false])
      #expect(data.timeouts == [false, false, false, false, true])
    }
  }

  @Test(arguments: [[2, 2], [2, 4], [-1, 6], [2.5, 2.5], [5, 0]]) func refusesLengthsThatDoNotFit(_ lengths: [Float]) throws {
    try withFile(lengths) { path in #expect(throws: UsageError.self) { try DataSet.load(path) } }
  }
}
