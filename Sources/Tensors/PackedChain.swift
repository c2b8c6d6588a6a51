/// A whole deterministic denoising chain of a frozen network: noise [n, size] -> sample [n, size], rows in blocks that stay in cache.
public final class PackedChain: Sendable {
  /// How one evaluation of the network moves x.
  public enum Update: Sendable, Equatable {
    /// Song et al. 2021 (DDIM), equation 12 with η = 0: from ᾱ to the ᾱ before it (1 at the last step), the network giving ε. The clean sample
    /// is clipped to ±clip, and ε recomputed from it.
    case ddim(alpha: Float, previous: Float, clip: Float?)
    /// x + length · network.
    case euler(length: Float)
  }
  public struct Step: Sendable, Equatable {
    /// The network's time: the row of its embeddings.
    public let time: Int
    public let update: Update
    public init(time: Int, update: Update) { (self.time, self.update) = (time, update) }
  }

  public let network: PackedResidualMLP
  public let steps: [Step]

  /// `steps` in the order they are taken. Throws for a time that the network has no embedding for, and for ᾱ outside (0, 1).
  public init(network: PackedResidualMLP, steps: [Step]) throws {
    for step in steps {
      guard step.time >= 0, step.time < network.times else { throw UsageError("wanted a time in 0..<\(network.times), got \(step.time)") }
      if case .ddim(let alpha, let previous, _) = step.update {
        guard alpha > 0, alpha < 1, previous > 0, previous <= 1 else {
          throw UsageError("wanted alpha in (0, 1) and previous in (0, 1], got \(alpha) and \(previous)")
        }
      }
    }
    (self.network, self.steps) = (network, steps)
  }

  /// observation [n, observationSize], noise [n, size] -> [n, size]; the same for a row whatever the number of threads.
  public func callAsFunction(observation: Tensor, noise: Tensor) throws -> Tensor {
    try network.overBlocks(noise, observation) { block in
      for step in self.steps {
        try block.evaluate(time: step.time)
        step.update.move(block.sample, by: block.value, count: block.rows * self.network.size)
      }
    }
  }
}

extension PackedChain.Update {
  func move(_ x: UnsafeMutablePointer<Float>, by value: UnsafePointer<Float>, count: Int) {
    switch self {
    case .ddim(let alpha, let previous, let clip):
      let (signal, noise) = (alpha.squareRoot(), (1 - alpha).squareRoot())
      let (nextSignal, nextNoise) = (previous.squareRoot(), (1 - previous).squareRoot())
      let limit = clip ?? .infinity
      for index in 0..<count {
        let guess = (x[index] - noise * value[index]) / signal
        let clean = guess < -limit ? -limit : guess > limit ? limit : guess
        let epsilon = (x[index] - signal * clean) / noise
        x[index] = nextSignal * clean + nextNoise * epsilon
      }
    case .euler(let length):
      for index in 0..<count { x[index] += length * value[index] }
    }
  }
}
