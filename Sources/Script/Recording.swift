import Environments
import Files
import Glibc
import LuaBridge
import Runs
import Tensors

/// Whole episodes, step by step, of one environment.
private struct Recorder {
  /// The observation before each action, and what the action brought.
  var (observations, actions): ([[Double]], [[Double]]) = ([], [])
  var steps: [Step] = []
  var episodes: [(return: Double, length: Int)] = []

  /// One episode; `action` maps [1, observation] to [1, chunk, action], `show` sees the environment at the start and after every step.
  mutating func run(
    _ environment: any Environment, chunk: Int, action: (Tensor) throws -> Tensor, show: (any Environment) throws -> Void
  ) throws {
    let width = environment.actionSpace.count
    var observation = try environment.reset()
    var (sum, length, isRunning) = (0.0, 0, true)
    try show(environment)
    while isRunning {
      let given = try action(Tensor(observation.map { Float($0) }, shape: [1, observation.count]))
      guard given.count == chunk * width else {
        throw UsageError("\(environment.id) wants \(chunk) action\(chunk == 1 ? "" : "s") of \(width) numbers at a step, got the shape \(given.shape)")
      }
      let values = given.values.map(Double.init)
      for first in stride(from: 0, to: values.count, by: width) where isRunning {
        let taken = environment.actionSpace.clip(Array(values[first..<first + width]))
        let step = try environment.step(taken)
        observations.append(Array(observation.suffix(environment.frameSize)))
        actions.append(taken)
        steps.append(step)
        observation = step.observation
        (sum, length, isRunning) = (sum + step.reward, length + 1, !(step.terminated || step.truncated))
        try show(environment)
      }
    }
    episodes.append((sum, length))
  }

  /// The arrays of a data set, which dsrl.data.load reads, and beside them each number of the infos.
  func write(to path: String) throws {
    let count = steps.count
    func matrix(_ rows: [[Double]]) throws -> Tensor { try Tensor(rows.joined().map { Float($0) }, shape: [count, rows.first?.count ?? 0]) }
    func column(_ values: [Double]) -> Column { .floats(Tensor(values.map { Float($0) })) }
    var columns: [(String, Column)] = [
      ("observations", .floats(try matrix(observations))), ("actions", .floats(try matrix(actions))), ("rewards", column(steps.map(\.reward))),
      ("terminals", .flags(steps.map(\.terminated))), ("timeouts", .flags(steps.map(\.truncated))),
    ]
    for name in steps.first?.info.names ?? [] { columns.append(("infos/" + name, column(steps.map { $0.info[name] ?? .nan }))) }
    try NPZ.write(columns, to: path)
  }
}

extension Interpreter {
  /// dsrl.record.
  func installRecording(_ defined: EnvironmentDefinitions) {
    module("dsrl") { m in
      m.function("record", "(options: table) -> table",
        "Records whole episodes of one environment. env: Environment or id (an agent's own kind; one like it is made); agent, policy or actor, or a function(observations) -> actions under either name; episodes (1), seed (0), deterministic. path says what: .mp4, .gif or .webm a film, made by ffmpeg (where that is missing, a folder NAME-frames of PNG files, which a line on the error stream tells); .npz the trajectories as dsrl.data.load reads them, each number of the infos under infos/NAME. Films: width (640), height (480), fps (30). Returns {path =, form = \"film\" | \"frames\" | \"trajectories\", steps =, returns =, lengths =}.") {
        [unowned self] (options: LuaTable) throws -> LuaTable in try long { try record(options, defined) }
      }
    }
    registry.document("dsrl.record", options: [
      "agent": "Agent, or function(observations) -> actions", "policy": "Policy, or function(observations) -> actions", "actor": "Actor",
      "env": "Environment or id (an agent's own kind)", "episodes": "whole episodes (1)", "seed": "of the environment and of the noise (0)",
      "deterministic": "acts without noise (false; an actor's own)", "path": "file to write: .mp4, .gif, .webm or .npz",
      "width": "pixels of a film (640)", "height": "pixels of a film (480)", "fps": "images per second of a film (30)",
    ])
    registry.document("Environment:render", options: [
      "width": "pixels (640)", "height": "pixels (480)", "file": "writes a PNG too", "index": "which of several environments (1)",
    ])
  }

  private func record(_ options: LuaTable, _ defined: EnvironmentDefinitions) throws -> LuaTable {
    var table = options
    let path: String = try table.take("path")
    let seed: Int = try table.takeOptional("seed") ?? 0
    let episodes: Int = try table.takeOptional("episodes") ?? 1
    let env: LuaValue? = try table.takeOptional("env")
    let acting = try table.takeActing(["agent", "policy", "actor"], seed: seed)
    let isFilm = !path.lowercased().hasSuffix(".npz")
    let size = try PictureSize(&table)
    let rate: Double = try table.takeOptional("fps") ?? 30
    try table.finish()
    guard (1...100_000).contains(episodes) else { throw UsageError("episodes wants a number from 1 to 100000, got \(episodes)") }

    let recipe = try acting.recipe(env, defined)
    let environment = try recipe.make()
    let act = interruptible(acting.act)
    var recorder = Recorder()
    func run(_ show: (any Environment) throws -> Void) throws {
      for episode in 0..<episodes {
        environment.stream = RandomStream(seed: seed, purpose: "env", index: episode)
        try recorder.run(environment, chunk: recipe.chunk, action: act, show: show)
      }
    }
    guard isFilm else {
      try FileGuard.check("write", path)
      try run { _ in }
      try recorder.write(to: path)
      return recorder.table(path: path, form: "trajectories")
    }
    var video = try Video(path, framesPerSecond: rate)
    let outcome: Video.Outcome
    do {
      try run { environment in
        let image = try environment.render(width: size.width, height: size.height)
        try video.append(PNG.encode(image.pixels, width: image.width, height: image.height))
      }
      outcome = try video.write()
    } catch {
      try video.close()
      throw error
    }
    try video.close()
    guard case .frames(let folder) = outcome else { return recorder.table(path: path, form: "film") }
    Progress.standardError("record: ffmpeg is not installed (apt-get install ffmpeg); \(video.count) images are in \(folder)\n")
    return recorder.table(path: folder, form: "frames")
  }
}

extension Recorder {
  fileprivate func table(path: String, form: String) -> LuaTable {
    LuaTable([
      ("path", .string(path)), ("form", .string(form)), ("steps", .int(steps.count)),
      ("returns", .table(LuaTable(list: episodes.map { .number($0.return) }))), ("lengths", .table(LuaTable(list: episodes.map { .int($0.length) }))),
    ])
  }
}
