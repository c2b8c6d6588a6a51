import Tensors

/// What steering knows of the policy it steers: a frozen map from observation and initial noise to a chunk of actions.
///
/// Nothing is differentiated through it, and nothing else about it is known.
public protocol BasePolicy: AnyObject {
  var observationSize: Int { get }
  var actionSize: Int { get }
  /// Actions in a chunk.
  var horizon: Int { get }
  /// Numbers of initial noise that one chunk takes.
  var latentSize: Int { get }

  /// Observations in the environment's units, [n, observation], as the networks see them.
  func normalize(_ observation: Tensor) throws -> Tensor
  /// The chunks, [n, horizon · action] in [-1, 1], that normalised observations, [n, observation], and noises, [n, latent], lead to.
  /// The same arguments give the same chunk.
  func decode(normalized observation: Tensor, noise: Tensor) throws -> Tensor
  /// The same where the policy is only acted with: a sampler that draws noise inside draws it anew from `stream`.
  func decode(normalized observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor
  /// Chunks in [-1, 1] in the environment's units; the shape stays.
  func denormalize(_ chunk: Tensor) throws -> Tensor
}

extension BasePolicy {
  /// Numbers in a chunk.
  public var chunkSize: Int { horizon * actionSize }

  /// A policy whose sampler draws nothing inside has nothing to draw anew.
  public func decode(normalized observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor {
    try decode(normalized: observation, noise: noise)
  }

  /// From the environment's units to the environment's units: [n, observation], [n, latent] -> [n, horizon, action].
  public func decode(_ observation: Tensor, noise: Tensor) throws -> Tensor {
    let chunk = try decode(normalized: normalize(observation), noise: noise)
    return try denormalize(chunk).reshape([observation.shape[0], horizon, actionSize])
  }

  /// The same with noise inside the sampler drawn anew.
  public func decode(_ observation: Tensor, noise: Tensor, using stream: inout RandomStream) throws -> Tensor {
    let chunk = try decode(normalized: normalize(observation), noise: noise, using: &stream)
    return try denormalize(chunk).reshape([observation.shape[0], horizon, actionSize])
  }
}
