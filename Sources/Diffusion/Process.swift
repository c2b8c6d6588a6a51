import Tensors

/// How actions become noise: what a network is trained to undo.
public enum Process: Equatable, Sendable {
  case ddpm(DDPM)
  case edm(EDM)
  case flow(Flow)

  public enum Kind: String, Codable, CaseIterable, Sendable { case ddpm, edm, flow }

  public var kind: Kind {
    switch self {
    case .ddpm: .ddpm
    case .edm: .edm
    case .flow: .flow
    }
  }

  /// Throws for numbers that make no process.
  public func check() throws {
    switch self {
    case .ddpm(let process): try process.check()
    case .edm(let process): try process.check()
    case .flow(let process): try process.check()
    }
  }

  /// Throws where its source has another size than a chunk's noise.
  func check(latentSize: Int) throws {
    guard case .flow(let process) = self else { return }
    try process.sourceMean.check("source_mean", size: latentSize)
    try process.sourceScale.check("source_scale", size: latentSize)
  }

  /// The sampler of a policy that names none.
  public var usualSampler: Sampler {
    switch self {
    case .ddpm(let process):
      var ddim = DDIM()
      ddim.steps = min(ddim.steps, max(1, process.steps))
      return .ddim(ddim)
    case .edm: return .edm(EDMSampler())
    case .flow: return .flow(FlowSampler())
    }
  }
}

/// What one batch of training is made of: the network at `input` [n, latent] and `time` [n] is to say `target` [n, latent]; `weight` [n, 1] is each
/// row's in the loss.
struct Lesson {
  let input: Tensor
  let time: Tensor
  let target: Tensor
  let weight: Tensor?
}

/// Where a network is evaluated: x = signal · x_0 + noise · ε, and the denoised sample skip · x + out · F(inputScale · x, time).
struct Level {
  var time: Double
  var signal: Double
  var noise: Double
  var inputScale = 1.0
  var skip: Double
  var out: Double
}

extension Process: Codable {
  private enum Key: String, CodingKey { case kind }

  /// The process's own options with its kind beside them.
  public init(from decoder: any Decoder) throws {
    switch try decoder.container(keyedBy: Key.self).decode(Kind.self, forKey: .kind) {
    case .ddpm: self = .ddpm(try DDPM(from: decoder))
    case .edm: self = .edm(try EDM(from: decoder))
    case .flow: self = .flow(try Flow(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kind, forKey: .kind)
    switch self {
    case .ddpm(let process): try process.encode(to: encoder)
    case .edm(let process): try process.encode(to: encoder)
    case .flow(let process): try process.encode(to: encoder)
    }
  }
}
