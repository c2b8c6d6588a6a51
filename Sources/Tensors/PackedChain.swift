/// A whole deterministic denoising chain of a frozen network: noise [n, size] -> sample [n, size], rows in blocks that stay in cache.
public final class PackedChain: Sendable {
  /// How one evaluation of the network moves x: value = clip(skip · x + out · network), x <- keep · x + add · value.
  public struct Update: Sendable, Equatable {
    public var skip: Float
    public var out: Float
    public var clip: Float?
    public var keep: Float
    public var add: Float

    public init(skip: Float, out: Float, clip: Float?, keep: Float, add: Float) {
      (self.skip, self.out, self.clip, self.keep, self.add) = (skip, out, clip, keep, add)
    }

    /// Song et al. 2021 (DDIM), equation 12 with η = 0: from ᾱ to the ᾱ before it (1 at the last step), the network giving ε. The clean sample
    /// is clipped to ±clip, and ε recomputed from it.
    public static func ddim(alpha: Float, previous: Float, clip: Float?) -> Update {
      let (signal, noise) = (alpha.squareRoot(), (1 - alpha).squareRoot())
      let rest = (1 - previous).squareRoot() / noise
      return Update(skip: 1 / signal, out: -noise / signal, clip: clip, keep: rest, add: previous.squareRoot() - rest * signal)
    }
    /// x + length · network.
    public static func euler(length: Float) -> Update { Update(skip: 0, out: 1, clip: nil, keep: 1, add: length) }
  }
  public struct Step: Sendable, Equatable {
    /// The network's time: the row of its embeddings.
    public let time: Int
    public let update: Update
    public init(time: Int, update: Update) { (self.time, self.update) = (time, update) }
  }

  public let network: any PackedNetwork
  public let steps: [Step]

  /// `steps` in the order they are taken. Throws for a time that the network has no embedding for, and for coefficients that are not finite.
  public init(network: any PackedNetwork, steps: [Step]) throws {
    for step in steps {
      guard step.time >= 0, step.time < network.times else { throw UsageError("wanted a time in 0..<\(network.times), got \(step.time)") }
      let update = step.update
      guard [update.skip, update.out, update.keep, update.add].allSatisfy(\.isFinite) else {
        throw UsageError("wanted finite coefficients of a step, got \(update)")
      }
    }
    (self.network, self.steps) = (network, steps)
  }

  /// observation [n, observationSize], noise [n, size] -> [n, size]; the same for a row whatever the number of threads.
  public func callAsFunction(observation: Tensor, noise: Tensor) throws -> Tensor {
    let size = network.size
    return try network.overBlocks(noise, observation) { block in
      for step in self.steps {
        try block.evaluate(time: step.time)
        step.update.move(block.sample, by: block.value, count: block.rows * size)
      }
    }
  }
}

extension PackedChain.Update {
  func move(_ x: UnsafeMutablePointer<Float>, by value: UnsafePointer<Float>, count: Int) {
    let (skip, out, keep, add, limit) = (skip, out, keep, add, clip ?? .infinity)
    for index in 0..<count {
      let guess = skip * x[index] + out * value[index]
      let kept = guess < -limit ? -limit : guess > limit ? limit : guess
      x[index] = keep * x[index] + add * kept
    }
  }
}
