import Tensors

/// Networks of one shape and different initial weights, as the critics of SAC: they answer the same input side by side.
public final class Ensemble: Layer {
  public let members: [MLP]

  public var namedParameters: [NamedTensor] { members.enumerated().flatMap { $1.named("members.\($0)") } }

  /// Throws unless `count` is positive.
  public init(_ count: Int, of config: MLP.Config, using stream: inout RandomStream) throws {
    guard count > 0 else { throw UsageError("an ensemble wants at least one member, got \(count)") }
    var members: [MLP] = []
    for _ in 0..<count { members.append(try MLP(config, using: &stream)) }
    self.members = members
  }

  /// [n, inputs] -> [members, n, outputs]
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let answers = try members.map { try $0(x) }
    return try Tensor.stack(answers, dim: 0)
  }
}
