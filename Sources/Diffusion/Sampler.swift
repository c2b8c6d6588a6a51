import Tensors

/// How noise becomes actions: a value, without a counter inside.
public enum Sampler: Equatable, Sendable {
  case ddpm(AncestralSampler)
  case ddim(DDIM)
  case dpmSolver(DPMSolver)
  case edm(EDMSampler)
  case flow(FlowSampler)

  public enum Kind: String, Codable, CaseIterable, Sendable {
    case ddpm, ddim
    case dpmSolver = "dpm_solver_pp"
    case edm, flow
  }

  public var kind: Kind {
    switch self {
    case .ddpm: .ddpm
    case .ddim: .ddim
    case .dpmSolver: .dpmSolver
    case .edm: .edm
    case .flow: .flow
    }
  }

  /// The sampler written out for a process; throws for one that it is not made for, and for steps that it does not have.
  public func plan(for process: Process) throws -> SamplingPlan {
    switch (self, process) {
    case (.ddpm(let sampler), .ddpm(let process)): return try sampler.plan(for: process)
    case (.ddim(let sampler), .ddpm(let process)): return try sampler.plan(for: process)
    case (.dpmSolver(let sampler), .ddpm(let process)): return try sampler.plan(for: process)
    case (.edm(let sampler), .edm(let process)): return try sampler.plan(for: process)
    case (.flow(let sampler), .flow(let process)): return try sampler.plan(for: process)
    default:
      let fitting = [Process.Kind.ddpm: "ddpm, ddim and dpm_solver_pp", .edm: "edm", .flow: "flow"][process.kind] ?? ""
      throw UsageError("a \(process.kind.rawValue) process is sampled by \(fitting), got \(kind.rawValue)")
    }
  }

  /// Where noise is drawn inside: the seed of what a decoding with given initial noise uses; nil where such a decoding is refused.
  public var frozenSeed: Int? {
    switch self {
    case .ddpm(let sampler): sampler.frozen ? sampler.seed : nil
    case .edm(let sampler): sampler.frozen ? sampler.seed : nil
    case .ddim, .dpmSolver, .flow: 0
    }
  }
}

extension Sampler {
  /// The noise that a decoding with given initial noise uses inside, one [latent] for each draw of `plan`; throws where such a decoding is refused.
  func frozenNoise(of plan: SamplingPlan, latentSize: Int) throws -> [Tensor] {
    guard !plan.isDeterministic else { return [] }
    guard let seed = frozenSeed else {
      throw UsageError("a \(kind.rawValue) sampler that is not frozen draws noise of its own, so the initial noise alone does not lead to an action; wanted frozen = true, or a deterministic sampler")
    }
    var stream = RandomStream(seed: seed, purpose: "sampler")
    return try (0...plan.moves.count).map { _ in try Tensor.randn([latentSize], using: &stream) }
  }
}

extension Sampler: Codable {
  private enum Key: String, CodingKey { case kind }

  /// The sampler's own options with its kind beside them.
  public init(from decoder: any Decoder) throws {
    switch try decoder.container(keyedBy: Key.self).decode(Kind.self, forKey: .kind) {
    case .ddpm: self = .ddpm(try AncestralSampler(from: decoder))
    case .ddim: self = .ddim(try DDIM(from: decoder))
    case .dpmSolver: self = .dpmSolver(try DPMSolver(from: decoder))
    case .edm: self = .edm(try EDMSampler(from: decoder))
    case .flow: self = .flow(try FlowSampler(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kind, forKey: .kind)
    switch self {
    case .ddpm(let sampler): try sampler.encode(to: encoder)
    case .ddim(let sampler): try sampler.encode(to: encoder)
    case .dpmSolver(let sampler): try sampler.encode(to: encoder)
    case .edm(let sampler): try sampler.encode(to: encoder)
    case .flow(let sampler): try sampler.encode(to: encoder)
    }
  }
}
