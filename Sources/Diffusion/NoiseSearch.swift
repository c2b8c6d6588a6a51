import Tensors

extension BasePolicy {
  /// Noises whose chunks are nearest to `target`, [n, horizon · action] in [-1, 1], as far as least squares find them: [n, latent].
  ///
  /// Each of up to three attempts starts from the nearest of standard normal noises, so that it is near the right mode, and goes on by damped
  /// Gauss-Newton steps (Marquardt 1963) on a Jacobian by differences. Where clipping leaves no slope another attempt may do.
  func searchNoise(normalized observation: Tensor, _ target: Tensor, iterations: Int, tolerance: Double) throws -> Tensor {
    let n = target.shape[0]
    guard n > 0 else { return .zeros([0, latentSize]) }
    var stream = RandomStream(seed: 0, purpose: "inversion")
    var best = Tensor.zeros([n, latentSize]), least = Tensor.full(.infinity, [n, 1])
    for _ in 0..<3 {
      let (noise, error) = try descend(observation, from: nearest(observation, target, using: &stream), target, iterations: iterations, tolerance: tolerance)
      let better = try error.lt(least)
      (best, least) = (try .where(better, noise, best), try .where(better, error, least))
      guard try !least.le(.scalar(Float(max(tolerance, 1e-3)))).all() else { break }
    }
    return best
  }

  private func descend(
    _ observation: Tensor, from start: Tensor, _ target: Tensor, iterations: Int, tolerance: Double
  ) throws -> (noise: Tensor, error: Tensor) {
    let n = target.shape[0], latent = latentSize
    var noise = start
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
      damping = try .where(better, (0.2 * damping).clamp(1e-7, 1e9), (5 * damping).clamp(0, 1e9))
    }
    return (noise, error)
  }

  private func residual(_ observation: Tensor, _ noise: Tensor, _ target: Tensor) throws -> Tensor {
    try target - decodeInParts(normalized: observation, noise: noise)
  }

  /// For each row that of 64 noises whose chunk is nearest.
  private func nearest(_ observation: Tensor, _ target: Tensor, using stream: inout RandomStream) throws -> Tensor {
    let n = target.shape[0]
    var noise = Tensor.zeros([n, latentSize]), error = Tensor.full(.infinity, [n, 1])
    for _ in 0..<64 {
      try Interrupt.check()
      let candidate = try Tensor.randn([n, latentSize], using: &stream)
      let found = try residual(observation, candidate, target).rowRMS().reshape([n, 1])
      let better = try found.lt(error)
      (noise, error) = (try .where(better, candidate, noise), try .where(better, found, error))
    }
    return noise
  }
}
