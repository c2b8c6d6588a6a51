import Glibc
import Tensors
import Testing

@testable import Diffusion

/// The report on policies whose answers are known.
struct SteerabilityTests {
  private func policy(
    horizon: Int = 1, action: Int = 6, latent: Int = 6, _ decoding: @escaping (Tensor, Tensor) throws -> Tensor
  ) throws -> CustomPolicy {
    try CustomPolicy(observationSize: 1, actionSize: action, horizon: horizon, latentSize: latent, decoding: decoding)
  }
  private func options(_ samples: Int) -> Steerability.Options {
    var options = Steerability.Options()
    options.samples = samples
    return options
  }

  @Test func aPolicyThatIgnoresItsNoise() throws {
    let blind = try policy { observation, _ in try observation.expand(to: [observation.shape[0], 6]).contiguous() }
    let report = try Steerability(of: blind, at: Tensor([-0.5, 0, 0.5], shape: [3, 1]), options(32))
    #expect(report.spread < 1e-6)
    #expect(report.noiseShare == 0)
    #expect(report.effectiveRank == 0)
    #expect(report.singularValues.allSatisfy { $0 < 1e-4 })
    #expect(report.worth == .not)
    #expect(report.verdict.contains("Not steerable"))
    #expect(report.stepCounts.isEmpty && report.startSignal == nil && report.coverage == nil)
  }

  /// Two directions of six: rank, spectrum, spread and the noise's share are known.
  @Test func aLinearMapOfRankTwo() throws {
    let map = Tensor.filled([6, 6]) { entry in for i in 0..<36 { entry[i] = i == 0 || i == 7 ? 0.3 : 0 } }
    let linear = try policy { observation, noise in try noise.matmul(map) + observation }
    let report = try Steerability(of: linear, at: Tensor([-0.2, 0, 0.2], shape: [3, 1]), options(1000))
    #expect(abs(report.effectiveRank - 2) < 1e-2)
    for (found, exact) in zip(report.singularValues, [0.3, 0.3, 0, 0, 0, 0]) { #expect(abs(found - exact) < 1e-3) }
    let within = 2 * 0.09 / 6, between = 0.04
    #expect(abs(report.spread / within.squareRoot() - 1) < 0.05)
    #expect(abs((report.noiseShare ?? 0) - within / (within + between)) < 0.03)
    #expect(report.worth == .steerable)
    // Of a linear map the spread is the norm's multiple.
    for shell in report.shells { #expect(abs(shell.spread / (shell.norm * report.spread) - 1) < 0.1) }
    #expect(report.saturation < 0.01)
  }

  @Test func aSaturatingMap() throws {
    let steep = try policy { _, noise in (20 * noise).tanh() }
    let report = try Steerability(of: steep, at: .zeros([1, 1]), options(1000))
    let edge = atanh(0.999) / 20
    #expect(abs(report.saturation - erfc(edge / 2.0.squareRoot())) < 0.02)
    #expect(report.noiseShare == nil)
    #expect(report.verdict.contains("at ±1"))
  }

  /// A bounded, periodic map stays among its own actions however long the noise; a linear one leaves them.
  @Test func howFarTheNoiseMayGo() throws {
    let periodic = try policy(action: 2, latent: 2) { _, noise in (5 * noise).sin() }
    #expect(try Steerability(of: periodic, at: .zeros([1, 1]), options(400)).safeNorm == 4)
    let linear = try policy(action: 1, latent: 1) { _, noise in 0.1 * noise }
    let report = try Steerability(of: linear, at: .zeros([1, 1]), options(400))
    #expect((report.safeNorm ?? 0) < 4)
    let distances = report.shells.filter { $0.norm >= 2 }.map(\.distance)
    #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 < $1 })
  }

  /// The mean along the chunk loses by noises of its own what tied noise keeps; what differs from it is all lost when tied.
  @Test func tiedNoise() throws {
    let averaging = try policy(horizon: 4, action: 1, latent: 4) { _, noise in try (0.2 * noise.mean(1, keepDim: true)).expand(to: noise.shape).contiguous() }
    let report = try Steerability(of: averaging, at: .zeros([1, 1]), options(2000))
    #expect(abs((report.tiedSpread ?? 0) / report.spread - 2) < 0.1)
    let differing = try policy(horizon: 4, action: 1, latent: 4) { _, noise in try 0.2 * (noise - noise.mean(1, keepDim: true)) }
    let other = try Steerability(of: differing, at: .zeros([1, 1]), options(200))
    #expect((other.tiedSpread ?? 1) < 1e-6)
    #expect(other.verdict.contains("give every step its own noise"))
    #expect(abs(other.effectiveRank - 3) < 0.01)
    #expect(other.spreadByStep.count == 4)
  }

  @Test func moreSamplesComeNearerToTheExpert() throws {
    let linear = try policy(action: 2, latent: 2) { _, noise in 0.3 * noise }
    let report = try Steerability(of: linear, at: .zeros([40, 1]), expert: Tensor.zeros([40, 1, 2]), options(100))
    let coverage = try #require(report.coverage)
    #expect(coverage.map(\.samples) == [1, 2, 4, 8, 16, 32, 64, 100])
    #expect(zip(coverage, coverage.dropFirst()).allSatisfy { $0.distance >= $1.distance })
    // From the origin a sample is at 0.3 times a Rayleigh number's root of the mean over two: 0.3 √(π/2) / √2.
    #expect(abs(coverage[0].distance - 0.3 * (Double.pi / 4).squareRoot()) < 0.05)
    #expect(coverage[7].distance < 0.05)
  }

  @Test func aSamplersStepsAreVaried() throws {
    var stream = RandomStream(seed: 3)
    let policy = try DiffusionPolicy(.init(network: .init(observationSize: 1, actionSize: 2, horizon: 2)), using: &stream)
    try policy.setNormalization(
      observation: Normalizer(minimum: Tensor([-1]), maximum: Tensor([1])), action: Normalizer(minimum: Tensor([-1, -1]), maximum: Tensor([1, 1])))
    let report = try Steerability(of: policy, at: .zeros([2, 1]), options(16))
    #expect(report.stepCounts.map(\.steps) == [2, 5, 10])
    #expect(report.stepCounts[1].change < 1e-4)
    #expect(report.stepCounts[0].change > 1e-3)
    #expect(report.startSignal == report.stepCounts[1].startSignal)
  }

  @Test func mistakesAreNamed() throws {
    let linear = try policy { _, noise in noise }
    #expect(throws: UsageError("samples of a steerability report want a number from 2 to 10000, got 1")) {
      try Steerability(of: linear, at: .zeros([1, 1]), options(1))
    }
    #expect(throws: UsageError.self) { try Steerability(of: linear, at: .zeros([0, 1])) }
    let wrong = try policy { _, noise in try noise.narrow(1, 0, 2) }
    #expect(throws: UsageError("'decode' is to return actions of shape [4, 1, 6] or [4, 6], got [4, 2]")) { try wrong.decode(.zeros([4, 1]), noise: .zeros([4, 6])) }
    let broken = try policy { _, noise in noise / 0 }
    #expect(throws: UsageError("'decode' is to return finite numbers, got NaN in row 1")) { try broken.decode(.zeros([4, 1]), noise: .zeros([4, 6])) }
    #expect(throws: UsageError.self) { try CustomPolicy(observationSize: 1, actionSize: 2, horizon: 1, latentSize: 1, low: [0, 1], high: [1, 1]) { $1 } }
  }
}
