import Tensors

/// A network that tells the noise in a chunk of actions, or whatever else a diffusion process asks for, from the noised chunk, the time
/// and the observation.
public protocol Denoiser: Module {
  var sizes: DenoiserSizes { get }

  /// [n, horizon · action] at a time for each row, [n], from observations [n, steps · observation], oldest first -> [n, horizon · action].
  func callAsFunction(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws -> Tensor

  /// The same at one time for the whole batch.
  func callAsFunction(_ x: Tensor, _ t: Float, _ observation: Tensor) throws -> Tensor

  /// Turns dropout on for training or off for acting, in denoisers that have any; they begin with it off.
  func train(_ on: Bool) throws

  /// What dropout draws from while it trains; nil in denoisers without any.
  var dropoutSource: RandomSource? { get }
}

/// What goes into a denoiser and comes out.
public struct DenoiserSizes: Codable, Equatable, Sendable {
  public let observationSize: Int
  /// Observations it sees at once.
  public let observationSteps: Int
  public let actionSize: Int
  /// Actions in a chunk.
  public let horizon: Int

  /// Throws unless all are positive and a chunk and a condition can be counted.
  public init(observation: Int, steps: Int, action: Int, horizon: Int) throws {
    guard observation > 0, action > 0, horizon > 0, steps > 0 else {
      throw UsageError("a denoiser wants positive sizes, got observation \(observation) x \(steps), action \(action), horizon \(horizon)")
    }
    guard !observation.multipliedReportingOverflow(by: steps).overflow, !action.multipliedReportingOverflow(by: horizon).overflow else {
      throw UsageError("a denoiser wants fewer numbers than observation \(observation) x \(steps), action \(action) x horizon \(horizon)")
    }
    (observationSize, observationSteps, actionSize, self.horizon) = (observation, steps, action, horizon)
  }
}

extension Denoiser {
  public var observationSize: Int { sizes.observationSize }
  public var observationSteps: Int { sizes.observationSteps }
  public var actionSize: Int { sizes.actionSize }
  public var horizon: Int { sizes.horizon }
  public var chunkSize: Int { horizon * actionSize }
  public var conditionSize: Int { observationSteps * observationSize }

  public func train(_ on: Bool) throws {}
  public var dropoutSource: RandomSource? { nil }

  /// Throws where the shapes are not those of a call.
  func check(_ x: Tensor, _ observation: Tensor) throws {
    guard x.rank == 2, x.shape[1] == chunkSize else {
      throw UsageError("the denoiser wants actions of shape [n, \(chunkSize)] (horizon x action), got \(x.shape)")
    }
    guard observation.shape == [x.shape[0], conditionSize] else {
      throw UsageError("the denoiser wants observations of shape [\(x.shape[0]), \(conditionSize)], got \(observation.shape)")
    }
  }

  func check(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws {
    try check(x, observation)
    guard t.shape == [x.shape[0]] else { throw UsageError("the denoiser wants times of shape [\(x.shape[0])], got \(t.shape)") }
  }
}
