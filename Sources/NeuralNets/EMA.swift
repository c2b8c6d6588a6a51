import Glibc
import Tensors

/// target <- (1 - tau) target + tau source, parameter by parameter (Polyak averaging; SAC's slow target networks).
public func polyak(_ target: some Module, _ source: some Module, tau: Float) throws {
  try polyak(target.parameters, source.parameters, tau: tau)
}

/// The same for lists of tensors; throws unless the shapes agree one by one, and for a tau outside [0, 1].
public func polyak(_ target: [Tensor], _ source: [Tensor], tau: Float) throws {
  guard 0...1 ~= tau else { throw UsageError("tau wants to be in [0, 1], got \(tau)") }
  guard target.map(\.shape) == source.map(\.shape) else {
    throw UsageError("polyak wants parameters of the same shapes, got \(target.map(\.shape)) and \(source.map(\.shape))")
  }
  for (target, source) in zip(target, source) { try polyakStep(target, source, tau: tau) }
}

/// An exponential moving average of a module's parameters.
public final class EMA {
  public struct Config: Codable, Equatable, Sendable {
    /// What the average keeps of itself; with `power` the most it ever keeps.
    public var decay: Float = 0.995
    /// Chi et al. 2023 (their EMAModel): after two plain copies, the k-th update keeps 1 - (1 + k / inv_gamma)^-power; they use 0.75 and decay 0.9999.
    public var power: Float?
    /// With `power`: the larger, the longer the warm-up.
    public var invGamma: Float = 1
    /// With `power`: the least that the average keeps of itself once it is no copy.
    public var minDecay: Float = 0
    /// Steps in which the average is a mere copy; DPPO's are 20 epochs' worth.
    public var warmUp = 0
    /// Steps from one update to the next; DPPO's are 10.
    public var every = 1

    public init() {}
  }

  public let config: Config
  /// `update` was called this many times.
  public private(set) var steps = 0
  /// The averages, under the module's names.
  public let average: [NamedTensor]

  /// Begins with a copy of the module's parameters.
  public init(_ module: some Module, _ config: Config = Config()) throws {
    guard 0...1 ~= config.decay else { throw UsageError("an average's decay wants to be in [0, 1], got \(config.decay)") }
    guard config.every > 0, config.warmUp >= 0 else {
      throw UsageError("an average wants every >= 1 and warm_up >= 0, got \(config.every) and \(config.warmUp)")
    }
    if let power = config.power { try checkPositive("an average's power", power) }
    try checkPositive("an average's inv_gamma", config.invGamma)
    guard 0...config.decay ~= config.minDecay else {
      throw UsageError("an average's min_decay wants to be in [0, \(config.decay)], its decay, got \(config.minDecay)")
    }
    self.config = config
    average = module.namedParameters.map { (name: $0.name, tensor: $0.tensor.copied()) }
  }

  /// To be called after each step of the optimiser, with the module given to `init`.
  public func update(_ module: some Module) throws {
    if steps % config.every == 0 { try polyak(average.map(\.tensor), module.parameters, tau: 1 - decay(at: steps)) }
    steps += 1
  }

  /// What the average keeps of itself in the update at `step`.
  public func decay(at step: Int) -> Float {
    guard step >= config.warmUp else { return 0 }
    guard let power = config.power else { return config.decay }
    let updates = (step - config.warmUp) / config.every - 1
    guard updates > 0 else { return 0 }
    return min(config.decay, max(config.minDecay, 1 - powf(1 + Float(updates) / config.invGamma, -power)))
  }

  /// Writes the averages into a module of the same kind.
  public func copy(to module: some Module) throws {
    try overwrite(module.namedParameters, with: Dictionary(average.map { ($0.name, $0.tensor) }) { first, _ in first }, what: "the average")
  }

  /// "step", and the averages as average.<name>.
  public var state: [NamedTensor] {
    [(name: "step", tensor: counter(steps))] + average.map { (name: "average." + $0.name, tensor: $0.tensor) }
  }

  /// Takes `state` back; throws, changing nothing, where names or shapes differ.
  public func load(state: [String: Tensor]) throws {
    let targets = self.state
    try overwrite(targets, with: state, what: "the average's state")
    steps = try count(of: targets[0].tensor)
  }
}
