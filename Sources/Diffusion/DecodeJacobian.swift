import Tensors

// How an action answers to its noise.
extension BasePolicy {
  /// d action / d noise of the decoding, both in the environment's units: [n, observation], [n, latent] -> [n, horizon · action, latent].
  public func jacobian(_ observation: Tensor, noise: Tensor, step: Float? = nil) throws -> Tensor {
    let (low, high) = try actionRange()
    let half = try (0.5 * (high - low)).reshape([1, chunkSize, 1])
    return try jacobian(normalized: normalize(observation), noise: noise, step: step) * half
  }

  /// The same for chunks in [-1, 1], by central differences. The error falls with step² and rises with the rounding of a decode over `step`; for
  /// float32 they meet near the cube root of its ε, about 1/128, and for bfloat16 at 1/8: the usual steps.
  func jacobian(normalized observation: Tensor, noise: Tensor, step: Float? = nil) throws -> Tensor {
    let step = step ?? ((self as? DiffusionPolicy)?.precision == .bfloat16 ? 1 / 8 : 1 / 128)
    guard step > 0, step.isFinite else { throw UsageError("a Jacobian by differences wants a positive step, got \(step)") }
    guard noise.rank == 2, noise.shape[1] == latentSize, observation.rank == 2, observation.shape[0] == noise.shape[0] else {
      throw UsageError("a Jacobian wants observations [n, \(conditionSize)] and noises [n, \(latentSize)], got \(observation.shape) and \(noise.shape)")
    }
    let latent = latentSize, together = max(1, 4096 / (2 * latent))
    try Tensor.check([noise.shape[0], chunkSize, latent])
    let parts = try stride(from: 0, to: noise.shape[0], by: together).map { start in
      try Interrupt.check()
      let n = min(together, noise.shape[0] - start)
      let base = try noise.narrow(0, start, n).values
      // Rows in pairs: the noise with its j-th number lowered, and raised.
      let moved = Tensor.filled([n * latent * 2, latent]) { target in
        for row in 0..<n * latent * 2 {
          let (i, j, sign) = (row / (2 * latent), row / 2 % latent, row % 2)
          for k in 0..<latent { target[row * latent + k] = base[i * latent + k] }
          target[row * latent + j] += sign == 0 ? -step : step
        }
      }
      let ends = try decode(normalized: observation.narrow(0, start, n).repeatingRows(2 * latent), noise: moved).reshape([n, latent, 2, chunkSize])
      let slopes = try (ends.select(2, 1) - ends.select(2, 0)) / (2 * step)
      return try slopes.transposed(1, 2)
    }
    return parts.isEmpty ? .zeros([0, chunkSize, latent]) : try .cat(parts)
  }
}
