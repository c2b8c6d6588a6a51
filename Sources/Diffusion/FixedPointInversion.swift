import Tensors

extension DiffusionPolicy {
  /// Noises whose decoding, noise inside the sampler included, ends at chunks in [-1, 1]: [n, observation], [n, latent] -> [n, latent].
  func solveBack(normalized observation: Tensor, _ target: Tensor, iterations: Int, tolerance: Double) throws -> Tensor {
    let plan = schedule
    let frozen = try sampler.frozenNoise(of: plan, latentSize: latentSize)
    return try plan.solvedBack(from: target, frozen: frozen, iterations: iterations, tolerance: tolerance) { x, move in
      try Interrupt.check()
      return try self.epsilon(x, Float(plan.moves[move].time), observation)
    }
  }
}

extension SamplingPlan {
  /// Each step solved for its start, the last step first: the noise that `run` takes to `target`, [n, latent]. `frozen` are its draws.
  func solvedBack(
    from target: Tensor, frozen: [Tensor], iterations: Int, tolerance: Double, _ network: (_ x: Tensor, _ move: Int) throws -> Tensor
  ) throws -> Tensor {
    var point = resultBound.map { target.clamp(Float(-$0), Float($0)) } ?? target
    for range in separateSteps.reversed() {
      var step = SamplingPlan(moves: Array(moves[range]), noiseClip: noiseClip)
      if range.upperBound == moves.count { step.finalClip = finalClip }
      let firstDraw = (spread == 0 ? 0 : 1) + moves[..<range.lowerBound].count { $0.spread != 0 }
      point = try solve(for: point, gain: gain(of: range), iterations: iterations, tolerance: tolerance) { start in
        var drawn = firstDraw
        return try step.run(
          from: start,
          inner: {
            defer { drawn += 1 }
            return frozen[drawn]
          }
        ) { x, move in try network(x, range.lowerBound + move) }
      }
    }
    if spread != 0 {
      let inner = noiseClip.map { frozen[0].clamp(Float(-$0), Float($0)) } ?? frozen[0]
      point = try point - Float(spread) * inner
    }
    return try self.noise(startingAt: point)
  }
}

extension SamplingPlan {
  /// Runs of moves from one base to the next; all moves together where a move needs what an earlier run found.
  var separateSteps: [Range<Int>] {
    var (steps, start) = ([Range<Int>](), 0)
    for (i, move) in moves.enumerated() {
      guard move.add.dropFirst(i - start + 1).allSatisfy({ $0 == 0 }) else { return [0..<moves.count] }
      guard move.ends else { continue }
      steps.append(start..<i + 1)
      start = i + 1
    }
    return steps
  }

  /// By how much a change of a step's end moves its start, were the data normal with deviation 1/2: the ratio of the points' deviations.
  func gain(of step: Range<Int>) -> Float {
    func deviation(_ signal: Double, _ noise: Double) -> Double { (signal * signal / 4 + noise * noise).squareRoot() }
    let start = moves[step.lowerBound], isLast = step.upperBound == moves.count
    let end = isLast ? deviation(1, 0) : deviation(moves[step.upperBound].signal, moves[step.upperBound].noise)
    return Float(deviation(start.signal, start.noise) / end)
  }
}

/// x with step(x) = `target`, row by row, by Anderson's acceleration (Walker and Ni 2011) of x + gain (target - step(x)); the best x that was met.
///
/// A row is done at a root mean square below `tolerance` times its target's, or 1. One that moves far away goes back to its best and on in smaller steps.
func solve(for target: Tensor, gain: Float, iterations: Int, tolerance: Double, _ step: (Tensor) throws -> Tensor) throws -> Tensor {
  let n = target.shape[0], memory = 5
  guard n > 0, target.count > 0 else { return target }
  let enough = try Float(tolerance) * Tensor.maximum(target.rowRMS().reshape([n, 1]), .scalar(1))
  var x = gain * target
  var (best, bestResidual, bestError) = (x, target, Tensor.full(.infinity, [n, 1]))
  var share = Tensor.ones([n, 1])
  var (xs, residuals) = ([Tensor](), [Tensor]())
  for _ in 0..<iterations {
    var residual = try target - step(x)
    let error = try residual.rowRMS().reshape([n, 1])
    let better = try error.lt(bestError)
    best = try .where(better, x, best)
    bestResidual = try .where(better, residual, bestResidual)
    bestError = try .where(better, error, bestError)
    guard try !bestError.le(enough).all() else { break }
    // NaN is not below anything, so it goes back too.
    let near = try error.le(4 * bestError)
    x = try .where(near, x, best)
    residual = try .where(near, residual, bestResidual)
    share = try .where(near, (2 * share).clamp(0, 1), 0.5 * share)
    guard residual.isFinite().all(), x.isFinite().all() else { break }

    var move = gain * residual
    if !xs.isEmpty {
      // What the last points moved, and what that did to their residuals, [n, latent, memory].
      let dx = try Tensor.stack(xs.map { try x - $0 }, dim: 2), dr = try Tensor.stack(residuals.map { try residual - $0 }, dim: 2)
      let weights = try LinearAlgebra.lstsq(dr, residual.reshape(residual.shape + [1]))
      move = try move - (dx + gain * dr).matmul(weights).reshape(x.shape)
    }
    (xs, residuals) = ([x] + xs.prefix(memory - 1), [residual] + residuals.prefix(memory - 1))
    x = try x + share * move
  }
  return best
}
