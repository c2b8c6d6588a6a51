import Glibc
import NeuralNets
import Tensors

/// Stable-Baselines3's ent_coef: "auto", "auto_0.1" (learned, from 0.1 on), or a number that stays.
public struct EntCoef: Codable, Equatable, Sendable, CustomStringConvertible {
  public var initial: Float = 1
  public var learned = true

  public static let auto = EntCoef()
  public static func fixed(_ value: Float) -> EntCoef {
    var coefficient = EntCoef()
    (coefficient.initial, coefficient.learned) = (value, false)
    return coefficient
  }

  /// Throws for a text that is neither "auto", "auto_<number>" nor a number.
  public init(_ text: String) throws {
    let number = text.hasPrefix("auto_") ? String(text.dropFirst(5)) : text
    guard let value = text == "auto" ? 1 : Float(number) else {
      throw UsageError("ent_coef wants \"auto\", \"auto_0.1\" or a number, got \"\(text)\"")
    }
    (initial, learned) = (value, text.hasPrefix("auto"))
  }
  init() {}

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    do { self = .fixed(try value.decode(Float.self)) } catch { self = try EntCoef(value.decode(String.self)) }
  }
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    if learned { try value.encode(description) } else { try value.encode(initial) }
  }

  public var description: String { !learned ? "\(initial)" : initial == 1 ? "auto" : "auto_\(initial)" }
}

/// α, the weight of the entropy, learned such that the entropy stays at its target (Haarnoja et al. 2018, section 5).
public final class Temperature {
  public private(set) var targetEntropy: Float
  /// ln α, [1]
  public let logAlpha: Tensor
  /// nil for an α that stays.
  let optimizer: Adam?
  /// A learned α never falls below it.
  private var least: Float

  /// Throws for an α that is negative, or zero and to be learned.
  public init(_ coefficient: EntCoef, targetEntropy: Float, learningRate: Float, least: Float = 0) throws {
    guard coefficient.initial.isFinite, coefficient.initial > 0 || (coefficient.initial == 0 && !coefficient.learned) else {
      throw UsageError("ent_coef wants a positive number, got \(coefficient.initial)")
    }
    (self.targetEntropy, self.least) = (targetEntropy, least)
    logAlpha = try Tensor([logf(max(coefficient.initial, least))]).trackGradient()
    var config = Adam.Config()
    config.learningRate = learningRate
    optimizer = coefficient.learned ? try Adam([(name: "log_ent_coef", tensor: logAlpha)], config) : nil
  }

  /// Goes on with another target, rate and floor; a fixed α may become another. Throws where it would begin or cease to be learned.
  func adjust(_ coefficient: EntCoef, from old: EntCoef, targetEntropy: Float, learningRate: Float, least: Float) throws {
    if coefficient != old {
      guard !coefficient.learned, !old.learned else {
        throw UsageError("ent_coef stays learned or fixed while an agent learns; a fixed one may become another number, got \(coefficient) for \(old)")
      }
      guard coefficient.initial.isFinite, coefficient.initial >= 0 else { throw UsageError("ent_coef wants a positive number, got \(coefficient.initial)") }
      try logAlpha.assign(Tensor([logf(coefficient.initial)]))
    }
    (self.targetEntropy, self.least) = (targetEntropy, least)
    optimizer?.learningRate = learningRate
  }

  /// α
  public var value: Float { expf(logAlpha.values[0]) }

  /// One step down -ln α · mean(ln p + target entropy): α falls while the entropy lies above its target.
  /// Returns the loss; 0 for a fixed α.
  @discardableResult
  public func update(_ logProb: Tensor) throws -> Float {
    guard let optimizer else { return 0 }
    let loss = try loss(logProb)
    try optimizer.descend(loss)
    if value < least { try logAlpha.assign(Tensor([logf(least)])) }
    return try loss.item()
  }

  /// -ln α · mean(ln p + target entropy); a gradient passes to ln α alone.
  func loss(_ logProb: Tensor) throws -> Tensor {
    let excess = try Tensor.withoutGrad { try logProb.mean().item() } + targetEntropy
    return (-excess * logAlpha).sum()
  }
}
