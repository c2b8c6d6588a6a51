import Tensors

/// The options of one kind of environment: defaults in its properties, and how to make it.
public protocol EnvironmentOptions: Codable, Sendable {
  init()
  /// The bare environment, without its time limit.
  func make() throws -> any Environment
  /// That many, which may share what none of them changes.
  func make(_ count: Int) throws -> [any Environment]
}

extension EnvironmentOptions {
  public func make(_ count: Int) throws -> [any Environment] { try (0..<count).map { _ in try make() } }
}

/// The environments there are, by id.
public enum Environments {
  /// The options' type under each id; adding an environment is one line here.
  private static let kinds: [(id: String, options: any EnvironmentOptions.Type)] = [
    ("Ant-v5", AntOptions.self),
    ("Driving-v0", DrivingOptions.self),
    ("HalfCheetah-v5", HalfCheetahOptions.self),
    ("Hopper-v5", HopperOptions.self),
    ("Humanoid-v5", HumanoidOptions.self),
    ("HumanoidStandup-v5", HumanoidStandupOptions.self),
    ("InvertedDoublePendulum-v5", InvertedDoublePendulumOptions.self),
    ("InvertedPendulum-v5", InvertedPendulumOptions.self),
    ("MountainCarContinuous-v0", MountainCarContinuousOptions.self),
    ("Noise-v0", NoiseOptions.self),
    ("Pendulum-v1", PendulumOptions.self),
    ("PointFork-v0", PointForkOptions.self),
    ("PointMaze-v0", PointMazeOptions.self),
    ("Pusher-v5", PusherOptions.self),
    ("PushT-v0", PushTOptions.self),
    ("Reacher-v5", ReacherOptions.self),
    ("Swimmer-v5", SwimmerOptions.self),
    ("Walker2d-v5", Walker2dOptions.self),
  ]

  /// Every id that `make` knows.
  public static var ids: [String] { kinds.map(\.id) }

  /// The type of the options that `make` takes for `id`; throws for an unknown id, naming the nearest among these and `others`.
  public static func optionsType(of id: String, beside others: [String] = []) throws -> any EnvironmentOptions.Type {
    if let kind = kinds.first(where: { $0.id == id }) { return kind.options }
    let ids = others + ids
    let nearest = ids.min { distance($0, id) < distance($1, id) } ?? ""
    throw UsageError("there is no environment \(id); did you mean \(nearest)? There are \(ids.joined(separator: ", "))")
  }

  /// An environment with its time limit; nil for the defaults of the task.
  public static func make(
    _ id: String, _ options: (any EnvironmentOptions)? = nil, maxEpisodeSteps: Int? = nil
  ) throws -> TimeLimit {
    let type = try optionsType(of: id)
    let options = options ?? type.init()
    guard Swift.type(of: options) == type else { throw UsageError("\(id) wants \(type), got \(Swift.type(of: options))") }
    let environment = try options.make()
    return try TimeLimit(environment, maxEpisodeSteps: maxEpisodeSteps ?? environment.maxEpisodeSteps)
  }

  /// Levenshtein's distance, without regard to case.
  private static func distance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first.lowercased()), Array(second.lowercased()))
    var row = Array(0...second.count)
    for (i, a) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in second.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
        diagonal = above
      }
    }
    return row[second.count]
  }
}
