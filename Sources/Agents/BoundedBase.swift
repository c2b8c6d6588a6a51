import Diffusion
import Environments
import Tensors

/// The frozen policy with noise from the standard normal restricted to [-b, b], as an agent that learns nothing: what the box alone does.
public final class BoundedBase: Agent {
  public struct Options: Codable, Equatable, Sendable {
    public var actionMagnitude: Float = 1.5
    public var seed = 0

    public init() {}
  }

  public let kind = "bounded_base"
  public let options: Options
  private let runner: NoiseRunner
  private var stream: RandomStream
  private var evaluationStream: RandomStream

  /// Throws for a policy that does not fit the environment.
  public init(_ environment: VectorEnvironment, policy: any BasePolicy, _ options: Options = Options()) throws {
    guard options.actionMagnitude > 0, options.actionMagnitude.isFinite else {
      throw UsageError("action_magnitude wants a positive number, got \(options.actionMagnitude)")
    }
    self.options = options
    runner = try NoiseRunner(environment, policy, seed: options.seed)
    stream = RandomStream(seed: options.seed, purpose: "noise")
    evaluationStream = RandomStream(seed: options.seed, purpose: "evaluation")
  }

  public var environment: VectorEnvironment { runner.environment }
  public var policy: any BasePolicy { runner.policy }
  public var counts: Counts { runner.counts }
  public var phase: String { "learning nothing" }

  public func advance() throws -> Advance {
    try Interrupt.check()
    return try Interrupt.whole { Advance(try runner.step(draw(environment.count, &stream))) }
  }

  public func train() throws -> Advance { throw UsageError("a bounded_base takes no gradient steps") }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    try Tensor.withoutGrad { try policy.act(observation, noise: noise(for: observation, deterministic: deterministic)) }
  }

  /// Deterministic: 0, the mode.
  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    deterministic ? Tensor.zeros([observation.shape[0], policy.latentSize]) : try draw(observation.shape[0], &evaluationStream)
  }

  private func draw(_ rows: Int, _ stream: inout RandomStream) throws -> Tensor {
    try restrictedNormal([rows, policy.latentSize], bound: options.actionMagnitude, using: &stream)
  }

  public var tensors: [(name: String, tensor: Tensor)] { [] }

  public var record: AgentRecord {
    get throws {
      AgentRecord(
        kind: kind, counts: counts, round: Round(), streams: ["noise": stream, "evaluation": evaluationStream], replay: nil,
        environment: try environment.state)
    }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    let streams = try record.check(kind: kind, streams: ["noise", "evaluation"])
    try runner.restore(record.environment, record.counts)
    (stream, evaluationStream) = (streams[0], streams[1])
  }
}
