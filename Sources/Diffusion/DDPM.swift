import Glibc
import Tensors

/// The noising of Ho et al. 2020 in discrete steps: x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε, the network predicting ε; t counts from 0.
public struct DDPM: Codable, Equatable, Sendable {
  public enum Schedule: String, Codable, CaseIterable, Sendable {
    /// Nichol and Dhariwal 2021: β_t = 1 - f(t+1)/f(t) up to 0.999, f(i) = cos²((i/T + 0.008) / 1.008 · π/2).
    case cosine
  }

  /// T, the number of noise levels that the network is trained on.
  public var steps = 20
  public var schedule = Schedule.cosine

  public init() {}

  /// Throws unless there is at least one step.
  public func check() throws {
    guard (1...100_000).contains(steps) else { throw UsageError("a ddpm process wants steps from 1 to 100000, got \(steps)") }
  }

  /// ᾱ_0 ... ᾱ_{T-1}, the share of the signal's variance that is left, falling.
  public var alphaBars: [Double] {
    func f(_ i: Int) -> Double {
      let cosine = cos((Double(i) / Double(steps) + 0.008) / 1.008 * .pi / 2)
      return cosine * cosine
    }
    var left = 1.0
    return (0..<steps).map { t in
      left *= 1 - min(max(1 - f(t + 1) / f(t), 0), 0.999)
      return left
    }
  }
}
