import Tensors

/// A decoding as its sampler goes: what was there at each evaluation of the network, and what it made of it.
public struct Trace: Sendable {
  public struct Step: Sendable {
    /// What the network is told of the noise.
    public let time: Double
    /// The share of signal and of noise in the point: x = signal · x_0 + noise · ε.
    public let signal: Double
    public let noise: Double
    /// x and the sample that the network sees in it, [n, horizon · action].
    public let point: Tensor
    public let denoised: Tensor
    /// Whether a step of the sampler begins here, rather than another look within one.
    public let begins: Bool
  }
  /// nil where nothing names the sampler: a policy of which only decoding is known.
  public let sampler: Sampler?
  public let initial: Tensor
  /// Empty where only decoding is known.
  public let steps: [Step]
  /// The chunks in [-1, 1], [n, horizon · action].
  public let result: Tensor
}

extension BasePolicy {
  /// The way from noises [n, latent] to chunks; of a policy of which only decoding is known, its two ends.
  public func trace(_ observation: Tensor, noise: Tensor) throws -> Trace {
    let normalized = try normalize(observation)
    guard let policy = self as? DiffusionPolicy else {
      return Trace(sampler: nil, initial: noise, steps: [], result: try decode(normalized: normalized, noise: noise))
    }
    return try policy.trace(normalized: normalized, noise: noise, by: policy.sampler)
  }
}

extension DiffusionPolicy {
  /// The way that any sampler of the policy's process takes; the network is evaluated in float32.
  public func trace(normalized observation: Tensor, noise: Tensor, by sampler: Sampler) throws -> Trace {
    let plan = try sampler.plan(for: config.process)
    let frozen = try sampler.frozenNoise(of: plan, latentSize: latentSize)
    var (drawn, steps, begins) = (0, [Trace.Step](), true)
    let result = try Tensor.withoutGrad {
      try plan.run(
        from: noise,
        inner: {
          defer { drawn += 1 }
          return frozen[drawn]
        },
        watch: { [config] i, point, value in
          let move = plan.moves[i]
          // A flow's value is the velocity, unless it is clipped.
          var denoised = value
          if case .flow = config.process, move.skip == 0 { denoised = try point + Float(1 - move.signal) * value }
          steps.append(.init(time: move.time, signal: move.signal, noise: move.noise, point: point, denoised: denoised, begins: begins))
          begins = move.ends
        }
      ) { x, move in try self.epsilon(x, Float(plan.moves[move].time), observation) }
    }
    return Trace(sampler: sampler, initial: noise, steps: steps, result: result)
  }
}
