import NeuralNets
import Tensors

/// A diffusion model of action chunks given an observation, with the normalisation it was trained under and the sampler that decodes it.
public final class DiffusionPolicy: BasePolicy {
  public struct Config: Codable, Equatable, Sendable {
    public var network: DiffusionMLP.Config
    public var process = DDPM()

    public init(network: DiffusionMLP.Config) { self.network = network }
  }

  public let config: Config
  /// What decodes: the averaged weights once trained.
  public let network: DiffusionMLP
  public private(set) var sampler: DDIM
  /// How the frozen network is evaluated; training is float32 always.
  public private(set) var precision = Precision.float32
  public private(set) var normalization: (observation: Normalizer, action: Normalizer)?

  let alphaBars: [Double]
  private var plan: [DDIM.Step]
  private var packed: PackedChain?

  /// Throws for sizes and steps that make no policy.
  public init(_ config: Config, sampler: DDIM? = nil, using stream: inout RandomStream) throws {
    var chosen = sampler ?? DDIM()
    if sampler == nil { chosen.steps = min(chosen.steps, config.process.steps) }
    plan = try chosen.plan(for: config.process)
    (self.config, self.sampler, alphaBars) = (config, chosen, config.process.alphaBars)
    network = try DiffusionMLP(config.network, using: &stream)
  }

  public var observationSize: Int { config.network.observationSize }
  public var actionSize: Int { config.network.actionSize }
  public var horizon: Int { config.network.horizon }
  public var latentSize: Int { config.network.chunkSize }
  /// The sampler's moves, in order.
  public var schedule: [DDIM.Step] { plan }

  public func setSampler(_ sampler: DDIM) throws {
    plan = try sampler.plan(for: config.process)
    self.sampler = sampler
    packed = nil
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
    normalization = (observation, action)
  }
  /// To be called when the network's weights have changed.
  func weightsChanged() { packed = nil }

  private func trained() throws -> (observation: Normalizer, action: Normalizer) {
    guard let normalization else { throw UsageError("this policy has no normalisation yet: fit it to data, or load one") }
    return normalization
  }
  public func normalize(_ observation: Tensor) throws -> Tensor { try trained().observation.normalize(observation) }
  public func denormalize(_ chunk: Tensor) throws -> Tensor {
    let steps = try chunk.reshape([-1, actionSize])
    return try trained().action.denormalize(steps).reshape(chunk.shape)
  }

  /// The sampler's map, [n, observation], [n, latent] -> [n, horizon · action]; no gradient passes.
  public func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    guard observation.rank == 2, observation.shape[1] == observationSize else {
      throw UsageError("this policy wants observations of shape [n, \(observationSize)], got \(observation.shape)")
    }
    guard noise.rank >= 2, noise.shape[0] == observation.shape[0], noise.count == observation.shape[0] * latentSize else {
      throw UsageError("this policy wants noise of shape [\(observation.shape[0]), \(latentSize)], got \(noise.shape)")
    }
    return try Tensor.withoutGrad {
      let start = try noise.reshape([observation.shape[0], latentSize])
      let state = try network.condition?(observation) ?? observation
      if packed == nil { packed = try pack() }
      if let packed { return try packed(observation: state, noise: start) }
      return try sampler.sample(from: start, along: plan) { x, time in try self.epsilon(x, Float(time), observation) }
    }
  }

  /// The predicted noise in x, [n, latent], at one time for all rows, by the network as it trains.
  public func epsilon(_ x: Tensor, _ time: Float, _ observation: Tensor) throws -> Tensor { try network(x, time, observation) }

  /// The chain with its weights packed for evaluation; nil for a network that has no such form, which float32 then evaluates plainly.
  private func pack() throws -> PackedChain? {
    guard case .residual(let trunk) = network.trunk, let activation = trunk.packedActivation else {
      guard precision == .float32 else { throw UsageError("precision \(precision.rawValue) wants a residual_mlp network without layer norm") }
      return nil
    }
    let times = Tensor(plan.map { Float($0.time) })
    let packed = try PackedResidualMLP(
      input: trunk.input.packed, blocks: trunk.blocks.map { .init(first: $0.l1.packed, second: $0.l2.packed) }, output: trunk.output.packed,
      embeddings: Tensor.withoutGrad { try network.timeEmbedding(times) }, activation: activation, precision: precision)
    let steps = plan.enumerated().map { row, step in
      PackedChain.Step(time: row, update: .ddim(alpha: step.alphaBar, previous: step.previous, clip: sampler.clip))
    }
    return try PackedChain(network: packed, steps: steps)
  }
}

extension Linear {
  fileprivate var packed: PackedResidualMLP.Layer { .init(weight: weight.detach(), bias: bias.detach()) }
}

extension ResidualMLP {
  /// The activation's name in the packed form; nil where that form does not exist.
  fileprivate var packedActivation: PackedActivation? { config.layerNorm ? nil : PackedActivation(rawValue: config.activation.rawValue) }
}
