import Diffusion
import Tensors

/// What a policy's method is given, as rows: observations, and noises or actions beside them.
struct PolicyRows {
  let observation: Tensor
  let other: Tensor
  /// One observation was given, without a dimension of rows.
  let isRow: Bool

  /// [n, latent] or, where the latent is a chunk, [n, horizon, action]; without n for one observation.
  init(_ policy: any BasePolicy, _ observation: Tensor, noise: Tensor) throws {
    let shapes = [[policy.latentSize], [policy.horizon, policy.actionSize]].filter { $0.reduce(1, *) == policy.latentSize }
    try self.init(policy, observation, noise, "noise wants", shapes)
  }

  /// [n, horizon, action] or [n, horizon · action]; without n for one observation.
  init(_ policy: any BasePolicy, _ observation: Tensor, action: Tensor) throws {
    try self.init(policy, observation, action, "actions want", [[policy.horizon, policy.actionSize], [policy.chunkSize]])
  }

  private init(_ policy: any BasePolicy, _ observation: Tensor, _ other: Tensor, _ words: String, _ shapes: [[Int]]) throws {
    let (rows, isRow) = try policy.observationRows(observation)
    let n = rows.shape[0]
    let wanted = shapes.map { isRow ? $0 : [n] + $0 }
    guard wanted.contains(other.shape) else {
      throw UsageError("\(words) the shape \(wanted.map { "\($0)" }.joined(separator: " or ")) here, got \(other.shape)")
    }
    (self.observation, self.isRow) = (rows, isRow)
    self.other = try other.reshape([n, shapes[0].reduce(1, *)])
  }
}

extension BasePolicy {
  /// Observations as the policy takes them, [n, steps · observation]; of several at once also given as [n, steps, observation]. One is without n.
  func observationRows(_ observation: Tensor) throws -> (rows: Tensor, isRow: Bool) {
    guard observationSteps > 1, Array(observation.shape.suffix(2)) == [observationSteps, observationSize] else {
      return try observation.rows(of: conditionSize, "observations")
    }
    return try observation.reshape(observation.shape.dropLast(2) + [conditionSize]).rows(of: conditionSize, "observations")
  }
}
