import Glibc
import Tensors

/// Moves parameters down their gradients.
public protocol Optimizer: AnyObject {
  var learningRate: Float { get set }
  var parameters: [NamedTensor] { get }
  /// One step along what `backward` left; parameters without a gradient stay. Returns the gradient's norm where it clips.
  @discardableResult func step() throws -> Float?
  /// What a checkpoint needs beside the parameters, by name.
  var state: [NamedTensor] { get }
  /// Takes `state` back; throws, changing nothing, where names or shapes differ.
  func load(state: [String: Tensor]) throws
}

extension Optimizer {
  /// Forgets the gradients.
  public func zeroGrad() { for (_, tensor) in parameters { tensor.zeroGrad() } }

  /// zeroGrad, backward, step.
  @discardableResult
  public func descend(_ loss: Tensor) throws -> Float? {
    zeroGrad()
    try loss.backward()
    return try step()
  }
}

/// √Σ g² over all gradients of `parameters`; those without one count nothing.
public func gradientNorm(_ parameters: [Tensor]) -> Float {
  Float(parameters.reduce(0.0) { $0 + ($1.grad.map(sumOfSquares) ?? 0) }.squareRoot())
}

/// Scales all gradients of `parameters` so that their norm is at most `maximum`; returns the norm before.
@discardableResult
public func clipGradNorm(_ parameters: [Tensor], to maximum: Float) throws -> Float {
  try checkPositive("max_norm", maximum)
  let norm = gradientNorm(parameters)
  let scale = clipping(norm, to: maximum)
  for parameter in parameters where scale != 1 { try parameter.setGrad(parameter.grad.map { scale * $0 }) }
  return norm
}

/// The factor that brings `norm` to at most `maximum`, as PyTorch's clip_grad_norm_.
func clipping(_ norm: Float, to maximum: Float) -> Float { min(1, maximum / (norm + 1e-6)) }

/// Kingma and Ba 2015; with `decoupled`, Loshchilov and Hutter 2019 (AdamW). PyTorch's arithmetic.
public final class Adam: Optimizer {
  public struct Config: Codable, Equatable, Sendable {
    public var learningRate: Float = 3e-4
    public var beta1: Float = 0.9
    public var beta2: Float = 0.999
    public var epsilon: Float = 1e-8
    public var weightDecay: Float = 0
    /// The decay shrinks the parameters themselves (AdamW) and is not part of the gradient.
    public var decoupled = false
    /// The gradient's largest norm over all parameters; nil: no clipping.
    public var maxGradNorm: Float?

    public init() {}
    /// AdamW with PyTorch's default decay.
    public static var adamW: Config {
      var config = Config()
      (config.decoupled, config.weightDecay) = (true, 0.01)
      return config
    }
  }

  public private(set) var config: Config
  public let parameters: [NamedTensor]
  /// Steps taken.
  public private(set) var steps = 0
  private let first: [Tensor]
  private let second: [Tensor]

  public var learningRate: Float {
    get { config.learningRate }
    set { config.learningRate = newValue }
  }

  /// Throws for a rate, betas, decay or norm out of their range.
  public init(_ parameters: [NamedTensor], _ config: Config = Config()) throws {
    try checkStep(config.learningRate, config.weightDecay, config.maxGradNorm)
    try checkPositive("eps", config.epsilon, zeroToo: true)
    guard 0..<1 ~= config.beta1, 0..<1 ~= config.beta2 else {
      throw UsageError("betas want to be in [0, 1), got \(config.beta1) and \(config.beta2)")
    }
    (self.parameters, self.config) = (parameters, config)
    first = parameters.map { Tensor.zeros($0.tensor.shape) }
    second = parameters.map { Tensor.zeros($0.tensor.shape) }
  }

  @discardableResult
  public func step() throws -> Float? {
    steps += 1
    let norm = config.maxGradNorm.map { _ in gradientNorm(parameters.map(\.tensor)) }
    let step = self.numbers(norm)
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = parameter.tensor.grad else { continue }
      try adamStep(parameter.tensor, gradient, first[index], second[index], step)
    }
    return norm
  }

  private func numbers(_ norm: Float?) -> AdamStep {
    let correction1 = 1 - pow(Double(config.beta1), Double(steps))
    let correction2 = 1 - pow(Double(config.beta2), Double(steps))
    let scale = config.maxGradNorm.flatMap { maximum in norm.map { clipping($0, to: maximum) } }
    return AdamStep(
      gradientScale: scale ?? 1, beta1: config.beta1, beta2: config.beta2,
      stepSize: Float(Double(config.learningRate) / correction1), secondScale: Float(1 / correction2.squareRoot()),
      epsilon: config.epsilon,
      coupledDecay: config.decoupled ? 0 : config.weightDecay,
      shrink: config.decoupled ? 1 - config.learningRate * config.weightDecay : 1)
  }

  /// "step", and the moments as first_moment.<name> and second_moment.<name>.
  public var state: [NamedTensor] {
    let firsts = zip(parameters, first).map { (name: "first_moment." + $0.name, tensor: $1) }
    let seconds = zip(parameters, second).map { (name: "second_moment." + $0.name, tensor: $1) }
    return [(name: "step", tensor: counter(steps))] + firsts + seconds
  }

  public func load(state: [String: Tensor]) throws {
    let targets = self.state
    try overwrite(targets, with: state, what: "the optimiser's state")
    steps = try count(of: targets[0].tensor)
  }
}

/// Throws for a learning rate, decay or norm that no optimiser takes.
func checkStep(_ learningRate: Float, _ weightDecay: Float, _ maxGradNorm: Float?) throws {
  try checkPositive("learning_rate", learningRate, zeroToo: true)
  try checkPositive("weight_decay", weightDecay, zeroToo: true)
  if let maxGradNorm { try checkPositive("max_grad_norm", maxGradNorm) }
}

/// Throws unless `value` is finite and positive, or zero where that will do.
func checkPositive(_ name: String, _ value: Float, zeroToo: Bool = false) throws {
  guard value.isFinite, value > 0 || (zeroToo && value == 0) else {
    throw UsageError("\(name) wants to be \(zeroToo ? "zero or more" : "positive"), got \(value)")
  }
}
