import Tensors

/// What a denoiser is made from, of whichever kind.
public enum DenoiserConfig: Equatable, Sendable {
  case mlp(DiffusionMLP.Config)
  case unet(UNet1d.Config)
  case transformer(TransformerDenoiser.Config)
  /// A network that its user wrote, which nobody else can make.
  case own(DenoiserSizes)

  public enum Kind: String, Codable, CaseIterable, Sendable {
    case residualMLP = "residual_mlp"
    case mlp
    case unet1d
    case transformer
    case own
  }

  public var kind: Kind {
    switch self {
    case .mlp(let config): config.kind == .mlp ? .mlp : .residualMLP
    case .unet: .unet1d
    case .transformer: .transformer
    case .own: .own
    }
  }

  /// A denoiser of its kind with fresh weights; throws for sizes that make none, and for a network of the user's own.
  public func make(using stream: inout RandomStream) throws -> any Denoiser {
    switch self {
    case .mlp(let config): try DiffusionMLP(config, using: &stream)
    case .unet(let config): try UNet1d(config, using: &stream)
    case .transformer(let config): try TransformerDenoiser(config, dropout: RandomSource(RandomStream(seed: 0, purpose: "dropout")), using: &stream)
    case .own: throw UsageError("the denoiser is a network of its user's own: it is wanted beside its weights")
    }
  }
}

/// One object: the kind beside the kind's own options.
extension DenoiserConfig: Codable {
  private enum Key: CodingKey { case kind }

  public init(from decoder: any Decoder) throws {
    switch try decoder.container(keyedBy: Key.self).decode(Kind.self, forKey: .kind) {
    case .residualMLP, .mlp: self = .mlp(try DiffusionMLP.Config(from: decoder))
    case .unet1d: self = .unet(try UNet1d.Config(from: decoder))
    case .transformer: self = .transformer(try TransformerDenoiser.Config(from: decoder))
    case .own: self = .own(try DenoiserSizes(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .mlp(let config): try config.encode(to: encoder)
    case .unet(let config): try config.encode(to: encoder)
    case .transformer(let config): try config.encode(to: encoder)
    case .own(let sizes): try sizes.encode(to: encoder)
    }
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kind, forKey: .kind)
  }
}
