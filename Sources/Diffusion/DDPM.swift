import Glibc
import Tensors

/// The noising of Ho et al. 2020 in discrete steps: x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε; t counts from 0.
public struct DDPM: Codable, Equatable, Sendable {
  /// How β grows.
  public enum Schedule: String, Codable, CaseIterable, Sendable {
    /// Nichol and Dhariwal 2021: β_t = 1 - f(t+1)/f(t) up to 0.999, f(i) = cos²((i/T + 0.008) / 1.008 · π/2).
    case cosine
    /// Ho et al. 2020: β from beta_start to beta_end in equal steps.
    case linear
    /// Rombach et al. 2022: √β in equal steps.
    case scaledLinear = "scaled_linear"
  }
  /// What the network is trained to say.
  public enum Prediction: String, Codable, CaseIterable, Sendable {
    case epsilon
    /// x_0 itself.
    case sample
    /// Salimans and Ho 2022: v = √ᾱ ε - √(1 - ᾱ) x_0.
    case v
  }

  /// T, the number of noise levels that the network is trained on.
  public var steps = 20
  public var schedule = Schedule.cosine
  /// Of the linear and the scaled-linear schedule.
  public var betaStart = 1e-4
  public var betaEnd = 0.02
  public var prediction = Prediction.epsilon
  /// Hang et al. 2023: the loss of x_0 weighs min(SNR, min_snr); nil: the plain error of what is predicted.
  public var minSnr: Double?

  public init() {}

  /// Throws for numbers that make no schedule.
  public func check() throws {
    guard (1...100_000).contains(steps) else { throw UsageError("a ddpm process wants steps from 1 to 100000, got \(steps)") }
    guard betaStart > 0, betaStart <= betaEnd, betaEnd < 1 else {
      throw UsageError("a ddpm process wants 0 < beta_start <= beta_end < 1, got \(betaStart) and \(betaEnd)")
    }
    if let minSnr, !(minSnr > 0 && minSnr.isFinite) { throw UsageError("a ddpm process wants a positive min_snr, got \(minSnr)") }
  }

  /// β_0 ... β_{T-1}.
  public var betas: [Double] {
    func f(_ i: Int) -> Double {
      let cosine = cos((Double(i) / Double(steps) + 0.008) / 1.008 * .pi / 2)
      return cosine * cosine
    }
    return (0..<steps).map { t in
      let share = steps == 1 ? 0 : Double(t) / Double(steps - 1)
      switch schedule {
      case .cosine: return min(max(1 - f(t + 1) / f(t), 0), 0.999)
      case .linear: return betaStart + share * (betaEnd - betaStart)
      case .scaledLinear:
        let root = betaStart.squareRoot() + share * (betaEnd.squareRoot() - betaStart.squareRoot())
        return root * root
      }
    }
  }

  /// ᾱ_0 ... ᾱ_{T-1}, the share of the signal's variance that is left, falling.
  public var alphaBars: [Double] {
    var left = 1.0
    return betas.map { beta in
      left *= 1 - beta
      return left
    }
  }

  /// The level where a network is evaluated at time t.
  func level(_ t: Int, _ alphaBar: Double) -> Level {
    let (signal, noise) = (alphaBar.squareRoot(), (1 - alphaBar).squareRoot())
    let (skip, out) =
      switch prediction {
      case .epsilon: (1 / signal, -noise / signal)
      case .sample: (0, 1)
      case .v: (signal, -noise)
      }
    return Level(time: Double(t), signal: signal, noise: noise, skip: skip, out: out)
  }

  /// A batch to learn from: clean chunks [n, latent].
  func lesson(_ clean: Tensor, _ alphaBars: [Double], using stream: inout RandomStream) throws -> Lesson {
    let rows = clean.shape[0]
    let times = (0..<rows).map { _ in stream.integer(below: steps) }
    let noise = try Tensor.randn(clean.shape, using: &stream)
    let left = times.map { Float(alphaBars[$0]) }
    let signal = try Tensor(left.map { $0.squareRoot() }, shape: [rows, 1])
    let rest = try Tensor(left.map { (1 - $0).squareRoot() }, shape: [rows, 1])
    let target: Tensor
    switch prediction {
    case .epsilon: target = noise
    case .sample: target = clean
    case .v: target = try signal * noise - rest * clean
    }
    var weight: Tensor?
    if let minSnr {
      let weights: [Float] = times.map { Float(lossWeight(alphaBars[$0], minSnr)) }
      weight = try Tensor(weights, shape: [rows, 1])
    }
    return Lesson(input: try signal * clean + rest * noise, time: Tensor(times.map(Float.init)), target: target, weight: weight)
  }

  /// What min(SNR, bound) on x_0 is on the prediction.
  private func lossWeight(_ alphaBar: Double, _ bound: Double) -> Double {
    let ratio = alphaBar / (1 - alphaBar)
    switch prediction {
    case .epsilon: return min(ratio, bound) / ratio
    case .sample: return min(ratio, bound)
    case .v: return min(ratio, bound) / (ratio + 1)
    }
  }
}
