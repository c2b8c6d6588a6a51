import Tensors

/// p <- p - learningRate · g, with momentum as PyTorch has it.
public final class SGD: Optimizer {
  public struct Config: Codable, Equatable, Sendable {
    public var learningRate: Float = 1e-2
    public var momentum: Float = 0
    /// The step goes along the gradient plus momentum times the new velocity (Sutskever et al. 2013, in PyTorch's form).
    public var nesterov = false
    public var weightDecay: Float = 0
    /// The gradient's largest norm over all parameters; nil: no clipping.
    public var maxGradNorm: Float?

    public init() {}
  }

  public private(set) var config: Config
  public let parameters: [NamedTensor]
  /// Empty without momentum.
  private let velocities: [Tensor]

  public var learningRate: Float {
    get { config.learningRate }
    set { config.learningRate = newValue }
  }

  /// Throws for a rate, momentum, decay or norm out of its range.
  public init(_ parameters: [NamedTensor], _ config: Config = Config()) throws {
    try checkStep(config.learningRate, config.weightDecay, config.maxGradNorm)
    try checkPositive("momentum", config.momentum, zeroToo: true)
    guard !config.nesterov || config.momentum > 0 else { throw UsageError("nesterov wants a momentum above 0, got \(config.momentum)") }
    (self.parameters, self.config) = (parameters, config)
    velocities = config.momentum > 0 ? parameters.map { Tensor.zeros($0.tensor.shape) } : []
  }

  @discardableResult
  public func step() throws -> Float? {
    let norm = config.maxGradNorm.map { _ in gradientNorm(parameters.map(\.tensor)) }
    let scale = config.maxGradNorm.flatMap { maximum in norm.map { clipping($0, to: maximum) } }
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = parameter.tensor.grad else { continue }
      try sgdStep(
        parameter.tensor, gradient, velocities.isEmpty ? nil : velocities[index], scale: scale ?? 1, momentum: config.momentum,
        nesterov: config.nesterov, rate: config.learningRate, decay: config.weightDecay)
    }
    return norm
  }

  /// The velocities as velocity.<name>; nothing without momentum.
  public var state: [NamedTensor] { zip(parameters, velocities).map { (name: "velocity." + $0.name, tensor: $1) } }

  public func load(state: [String: Tensor]) throws {
    try overwrite(self.state, with: state, what: "the optimiser's state")
  }
}
