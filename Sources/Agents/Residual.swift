import Diffusion
import Environments
import Tensors

/// How large a correction of the frozen policy's actions may be.
public struct ResidualOptions: Codable, Equatable, Sendable {
  /// Corrections lie in [-this, this], in the policy's [-1, 1] units.
  public var residualScale: Float = 0.1
  /// Vector steps with corrections uniform over their box, before the first update.
  public var initRolloutSteps = 2001

  public init() {}

  func check() throws {
    guard residualScale > 0, residualScale <= 2 else { throw UsageError("residual_scale wants a number from 0 to 2, got \(residualScale)") }
    try checkAtLeast("init_rollout_steps", initRolloutSteps, 0)
  }
}

/// Bounded corrections of what a frozen policy does; the networks see its actions beside the observation (as in Ankile et al. 2025, arXiv 2509.19301).
///
/// The policy's noise is standard normal, drawn anew from the seed and the observation's bits: what it does is a function of the
/// observation, so that the next action that the critics are told of is the one that is corrected.
public struct Residual: ActionMap {
  let policy: any BasePolicy
  let options: ResidualOptions
  private let seed: Int

  /// Throws for options out of their range.
  public init(_ policy: any BasePolicy, _ options: ResidualOptions, seed: Int) throws {
    try options.check()
    (self.policy, self.options, self.seed) = (policy, options, seed)
  }

  public var observationSize: Int { policy.conditionSize + policy.executedSize }
  public var size: Int { policy.executedSize }

  /// [n, observation] to [n, condition + executed]
  public func normalize(_ observation: Tensor) throws -> Tensor {
    try Tensor.withoutGrad {
      let seen = try policy.normalize(observation)
      return try Tensor.cat([seen, policy.executed(policy.decode(normalized: seen, noise: noise(seen)))], dim: 1)
    }
  }

  public func executed(_ observation: Tensor, _ action: Tensor) throws -> Tensor {
    try policy.denormalize((observation.narrow(1, policy.conditionSize, size) + options.residualScale * action).clamp(-1, 1))
  }

  public func firstActions(_ rows: Int, using stream: inout RandomStream) throws -> Tensor {
    try Tensor.uniform([rows, size], -1, 1, using: &stream)
  }

  private func noise(_ seen: Tensor) -> Tensor {
    let (values, width, latent) = (seen.values, policy.conditionSize, policy.latentSize)
    return Tensor.filled([seen.shape[0], latent]) { target in
      for row in 0..<seen.shape[0] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for value in values[row * width..<(row + 1) * width] { hash = (hash ^ UInt64(value.bitPattern)) &* 0x100_0000_01b3 }
        var stream = RandomStream(seed: seed, purpose: "base noise", index: Int(truncatingIfNeeded: hash))
        for j in 0..<latent { target[row * latent + j] = Float(stream.normal()) }
      }
    }
  }
}

/// A residual agent's.
@dynamicMemberLookup
public struct ResidualSACOptions: Codable, Equatable, Sendable {
  public var residual = ResidualOptions()
  public var learning: LearningOptions = {
    var options = LearningOptions.steering
    options.targetEntropy = nil
    return options
  }()

  public init() {}
  public subscript<T>(dynamicMember path: WritableKeyPath<ResidualOptions, T>) -> T {
    get { residual[keyPath: path] }
    set { residual[keyPath: path] = newValue }
  }
  public subscript<T>(dynamicMember path: WritableKeyPath<LearningOptions, T>) -> T {
    get { learning[keyPath: path] }
    set { learning[keyPath: path] = newValue }
  }
}
