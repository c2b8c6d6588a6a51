import Files
import NeuralNets
import Tensors

/// A diffusion model of action chunks given an observation, with the normalisation it was trained under and the sampler that decodes it.
public final class DiffusionPolicy: BasePolicy {
  public struct Config: Codable, Equatable, Sendable {
    public var network: DenoiserConfig
    public var process = Process.ddpm(DDPM())
    /// Actions executed before the next decision; nil: all from the present on.
    public var actionSteps: Int?
    /// Actions of a chunk before the present; nil: 0, it begins now (DPPO). observationSteps - 1: it begins at the first observation (Diffusion Policy).
    public var actionOffset: Int?

    public init(network: DenoiserConfig) { self.network = network }
    public init(network: DiffusionMLP.Config) { self.init(network: .mlp(network)) }
  }

  public let config: Config
  /// What decodes: the averaged weights once trained.
  public let network: any Denoiser
  public private(set) var sampler: Sampler
  /// How the frozen network is evaluated; training is float32 always.
  public private(set) var precision = Precision.float32
  public private(set) var normalization: (observation: Normalizer, action: Normalizer)?
  /// SHA-256 of the normalisation's numbers, observation before action, smallest before largest; nil before it has any.
  public private(set) var normalizationHash: String?

  /// A training that was begun and not ended.
  var unfinished: DenoiserFitting?

  /// ᾱ of a ddpm process; empty for the others.
  let alphaBars: [Double]
  private var plan: SamplingPlan
  private var packed: PackedPlan?
  /// The noise inside a sampler that is frozen, one [latent] for each draw.
  private var innerNoise: [Tensor] = []

  /// Throws for sizes and steps that make no policy. `own` is the network where the config says that it is its user's own.
  public init(_ config: Config, sampler: Sampler? = nil, own: (any Denoiser)? = nil, using stream: inout RandomStream) throws {
    try config.process.check()
    let chosen = sampler ?? config.process.usualSampler
    plan = try chosen.plan(for: config.process)
    if case .ddpm(let process) = config.process { alphaBars = process.alphaBars } else { alphaBars = [] }
    (self.config, self.sampler) = (config, chosen)
    if case .own(let sizes) = config.network, let own {
      guard own.sizes == sizes else { throw UsageError("the network's sizes are \(own.sizes), wanted \(sizes)") }
      network = own
    } else {
      network = try config.network.make(using: &stream)
    }
    try config.process.check(latentSize: latentSize)
    try checkExecution()
  }

  public var observationSize: Int { network.observationSize }
  public var actionSize: Int { network.actionSize }
  public var horizon: Int { network.horizon }
  public var observationSteps: Int { network.observationSteps }
  public var actionSteps: Int { config.actionSteps ?? horizon - actionOffset }
  public var actionOffset: Int { config.actionOffset ?? 0 }
  public var latentSize: Int { network.chunkSize }
  /// The sampler's moves, in order.
  public var schedule: SamplingPlan { plan }

  /// Throws for a sampler that is not made for the policy's process.
  public func setSampler(_ sampler: Sampler) throws {
    plan = try sampler.plan(for: config.process)
    (self.sampler, packed, innerNoise) = (sampler, nil, [])
  }
  /// Throws where the processor cannot compute in this precision.
  public func setPrecision(_ precision: Precision) throws {
    let old = self.precision
    (self.precision, packed) = (precision, nil)
    do { packed = try pack() } catch {
      self.precision = old
      throw error
    }
  }
  /// Throws unless the normalisers have the policy's sizes.
  public func setNormalization(observation: Normalizer, action: Normalizer) throws {
    guard observation.size == observationSize, action.size == actionSize else {
      throw UsageError("this policy's normalisation wants \(observationSize) observation and \(actionSize) action columns, got \(observation.size) and \(action.size)")
    }
    normalizationHash = try Normalizer.hash(observation: observation, action: action)
    normalization = (observation, action)
  }
  /// To be called when the network's weights have changed.
  public func weightsChanged() { packed = nil }

  private func trained() throws -> (observation: Normalizer, action: Normalizer) {
    guard let normalization else { throw UsageError("this policy has no normalisation yet: fit it to data, or load one") }
    return normalization
  }
  public func normalize(_ observation: Tensor) throws -> Tensor {
    try checkObservation(observation)
    return try trained().observation.normalize(observation.reshape([-1, observationSize])).reshape(observation.shape)
  }
  public func denormalize(_ chunk: Tensor) throws -> Tensor {
    let steps = try chunk.reshape([-1, actionSize])
    return try trained().action.denormalize(steps).reshape(chunk.shape)
  }

  /// The sampler's map, [n, observation], [n, latent] -> [n, horizon · action]; no gradient passes. A sampler that draws noise inside uses the same
  /// for every row and every time, or throws if it is not to be frozen.
  public func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    guard !plan.isDeterministic else { return try sample(observation, noise, inner: nil) }
    if innerNoise.isEmpty { innerNoise = try sampler.frozenNoise(of: plan, latentSize: latentSize) }
    var drawn = 0
    return try sample(observation, noise) {
      defer { drawn += 1 }
      return self.innerNoise[drawn]
    }
  }

  /// The same with the sampler's inner noise drawn anew from `stream`.
  public func decode(normalized observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor {
    guard !plan.isDeterministic else { return try sample(observation, noise, inner: nil) }
    var local = stream
    defer { stream = local }
    return try sample(observation, noise) { try Tensor.randn([observation.shape[0], self.latentSize], using: &local) }
  }

  private func sample(_ observation: Tensor, _ noise: Tensor, inner: (() throws -> Tensor)?) throws -> Tensor {
    try checkObservation(observation)
    guard noise.rank >= 2, noise.shape[0] == observation.shape[0], noise.count == observation.shape[0] * latentSize else {
      throw UsageError("this policy wants noise of shape [\(observation.shape[0]), \(latentSize)], got \(noise.shape)")
    }
    return try Tensor.withoutGrad {
      let start = try noise.reshape([observation.shape[0], latentSize])
      if packed == nil { packed = try pack() }
      if let packed {
        return try packed(observation: observation, noise: start, inner: inner)
      }
      return try plan.run(from: start, inner: inner) { x, move in try self.epsilon(x, Float(self.plan.moves[move].time), observation) }
    }
  }

  /// What the network says of x, [n, latent], at one time for all rows, as it trains: of a ddpm process that predicts it, the noise.
  public func epsilon(_ x: Tensor, _ time: Float, _ observation: Tensor) throws -> Tensor { try network(x, time, observation) }

  /// The plan with the network's weights packed for evaluation; nil for a network that has no such form, which float32 then evaluates plainly.
  private func pack() throws -> PackedPlan? {
    let packed = try PackedPlan(plan, network, precision)
    if packed == nil, precision != .float32 {
      throw UsageError("precision \(precision.rawValue) wants a residual_mlp network without layer norm, this one is \(config.network.kind.rawValue)")
    }
    return packed
  }
}
