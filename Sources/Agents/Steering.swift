import Diffusion
import Environments
import Glibc
import Tensors

/// How an actor's numbers become the initial noise of a frozen policy.
public struct SteeringOptions: Codable, Equatable, Sendable {
  /// b: the actor's noises lie in [-b, b].
  public var actionMagnitude: Float = 1.5
  /// w = b tanh(x / b) instead of b tanh(x) for the Gaussian's x: near 0 the noise is x itself.
  public var magnitudeInsideTanh = false
  /// Whose density the entropy is of.
  public var entropyOf = EntropySpace.unit
  public var noiseTying = NoiseTying.full
  /// Noises between which the others are interpolated.
  public var noiseKnots = 2
  /// Vector steps with noises from the standard normal, before the first update.
  public var initRolloutSteps = 2001
  /// What keeps those noises in the box.
  public var initNoise = InitNoise.restricted
  public var actorInit = ActorInit.default

  public init() {}

  func check() throws {
    guard actionMagnitude > 0, actionMagnitude.isFinite else {
      throw UsageError("action_magnitude wants a positive number, got \(actionMagnitude)")
    }
    try checkAtLeast("init_rollout_steps", initRolloutSteps, 0)
    try checkAtLeast("noise_knots", noiseKnots, 2)
  }

  /// What the Gaussian is multiplied by before the tanh.
  public var gain: Float { magnitudeInsideTanh ? 1 / actionMagnitude : 1 }
  /// ln of what an output in [-1, 1] is multiplied by where its density is measured.
  var logScale: Float { entropyOf == .noise ? logf(actionMagnitude) : 0 }
}

/// Where an actor starts.
public enum ActorInit: String, Codable, CaseIterable, Sendable {
  /// The layers' own initialisation: about tanh(N(0, 1)), for every observation a little different.
  case `default`
  /// Mean 0, and as wide as the standard normal restricted to the box, whatever the observation: nearly the base policy.
  case gaussian
}

/// The space in which a steering actor's entropy is measured.
public enum EntropySpace: String, Codable, CaseIterable, Sendable {
  /// u in [-1, 1].
  case unit
  /// w = b u, whose entropy is larger by ln b for each number.
  case noise
}

/// The standard normal of the first noises at the faces of the box.
public enum InitNoise: String, Codable, CaseIterable, Sendable {
  /// What falls outside is drawn again.
  case restricted
  /// It is moved to the faces: the published DSRL-SAC's.
  case clipped
  /// It stays outside: the published DSRL-NA's.
  case unbounded
}

/// Which of a chunk's noises are free.
public enum NoiseTying: String, Codable, CaseIterable, Sendable {
  /// All.
  case full
  /// Those of one action, repeated over the chunk.
  case repeated
  /// Those of a few actions at equal distances, the others on straight lines between them.
  case interpolated
}

/// Noises in [-b, b] for a frozen policy, and what it makes of them.
public struct Steering: ActionMap {
  public let policy: any BasePolicy
  public let options: SteeringOptions
  /// Numbers that the actor gives.
  public let size: Int
  /// [size, latent]: how they spread over the chunk; nil where all are free.
  private let spread: Tensor?

  /// Throws for options out of their range, and for a tying that the policy's noise does not allow.
  public init(_ policy: any BasePolicy, _ options: SteeringOptions) throws {
    try options.check()
    (self.policy, self.options) = (policy, options)
    guard options.noiseTying != .full else {
      (size, spread) = (policy.latentSize, nil)
      return
    }
    let (width, rest) = policy.latentSize.quotientAndRemainder(dividingBy: policy.horizon)
    let knots = options.noiseTying == .repeated ? 1 : options.noiseKnots
    guard rest == 0 else {
      throw UsageError("noise_tying wants as much noise for each of \(policy.horizon) actions, got \(policy.latentSize) numbers")
    }
    guard knots <= policy.horizon else { throw UsageError("noise_knots wants at most horizon = \(policy.horizon), got \(knots)") }
    size = knots * width
    spread = Steering.spread(knots, over: policy.horizon, width: width)
  }

  /// Knot i reaches action t with weight max(0, 1 - |t (knots - 1) / (horizon - 1) - i|); a single one reaches all.
  private static func spread(_ knots: Int, over horizon: Int, width: Int) -> Tensor {
    Tensor.filled([knots * width, horizon * width]) { weights in
      for index in 0..<knots * width * horizon * width { weights[index] = 0 }
      for knot in 0..<knots {
        for time in 0..<horizon {
          let position = knots == 1 ? 0 : Float(time * (knots - 1)) / Float(horizon - 1)
          for j in 0..<width { weights[(knot * width + j) * horizon * width + time * width + j] = max(0, 1 - abs(position - Float(knot))) }
        }
      }
    }
  }

  public var observationSize: Int { policy.conditionSize }
  public func normalize(_ observation: Tensor) throws -> Tensor { try policy.normalize(observation) }

  /// The noise w, [n, latent], of the actor's numbers.
  public func noise(_ squashed: Tensor) throws -> Tensor {
    options.actionMagnitude * (try spread.map { try squashed.matmul($0) } ?? squashed)
  }

  /// What is executed, in [-1, 1], of the chunks that the policy makes of the actor's numbers.
  func decode(_ observation: Tensor, _ squashed: Tensor) throws -> Tensor {
    let span = Profile.Span(layer: "decode"); defer { span.end() }
    let chunk = try Tensor.withoutGrad { try policy.executed(policy.decode(normalized: observation, noise: noise(squashed))) }
    precondition(!chunk.requiresGrad, "nothing is differentiated through the base policy")
    return chunk
  }

  public func executed(_ observation: Tensor, _ action: Tensor) throws -> Tensor { try policy.denormalize(decode(observation, action)) }

  /// w / b for w from the standard normal restricted to the box (redrawn outside it, not clipped).
  func gaussian(_ rows: Int, using stream: inout RandomStream) throws -> Tensor {
    let noise = try restrictedNormal([rows, size], bound: options.actionMagnitude, using: &stream)
    return noise / options.actionMagnitude
  }

  /// w / b for w from the standard normal without bounds.
  func standardNormal(_ rows: Int, using stream: inout RandomStream) throws -> Tensor {
    try Tensor.randn([rows, size], using: &stream) / options.actionMagnitude
  }

  public func firstActions(_ rows: Int, using stream: inout RandomStream) throws -> Tensor {
    switch options.initNoise {
    case .restricted: try gaussian(rows, using: &stream)
    case .clipped: try standardNormal(rows, using: &stream).clamp(-1, 1)
    case .unbounded: try standardNormal(rows, using: &stream)
    }
  }

  /// An actor of such numbers, started as the options say.
  func makeActor(_ network: NetworkOptions, using stream: inout RandomStream) throws -> GaussianActor {
    let actor = try GaussianActor(
      observationSize: observationSize, actionSize: size, network: network, gain: options.gain, logScale: options.logScale, using: &stream)
    if options.actorInit == .gaussian { try actor.startAround(std: Float(standardNormalStart(bound: Double(options.actionMagnitude)))) }
    return actor
  }
}
