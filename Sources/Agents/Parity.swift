/// A published implementation whose behaviour can be had as defaults.
public enum Parity: String, Codable, CaseIterable, Sendable {
  /// The code released with Wagenmaker et al. 2025.
  case dsrl2025 = "dsrl-2025"
}

extension DSRLNA.Options {
  /// The defaults under which it behaves as published: noise in [-1, 1] whatever the released files say, the first and the distilled
  /// noises unbounded, time limits as terminations. The actor moves before the distillation, and head i learns head i, as here.
  public init(_ parity: Parity) {
    self.init()
    (steering.actionMagnitude, steering.initNoise) = (1, .unbounded)
    (distillationNoise, learning.critic.timeLimits) = (.standardNormal, .terminate)
  }
}

extension SteeringSACOptions {
  /// Likewise; the published DSRL-SAC does bound its noise, and clips the first ones.
  public init(_ parity: Parity) {
    self.init()
    (steering.initNoise, learning.critic.timeLimits) = (.clipped, .terminate)
  }
}
