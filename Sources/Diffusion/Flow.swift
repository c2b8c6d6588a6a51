import Glibc
import Tensors

/// Conditional flow matching with straight paths (Lipman et al. 2023; Liu et al. 2023): between noise w and action a the network gives the
/// velocity of the path.
public struct Flow: Codable, Equatable, Sendable {
  public enum Direction: String, Codable, CaseIterable, Sendable {
    /// x_t = (1 - t) w + t a, velocity a - w: torchcfm's, FQL's, ReinFlow's.
    case toAction = "to_action"
    /// x_t = t w + (1 - t) a, velocity w - a: openpi's.
    case toNoise = "to_noise"
  }
  /// Which noise a chunk of a batch is trained with.
  public enum Coupling: String, Codable, CaseIterable, Sendable {
    /// Any: the law that a conditional flow is defined by.
    case independent
    /// The pairing of the batch that is shortest in all (Tong et al. 2024): straighter paths. Refused where observations vary: pairs are exchanged
    /// between observations, so that the noise would depend on the observation that it is to be independent of.
    case ot
    /// The same, although observations vary.
    case otAcrossObservations = "ot_across_observations"
  }
  /// How t is drawn in training.
  public enum TimeLaw: String, Codable, CaseIterable, Sendable {
    case uniform
    /// Esser et al. 2024: t = 1 / (1 + exp(-n)), n ~ N(time_mean, time_std²).
    case logitNormal = "logit_normal"
    /// Beta(time_alpha, time_beta); openpi's is Beta(1.5, 1), towards its noise.
    case beta
  }

  public var direction = Direction.toAction
  public var timeLaw = TimeLaw.uniform
  public var timeMean = 0.0
  public var timeStd = 1.0
  public var timeAlpha = 1.5
  public var timeBeta = 1.0
  /// The network is told time_scale · t.
  public var timeScale = 1.0
  /// The path starts at source_mean + source_scale · w, w standard normal; numbers, or one for each of the noise's.
  public var sourceMean: Coordinates = 0
  public var sourceScale: Coordinates = 1
  public var coupling = Coupling.independent

  public init() {}

  /// Throws for numbers that make no process.
  public func check() throws {
    guard timeStd > 0, timeStd.isFinite, timeMean.isFinite else {
      throw UsageError("a flow process wants a finite time_mean and a positive time_std, got \(timeMean) and \(timeStd)")
    }
    guard timeAlpha > 0, timeBeta > 0, timeAlpha <= 100, timeBeta <= 100 else {
      throw UsageError("a flow process wants time_alpha and time_beta in (0, 100], got \(timeAlpha) and \(timeBeta)")
    }
    guard timeScale > 0, timeScale.isFinite else { throw UsageError("a flow process wants a positive time_scale, got \(timeScale)") }
    guard sourceScale.values.allSatisfy({ $0 > 0 && $0.isFinite }), sourceMean.values.allSatisfy(\.isFinite) else {
      throw UsageError("a flow process wants a finite source_mean and a positive source_scale, got \(sourceMean) and \(sourceScale)")
    }
  }

  /// What the network is told when `progress` of the way from noise (0) to action (1) is made.
  func time(_ progress: Double) -> Double { timeScale * (direction == .toAction ? progress : 1 - progress) }
  /// Of the network's velocity, the part along the way to the action.
  var sign: Double { direction == .toAction ? 1 : -1 }

  /// A batch to learn from: clean chunks [n, latent].
  func lesson(_ clean: Tensor, using stream: inout RandomStream) throws -> Lesson {
    let rows = clean.shape[0]
    let noise = try Tensor.randn(clean.shape, using: &stream)
    let progress = (0..<rows).map { _ in
      let t = draw(&stream)
      return direction == .toAction ? t : 1 - t
    }
    let start = try sourceMean.plus(sourceScale.times(noise))
    return try lesson(from: coupling == .independent ? start : start.indexSelect(0, Assignment.nearest(clean, start)), to: clean, progress)
  }

  /// The points where so much of the ways is made, and the velocities there.
  func lesson(from start: Tensor, to clean: Tensor, _ progress: [Double]) throws -> Lesson {
    let share = try Tensor(progress.map(Float.init), shape: [progress.count, 1])
    let input = try (1 - share) * start + share * clean
    return Lesson(input: input, time: Tensor(progress.map { Float(time($0)) }), target: try Float(sign) * (clean - start), weight: nil)
  }

  /// t by the time law.
  private func draw(_ stream: inout RandomStream) -> Double {
    switch timeLaw {
    case .uniform: return stream.uniform()
    case .logitNormal: return 1 / (1 + exp(-(timeMean + timeStd * stream.normal())))
    case .beta:
      let (x, y) = (gamma(timeAlpha, &stream), gamma(timeBeta, &stream))
      return x / (x + y)
    }
  }

  /// Gamma(shape, 1) by Marsaglia and Tsang 2000.
  private func gamma(_ shape: Double, _ stream: inout RandomStream) -> Double {
    if shape < 1 { return gamma(shape + 1, &stream) * pow(1 - stream.uniform(), 1 / shape) }
    let d = shape - 1 / 3.0, c = 1 / (9 * d).squareRoot()
    while true {
      let x = stream.normal()
      let v = pow(1 + c * x, 3)
      if v > 0, log(1 - stream.uniform()) < x * x / 2 + d - d * v + d * log(v) { return d * v }
    }
  }
}
