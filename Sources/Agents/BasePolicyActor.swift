import Diffusion
import Tensors

/// The base policy as it is deployed without steering: noise from the standard normal.
public final class BasePolicyActor {
  public let policy: any BasePolicy
  private var stream: RandomStream

  public init(_ policy: any BasePolicy, seed: Int) {
    self.policy = policy
    stream = RandomStream(seed: seed, purpose: "base policy")
  }

  /// Observations [n, observation] to chunks [n, horizon, action], both in the environment's units.
  public func act(_ observation: Tensor) throws -> Tensor {
    let noise = try Tensor.randn([observation.shape[0], policy.latentSize], using: &stream)
    return try policy.decode(observation, noise: noise)
  }
}
