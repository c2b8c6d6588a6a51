import Tensors

/// What steering knows of the policy it steers: a frozen map from observation and initial noise to a chunk of actions.
///
/// Nothing is differentiated through it, and nothing else about it is known.
public protocol BasePolicy: AnyObject {
  /// Numbers in one observation.
  var observationSize: Int { get }
  /// Observations it sees at once.
  var observationSteps: Int { get }
  /// Numbers in one action.
  var actionSize: Int { get }
  /// Actions in a chunk.
  var horizon: Int { get }
  /// Actions of a chunk that are executed before the next decision.
  var actionSteps: Int { get }
  /// Actions of a chunk before the executed ones: those of the moments before the present.
  var actionOffset: Int { get }
  /// Numbers of initial noise that one chunk takes.
  var latentSize: Int { get }

  /// Observations in the environment's units, [n, steps · observation], oldest first, as the networks see them.
  func normalize(_ observation: Tensor) throws -> Tensor
  /// The chunks, [n, horizon · action] in [-1, 1], that normalised observations, [n, steps · observation], and noises, [n, latent], lead to.
  /// The same arguments give the same chunk.
  func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor
  /// The same where the policy is only acted with: a sampler that draws noise inside draws it anew from `stream`.
  func decode(normalized observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor
  /// Actions in [-1, 1], [n, any number · action], in the environment's units; the shape stays.
  func denormalize(_ chunk: Tensor) throws -> Tensor
}

extension BasePolicy {
  public var observationSteps: Int { 1 }
  public var actionSteps: Int { horizon - actionOffset }
  public var actionOffset: Int { 0 }

  /// Numbers in a chunk.
  public var chunkSize: Int { horizon * actionSize }
  /// Numbers that it sees at once.
  public var conditionSize: Int { observationSteps * observationSize }
  /// Numbers of a chunk that are executed.
  public var executedSize: Int { actionSteps * actionSize }

  /// Of chunks [n, horizon · action] the actions that are executed, [n, actionSteps · action].
  public func executed(_ chunk: Tensor) throws -> Tensor {
    actionSteps == horizon ? chunk : try chunk.narrow(1, actionOffset * actionSize, executedSize)
  }

  /// A policy whose sampler draws nothing inside has nothing to draw anew.
  public func decode(normalized observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor {
    try decode(normalized: observation, noise: noise)
  }

  /// From the environment's units to the environment's units: [n, steps · observation], [n, latent] -> [n, horizon, action].
  public func decode(_ observation: Tensor, noise: Tensor) throws -> Tensor {
    let chunk = try decode(normalized: normalize(observation), noise: noise)
    return try denormalize(chunk).reshape([observation.shape[0], horizon, actionSize])
  }

  /// What is executed of that, [n, actionSteps, action].
  public func act(_ observation: Tensor, noise: Tensor) throws -> Tensor {
    try inUnits(executed: decode(normalized: normalize(observation), noise: noise))
  }

  /// The same with noise inside the sampler drawn anew.
  public func act(_ observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor {
    try inUnits(executed: decode(normalized: normalize(observation), noise: noise, using: &stream))
  }

  private func inUnits(executed chunk: Tensor) throws -> Tensor {
    try denormalize(executed(chunk)).reshape([chunk.shape[0], actionSteps, actionSize])
  }
}
