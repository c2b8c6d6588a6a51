import Environments
import Tensors

/// What an actor's numbers in [-1, 1] do in an environment.
public protocol ActionMap {
  /// Numbers that the networks see.
  var observationSize: Int { get }
  /// Numbers of one decision.
  var size: Int { get }
  /// The environment's observations, [n, observation], as the networks see them.
  func normalize(_ observation: Tensor) throws -> Tensor
  /// Decisions [n, size] at normalised observations in the environment's units, [n, chunk · action]; constants to every gradient.
  func executed(_ observation: Tensor, _ action: Tensor) throws -> Tensor
  /// Decisions before there is anything learned, [rows, size].
  func firstActions(_ rows: Int, using stream: inout RandomStream) throws -> Tensor
}

/// Actions themselves: the linear map from [-1, 1] to the environment's box, chunk after chunk.
public struct ActionScale: ActionMap {
  public let observationSize: Int
  private let middle: Tensor
  private let half: Tensor

  /// Throws for a box that is not bounded.
  public init(_ box: Box, chunk: Int, observationSize: Int) throws {
    guard zip(box.low, box.high).allSatisfy({ $0.isFinite && $1.isFinite }) else {
      throw UsageError("an agent wants a bounded action space, got \(box)")
    }
    let middles = zip(box.low, box.high).map { Float(($0 + $1) / 2) }
    let halves = zip(box.low, box.high).map { Float(($1 - $0) / 2) }
    middle = Tensor((0..<chunk).flatMap { _ in middles })
    half = Tensor((0..<chunk).flatMap { _ in halves })
    self.observationSize = observationSize
  }

  public var size: Int { half.count }
  public func normalize(_ observation: Tensor) -> Tensor { observation }
  public func executed(_ observation: Tensor, _ action: Tensor) throws -> Tensor {
    let offset = try action * half
    return try offset + middle
  }
  /// From the environment's units back to [-1, 1]; what lies outside the box goes to its faces.
  func unit(_ executed: Tensor) throws -> Tensor {
    let offset = try executed - middle
    return try (offset / half).clamp(-1, 1)
  }
  /// Uniform over the box.
  public func firstActions(_ rows: Int, using stream: inout RandomStream) throws -> Tensor {
    try Tensor.uniform([rows, size], -1, 1, using: &stream)
  }
}
