import Glibc
import Tensors

/// Whether the initial noise of a policy is worth steering: how much it decides, in how many directions, and how far it may go. Measured before any
/// learning, by decoding alone; actions are in [-1, 1].
public struct Steerability: Sendable {
  public struct Options: Codable, Equatable, Sendable {
    /// Noises for each observation.
    public var samples = 64
    public var seed = 0

    public init() {}

    func check() throws {
      guard (2...10_000).contains(samples) else { throw UsageError("samples of a steerability report want a number from 2 to 10000, got \(samples)") }
    }
  }

  /// Noises of one length, |w| = norm · √latent.
  public struct Shell: Sendable {
    public let norm: Double
    /// Root of the mean variance of an action under them.
    public let spread: Double
    /// From the nearest of the actions of standard normal noise at the same observation: root of the mean square over a chunk.
    public let distance: Double
    /// The share of actions at ±1.
    public let saturation: Double
  }

  /// Another number of the sampler's steps.
  public struct StepCount: Sendable {
    public let steps: Int
    /// The share of the signal in the first point, which the policy takes to be noise.
    public let startSignal: Double
    public let spread: Double
    /// How far the same noises' actions are from those of the sampler as it is.
    public let change: Double
  }

  public let observations: Int
  public let samples: Int
  public let latentSize: Int
  public let chunkSize: Int
  /// Root of the mean variance of an action, at one observation, under standard normal noise.
  public let spread: Double
  /// The same for each step of the chunk.
  public let spreadByStep: [Double]
  /// The share of the variance of actions, over observations and noises, that the noise explains; nil for a single observation.
  public let noiseShare: Double?
  /// The spread where one action's noise is repeated along the chunk; nil where the latent is no chunk of several actions.
  public let tiedSpread: Double?
  /// Singular values of d action / d noise, falling: their means over observations and noises.
  public let singularValues: [Double]
  /// exp of the entropy of σ / Σσ (Roy and Vetterli 2007): in how many directions actions move; the mean over observations and noises.
  public let effectiveRank: Double
  /// The share of actions at ±1.
  public let saturation: Double
  /// What `Shell.distance` is for further standard normal noise.
  public let usualDistance: Double
  public let shells: [Shell]
  /// The share of the signal in the sampler's first point, which the policy takes to be noise; nil where the sampler is not known.
  public let startSignal: Double?
  /// Empty where the sampler is not known, or draws noise of its own.
  public let stepCounts: [StepCount]
  /// Distances of an expert's actions from the nearest of the first 1, 2, 4, ... samples; nil without an expert.
  public let coverage: [(samples: Int, distance: Double)]?

  static let norms = [0.5, 1, 1.5, 2, 2.5, 3, 4]

  /// observation [n, observation], and an expert's chunks there, [n, horizon, action], if there are any; both in the environment's units.
  public init(of policy: any BasePolicy, at observation: Tensor, expert: Tensor? = nil, _ options: Options = Options()) throws {
    try options.check()
    guard observation.rank == 2, observation.shape[0] > 0 else { throw UsageError("a steerability report wants observations [n, \(policy.conditionSize)], got \(observation.shape)") }
    guard observation.isFinite().all() else { throw UsageError("a steerability report wants observations of finite numbers") }
    let probe = try SteeringProbe(policy, policy.normalize(observation), samples: options.samples, seed: options.seed)
    (observations, samples) = (observation.shape[0], options.samples)
    (latentSize, chunkSize) = (policy.latentSize, policy.chunkSize)

    let actions = probe.actions
    let elements = probe.variances(actions)
    let within = elements.reduce(0, +) / Double(chunkSize)
    spread = within.squareRoot()
    let width = policy.actionSize
    spreadByStep = (0..<policy.horizon).map { step -> Double in
      let part = elements[step * width..<(step + 1) * width]
      return (part.reduce(0, +) / Double(width)).squareRoot()
    }
    noiseShare = observations > 1 ? probe.share(within, actions) : nil
    saturation = probe.saturation(actions)
    tiedSpread = try probe.tied().map { probe.spread($0) }
    (singularValues, effectiveRank) = try probe.spectrum()
    usualDistance = try probe.distance(probe.decode(probe.fresh))
    shells = try Steerability.norms.map { norm -> Shell in
      let moved = try probe.decode(probe.shell(norm))
      let distance = try probe.distance(moved)
      return Shell(norm: norm, spread: probe.spread(moved), distance: distance, saturation: probe.saturation(moved))
    }
    startSignal = (policy as? DiffusionPolicy)?.schedule.moves.first?.signal
    stepCounts = try probe.stepCounts()
    coverage = try expert.map { try probe.coverage(policy.normalize(chunk: $0)) }
  }

  /// The greatest norm of noise up to which actions stay as near to those of standard normal noise as twice the usual; nil where not even 1 does.
  public var safeNorm: Double? {
    let limit = max(2 * usualDistance, 1e-4)
    return shells.filter { $0.norm >= 1 }.prefix { $0.distance <= limit }.last?.norm
  }
}
