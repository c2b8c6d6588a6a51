import Environments
import Foundation
import Tensors
import Testing

/// The message of the UsageError that `body` throws.
func message(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return "no error"
}

@Suite struct EpisodeTests {
  /// Starts anew where an episode ends.
  private func rollOut(_ environment: any Environment, steps: Int, actions: inout RandomStream) throws -> [Step] {
    try (0..<steps).map { _ in
      var step = try environment.step(environment.actionSpace.sample(using: &actions))
      if step.terminated || step.truncated { step.observation += try environment.reset() }
      return step
    }
  }

  @Test(arguments: Environments.ids) func sameSeedSameEpisode(id: String) throws {
    func episode(_ seed: Int) throws -> [Step] {
      let environment = try Environments.make(id)
      _ = try environment.reset(seed: seed)
      var actions = RandomStream(seed: 5)
      return try rollOut(environment, steps: 5, actions: &actions)
    }
    #expect(try episode(1) == episode(1))
    #expect(try episode(1) != episode(2))
    let environment = try Environments.make(id)
    let first = try environment.reset(seed: 1)
    #expect(try environment.reset(seed: nil) != first)
    #expect(try environment.reset(seed: 1) == first)
  }

  /// Into an environment that has lived another life, by way of JSON.
  @Test(arguments: Environments.ids) func restoredMidEpisodeToTheBit(id: String) throws {
    let original = try Environments.make(id)
    _ = try original.reset(seed: 1)
    var actions = RandomStream(seed: 5)
    _ = try rollOut(original, steps: 6, actions: &actions)
    let state = try JSONDecoder().decode(EnvironmentState.self, from: JSONEncoder().encode(original.state))
    #expect(try state == original.state)

    let other = try Environments.make(id)
    _ = try other.reset(seed: 8)
    var otherActions = RandomStream(seed: 17)
    _ = try rollOut(other, steps: 3, actions: &otherActions)
    try other.restore(state)
    var sameActions = actions
    #expect(try rollOut(original, steps: 40, actions: &actions) == rollOut(other, steps: 40, actions: &sameActions))
    #expect(try original.reset() == other.reset())
    #expect(try original.state == other.state)
  }

  @Test func timeLimitTruncatesAndNothingElse() throws {
    let environment = try Environments.make("Pendulum-v1", maxEpisodeSteps: 3)
    _ = try environment.reset(seed: 1)
    let steps = try (0..<3).map { _ in try environment.step([0]) }
    #expect(steps.map(\.truncated) == [false, false, true])
    #expect(steps.allSatisfy { !$0.terminated })
    #expect(message { _ = try environment.step([0]) } == "the episode of Pendulum-v1 is over; reset it first")
  }

  @Test func mistakesAreExplained() throws {
    let environment = try Environments.make("Hopper-v5")
    #expect(message { _ = try environment.step([0, 0, 0]) } == "Hopper-v5 wants a reset before its first step")
    _ = try environment.reset(seed: 1)
    #expect(message { _ = try environment.step([0, 0]) } == "Hopper-v5 wants an action of 3 numbers, got 2")
    _ = try environment.reset(seed: 1)
    #expect(message { _ = try environment.step([0, .nan, 0]) } == "Hopper-v5 wants an action of finite numbers, got [0.0, nan, 0.0]")
    #expect(
      message { _ = try Environments.make("hoper-v4") }
        == "there is no environment hoper-v4; did you mean Hopper-v5? There are \(Environments.ids.joined(separator: ", "))")
    #expect(message { _ = try Environments.make("Hopper-v5", PendulumOptions()) } == "Hopper-v5 wants HopperOptions, got PendulumOptions")
    #expect(message { _ = try Environments.make("Pendulum-v1", maxEpisodeSteps: 0) }.contains("wants a positive number, got 0"))
    var options = HopperOptions()
    options.healthyZRange = [2, 1]
    #expect(message { _ = try Environments.make("Hopper-v5", options) } == "healthy_z_range wants {low, high}, got [2.0, 1.0]")
    options = HopperOptions()
    options.xmlFile = "hoppper.xml"
    #expect(message { _ = try Environments.make("Hopper-v5", options) }.contains("run scripts/setup"))
    let pendulum = try Environments.make("Pendulum-v1")
    _ = try pendulum.reset()
    #expect(message { try environment.restore(pendulum.state) } == "this state is of Pendulum-v1, wanted one of Hopper-v5")
  }

  @Test func mujocoSpeaksInErrors() throws {
    let path = NSTemporaryDirectory() + "broken-\(getpid()).xml"
    try "<mujoco><worldbody><geom type='cube'/></worldbody></mujoco>".write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let text = message { _ = try MuJoCoModel(path: path) }
    #expect(text.hasPrefix("MuJoCo cannot read \(path): XML Error") && text.contains("cube"))
    #expect(message { _ = try MuJoCoModel(path: "/nowhere.xml") }.hasPrefix("MuJoCo cannot read /nowhere.xml: "))
  }

  /// Twenty boxes on the floor and too little memory for their contacts: MuJoCo would end the process, or leave contacts out.
  @Test(arguments: [
    (40_000, "MuJoCo: mj_stackAlloc: out of memory"), (120_000, "MuJoCo: mj_stackAlloc: out of memory"),
    (60_000, "the simulation went bad; MuJoCo: Insufficient arena memory"), (1_000_000, "no error"),
  ])
  func fatalErrorsOfMuJoCoAreThrown(memory: Int, expected: String) throws {
    let path = NSTemporaryDirectory() + "boxes-\(memory)-\(getpid()).xml"
    let boxes = (0..<20).map { "<body pos='\($0) 0 0.05'><freejoint/><geom type='box' size='0.1 0.1 0.1'/></body>" }.joined()
    let model = "<mujoco><size memory='\(memory)'/><worldbody><geom type='plane' size='1 1 1'/>\(boxes)</worldbody></mujoco>"
    try model.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    for _ in 0..<2 {
      let text = message {
        let model = try MuJoCoModel(path: path)
        try model.reset(position: model.initialPosition, velocity: [Double](repeating: 0, count: model.velocityCount))
        try model.step(control: [], count: 1)
      }
      #expect(text.hasPrefix(expected), "\(text)")
    }
  }

  /// MuJoCo would put the model back to its start in silence.
  @Test func badPhysicsEndsInAnError() throws {
    let hopper = try MuJoCoEnvironment(HopperOptions())
    _ = try hopper.start(position: [0, 1.25, 0, 0, 0, 0], velocity: [0, 0, 0, 0, 0, 0])
    _ = try hopper.start(position: [0, 1.25, 0, 0, 0, 0], velocity: [0, 0, 0, 0, 0, 1e30])
    #expect(message { _ = try hopper.step([0, 0, 0]) }.contains("the simulation went bad; MuJoCo: Nan, Inf or huge value in QVEL"))
    #expect(message { _ = try hopper.start(position: [0], velocity: []) } == "the model's position has 6 numbers, got 1")
    _ = try hopper.start(position: [0, 1.25, 0, 0, 0, 0], velocity: [0, 0, 0, 0, 0, 0])
    #expect(try hopper.step([0, 0, 0]).observation.allSatisfy { $0.isFinite })
  }

  @Test func boxes() throws {
    let box = try Box(low: [-1, 0, -.infinity, -.infinity], high: [1, .infinity, 3, .infinity])
    var stream = RandomStream(seed: 3)
    for _ in 0..<200 { #expect(box.contains(box.sample(using: &stream))) }
    #expect(box.clip([-5, -5, 5, 5]) == [-1, 0, 3, 5])
    #expect(!box.contains([0, 0, 0]))
    #expect(!box.contains([.nan, 0, 0, 0]))
    #expect("\(Box(symmetric: 1, count: 3))" == "Box(3 in [-1, 1])")
    #expect(message { _ = try Box(low: [0, 2], high: [1, 1]) } == "a box wants low <= high, got 2.0 and 1.0 at element 2")
    #expect(message { _ = try Box(low: [0], high: []) } == "a box wants as many upper ends as lower ones, got 0 and 1")
  }
}
