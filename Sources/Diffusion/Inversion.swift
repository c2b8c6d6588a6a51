import Tensors

/// How a noise is sought that a policy decodes to a given action.
public struct Inversion: Codable, Equatable, Sendable {
  public enum Method: String, Codable, CaseIterable, Sendable {
    /// The sampler's differential equation from action to noise, where a ddim step becomes its inversion (Mokady et al. 2023, section 3.1).
    case ode
    /// Each of the sampler's steps solved for the point that it came from.
    case fixedPoint = "fixed_point"
    /// The nearest of random noises, then Levenberg and Marquardt's method on the whole decoding: needs nothing but decoding.
    case leastSquares = "least_squares"
  }

  /// nil: fixed_point for diffusion policies, least_squares for others.
  public var method: Method?
  /// Of ode: steps from action to noise; nil: the sampler's own.
  public var steps: Int?
  /// Of the other two: evaluations of each step of the sampler, or rounds of least squares; nil: 60 and 30.
  public var iterations: Int?
  /// Of the other two: a row is done when it is off by no more than this, in [-1, 1]; nil: 1e-6.
  public var tolerance: Double?

  public init() {}

  func check() throws {
    if let steps, !(1...100_000).contains(steps) { throw UsageError("steps of an inversion want a number from 1 to 100000, got \(steps)") }
    if let iterations, !(1...100_000).contains(iterations) { throw UsageError("iterations of an inversion want a number from 1 to 100000, got \(iterations)") }
    if let tolerance, !(tolerance >= 0 && tolerance.isFinite) { throw UsageError("an inversion wants a tolerance of 0 or more, got \(tolerance)") }
  }

  /// Throws for an option of another method.
  func check(_ method: Method) throws {
    switch method {
    case .ode:
      guard iterations == nil, tolerance == nil else { throw UsageError("iterations and tolerance are of methods 'fixed_point' and 'least_squares'; 'ode' has steps") }
    case .fixedPoint, .leastSquares:
      guard steps == nil else { throw UsageError("steps are of method 'ode'; '\(method.rawValue)' has iterations and tolerance") }
    }
  }
}

/// What an inversion found.
public struct Inverted: Sendable {
  /// [n, latent].
  public let noise: Tensor
  /// How far the noises' own chunks are from those given: root of the mean square over a chunk, in [-1, 1], [n].
  public let error: Tensor
  /// The share of each given chunk that lies at or past the bound to which the sampler clips, [n]: of those numbers no noise can tell how far past.
  public let clipped: Tensor
}

extension BasePolicy {
  /// Noises that lead from observations [n, observation] to chunks [n, horizon, action] in the environment's units.
  public func invert(_ observation: Tensor, chunk: Tensor, _ options: Inversion = Inversion()) throws -> Inverted {
    try options.check()
    let observation = try normalize(observation), target = try normalize(chunk: chunk)
    guard observation.shape[0] == target.shape[0] else {
      throw UsageError("as many actions as observations wanted, \(observation.shape[0]), got \(target.shape[0])")
    }
    guard target.isFinite().all(), observation.isFinite().all() else { throw UsageError("an inversion wants observations and actions of finite numbers") }
    let noise: Tensor
    var bound: Double?
    if let policy = self as? DiffusionPolicy {
      bound = policy.schedule.resultBound
      let method = options.method ?? .fixedPoint
      try options.check(method)
      noise = try Tensor.withoutGrad {
        switch method {
        case .ode: try policy.integrateBack(normalized: observation, target, steps: options.steps)
        case .fixedPoint: try policy.solveBack(normalized: observation, target, iterations: options.iterations ?? 60, tolerance: options.tolerance ?? 1e-6)
        case .leastSquares: try searchNoise(normalized: observation, target, iterations: options.iterations ?? 30, tolerance: options.tolerance ?? 1e-6)
        }
      }
    } else {
      let method = options.method ?? .leastSquares
      guard method == .leastSquares else {
        throw UsageError("of this policy only decoding is known, so its noise is found by method 'least_squares' alone, got '\(method.rawValue)'")
      }
      try options.check(method)
      noise = try searchNoise(normalized: observation, target, iterations: options.iterations ?? 30, tolerance: options.tolerance ?? 1e-6)
    }
    let error = try (decodeInParts(normalized: observation, noise: noise) - target).rowRMS()
    let clipped = try bound.map { try target.abs().ge(.scalar(Float($0) - 1e-6)).mean(-1) } ?? .zeros([target.shape[0]])
    return Inverted(noise: noise, error: error, clipped: clipped)
  }
}

extension SamplingPlan {
  /// Beyond which no result lies; nil where nothing is clipped at the end.
  var resultBound: Double? {
    // Where the last point is the last value alone, that value's clip bounds it too.
    let last = moves.last.flatMap { $0.keep == 0 && $0.spread == 0 && $0.add.count == 1 && $0.add[0] == 1 ? $0.clip : nil }
    return [last, moves.last?.bound, finalClip].compactMap { $0 }.min()
  }
}
