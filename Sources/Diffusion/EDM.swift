import Glibc
import Tensors

/// Karras et al. 2022: x = x_0 + σ ε, a network F in D(x; σ) = c_skip x + c_out F(c_in x; ln σ / 4).
public struct EDM: Codable, Equatable, Sendable {
  /// The data's standard deviation, of actions scaled to [-1, 1].
  public var sigmaData = 0.5
  /// In training ln σ ~ N(p_mean, p_std²).
  public var pMean = -1.2
  public var pStd = 1.2

  public init() {}

  /// Throws for numbers that make no process.
  public func check() throws {
    guard sigmaData > 0, sigmaData.isFinite else { throw UsageError("an edm process wants a positive sigma_data, got \(sigmaData)") }
    guard pStd >= 0, pStd.isFinite, pMean.isFinite else {
      throw UsageError("an edm process wants a finite p_mean and p_std >= 0, got \(pMean) and \(pStd)")
    }
  }

  /// Table 1's preconditioning at one σ > 0.
  func level(_ sigma: Double) -> Level {
    let total = sigma * sigma + sigmaData * sigmaData
    return Level(
      time: log(sigma) / 4, signal: 1, noise: sigma, inputScale: 1 / total.squareRoot(), skip: sigmaData * sigmaData / total,
      out: sigma * sigmaData / total.squareRoot())
  }

  /// A batch to learn from, of clean chunks [n, latent]; the loss weight λ makes the error of F itself weigh 1.
  func lesson(_ clean: Tensor, using stream: inout RandomStream) throws -> Lesson {
    let rows = clean.shape[0]
    let noise = try Tensor.randn(clean.shape, using: &stream)
    let levels = (0..<rows).map { _ in level(exp(pMean + pStd * stream.normal())) }
    func column(_ value: (Level) -> Double) throws -> Tensor { try Tensor(levels.map { Float(value($0)) }, shape: [rows, 1]) }
    let noised = try clean + column(\.noise) * noise
    let target = try (clean - column(\.skip) * noised) / column(\.out)
    return Lesson(input: try column(\.inputScale) * noised, time: Tensor(levels.map { Float($0.time) }), target: target, weight: nil)
  }
}
