import Tensors

/// A policy of which only decoding is known: a function from observations and noises to actions, both in the environment's units.
public final class CustomPolicy: BasePolicy {
  public let observationSize: Int
  public let actionSize: Int
  public let horizon: Int
  public let latentSize: Int
  /// What -1 and 1 stand for in one action, [action].
  private let low: [Float]
  private let high: [Float]
  /// [n, observation], [n, latent] -> [n, horizon, action] or [n, horizon · action]; the same arguments give the same actions.
  private let decoding: (_ observation: Tensor, _ noise: Tensor) throws -> Tensor

  /// Bounds of an action that nothing else knows are -1 and 1. Throws for sizes below 1 and for bounds that are not finite or do not rise.
  public init(
    observationSize: Int, actionSize: Int, horizon: Int, latentSize: Int, low: [Float]? = nil, high: [Float]? = nil,
    decoding: @escaping (_ observation: Tensor, _ noise: Tensor) throws -> Tensor
  ) throws {
    for (name, size) in [("observation", observationSize), ("action", actionSize), ("horizon", horizon), ("latent", latentSize)] where size < 1 {
      throw UsageError("a policy wants a positive \(name) size, got \(size)")
    }
    (self.low, self.high) = (low ?? Array(repeating: -1, count: actionSize), high ?? Array(repeating: 1, count: actionSize))
    guard self.low.count == actionSize, self.high.count == actionSize else {
      throw UsageError("a policy of \(actionSize) numbers to an action wants as many lowest and highest ones, got \(self.low.count) and \(self.high.count)")
    }
    for (i, (low, high)) in zip(self.low, self.high).enumerated() where !(low < high) || !low.isFinite || !high.isFinite {
      throw UsageError("an action's numbers want finite bounds, the low below the high; number \(i + 1) has \(low) and \(high)")
    }
    (self.observationSize, self.actionSize, self.horizon, self.latentSize) = (observationSize, actionSize, horizon, latentSize)
    self.decoding = decoding
  }

  /// Networks see the observations as they are.
  public func normalize(_ observation: Tensor) throws -> Tensor { observation }

  public func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor {
    let n = observation.shape.first ?? 0
    guard observation.shape == [n, observationSize] else {
      throw UsageError("this policy wants observations of shape [n, \(observationSize)], got \(observation.shape)")
    }
    guard noise.shape.first == n, noise.count == n * latentSize else {
      throw UsageError("this policy wants noise of shape [\(n), \(latentSize)], got \(noise.shape)")
    }
    let actions = try Tensor.withoutGrad { try decoding(observation, noise.reshape([n, latentSize])) }.detach()
    guard actions.shape == [n, horizon, actionSize] || actions.shape == [n, chunkSize] else {
      throw UsageError("'decode' is to return actions of shape [\(n), \(horizon), \(actionSize)] or [\(n), \(chunkSize)], got \(actions.shape)")
    }
    if let bad = actions.values.firstIndex(where: { !$0.isFinite }) {
      throw UsageError("'decode' is to return finite numbers, got \(actions.values[bad].isNaN ? "NaN" : "infinity") in row \(bad / chunkSize + 1)")
    }
    let steps = try actions.reshape([n * horizon, actionSize])
    return try ((steps - middle) / half).reshape([n, chunkSize])
  }

  public func denormalize(_ chunk: Tensor) throws -> Tensor {
    let steps = try chunk.reshape([-1, actionSize])
    return try (steps * half + middle).reshape(chunk.shape)
  }

  private var half: Tensor { Tensor(zip(low, high).map { ($1 - $0) / 2 }) }
  private var middle: Tensor { Tensor(zip(low, high).map { $0 + ($1 - $0) / 2 }) }
}
