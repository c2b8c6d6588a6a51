import Tensors

// Chunks as the environment has them, and back: what inspects a policy compares actions in [-1, 1].
extension BasePolicy {
  /// What -1 and 1 stand for in each number of a chunk, [1, horizon · action] both. `denormalize` is affine, so they say all of it.
  public func actionRange() throws -> (low: Tensor, high: Tensor) {
    (try denormalize(.full(-1, [1, chunkSize])), try denormalize(.ones([1, chunkSize])))
  }

  /// Chunks in the environment's units, [n, horizon, action] or [n, horizon · action], as decoding makes them: [n, horizon · action] in [-1, 1].
  /// A number that the policy never varies becomes 0.
  public func normalize(chunk: Tensor) throws -> Tensor {
    guard chunk.rank >= 2, chunk.shape.dropFirst().reduce(1, *) == chunkSize else {
      throw UsageError("this policy wants actions of shape [n, \(horizon), \(actionSize)] or [n, \(chunkSize)], got \(chunk.shape)")
    }
    return try normalize(actions: chunk.reshape([chunk.shape[0], chunkSize]))
  }

  /// Actions in the environment's units, [n, any number · action], in [-1, 1]; undoes `denormalize`, but for numbers that it never varies, which become 0.
  public func normalize(actions: Tensor) throws -> Tensor {
    let (low, high) = try (denormalize(.full(-1, [1, actions.shape[1]])), denormalize(.ones([1, actions.shape[1]])))
    let half = try 0.5 * (high - low), middle = try 0.5 * (low + high)
    let varies = try half.ne(.scalar(0))
    let divisor = try Tensor.where(varies, half, .ones(half.shape))
    let scaled = try (actions - middle) / divisor
    return try Tensor.where(varies, scaled, .zeros(half.shape))
  }

  /// `decode` for any number of rows, in parts of at most `rows`; the observations and noises are as many.
  func decodeInParts(normalized observation: Tensor, noise: Tensor, rows: Int = 4096) throws -> Tensor {
    let count = noise.shape[0]
    try Interrupt.check()
    guard count > rows else { return try decode(normalized: observation, noise: noise) }
    let parts = try stride(from: 0, to: count, by: rows).map { start in
      try Interrupt.check()
      let length = min(rows, count - start)
      return try decode(normalized: observation.narrow(0, start, length), noise: noise.narrow(0, start, length))
    }
    return try .cat(parts)
  }
}

extension Tensor {
  /// Each row `times` times in a row: [n, columns] -> [n · times, columns].
  func repeatingRows(_ times: Int) throws -> Tensor { try indexSelect(0, (0..<shape[0] * times).map { $0 / times }) }

  /// The root of the mean square of each row, [n].
  func rowRMS() throws -> Tensor { try squared().mean(-1).sqrt() }
}
