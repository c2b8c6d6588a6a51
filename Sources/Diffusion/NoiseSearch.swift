import Tensors

extension BasePolicy {
  /// Noises whose chunks are nearest to `target`, [n, horizon · action] in [-1, 1], as far as least squares find them: [n, latent].
  ///
  /// It starts from the nearest of zero and `draws` standard normal noises, so that it is near the right mode, and goes on by damped Gauss-Newton steps
  /// (Marquardt 1963) on a Jacobian by differences.
  func searchNoise(normalized observation: Tensor, _ target: Tensor, iterations: Int, tolerance: Double, draws: Int = 64) throws -> Tensor {
    let n = target.shape[0], latent = latentSize
    guard n > 0 else { return .zeros([0, latent]) }
    var noise = try nearest(normalized: observation, target, draws: draws)
    var error = try residual(observation, noise, target).rowRMS().reshape([n, 1])
    var damping = Tensor.full(0.01, [n, 1])
    let identity = Tensor.filled([latent, latent]) { entry in for i in 0..<latent * latent { entry[i] = i % (latent + 1) == 0 ? 1 : 0 } }
    for _ in 0..<iterations {
      guard try !error.le(.scalar(Float(tolerance))).all(), try !damping.gt(.scalar(1e8)).all() else { break }
      try Interrupt.check()
      let slopes = try jacobian(normalized: observation, noise: noise), transposed = try slopes.transposed()
      let square = try transposed.matmul(slopes)
      let size = try (square * identity).sum(-1).sum(-1).reshape([n, 1]) / Float(latent)
      let weight = try (damping * (size + 1e-9)).reshape([n, 1, 1])
      let pull = try transposed.matmul(residual(observation, noise, target).reshape([n, chunkSize, 1]))
      let move = try LinearAlgebra.solve(square + weight * identity, pull).reshape([n, latent])
      let candidate = try noise + move
      let found = try residual(observation, candidate, target).rowRMS().reshape([n, 1])
      let better = try found.lt(error)
      noise = try .where(better, candidate, noise)
      error = try .where(better, found, error)
      damping = try .where(better, (0.2 * damping).clamp(1e-7, 1e9), 5 * damping)
    }
    return noise
  }

  private func residual(_ observation: Tensor, _ noise: Tensor, _ target: Tensor) throws -> Tensor {
    try target - decodeInParts(normalized: observation, noise: noise)
  }

  /// For each row the nearest to lead on from, of zero and random noises.
  private func nearest(normalized observation: Tensor, _ target: Tensor, draws: Int) throws -> Tensor {
    var stream = RandomStream(seed: 0, purpose: "inversion")
    let n = target.shape[0]
    var noise = Tensor.zeros([n, latentSize])
    var error = try residual(observation, noise, target).rowRMS().reshape([n, 1])
    for _ in 0..<draws {
      try Interrupt.check()
      let candidate = try Tensor.randn([n, latentSize], using: &stream)
      let found = try residual(observation, candidate, target).rowRMS().reshape([n, 1])
      let better = try found.lt(error)
      (noise, error) = (try .where(better, candidate, noise), try .where(better, found, error))
    }
    return noise
  }
}
