import Diffusion
import Environments
import Tensors

/// One initial noise for every state, found by trying: candidates from N(0, I) act for as many episodes each, and the one of the highest
/// mean return is kept (arXiv 2603.15757). Nothing is learned.
public final class GoldenTicket: Agent {
  public struct Options: Codable, Equatable, Sendable {
    public var candidates = 50
    public var episodesPerCandidate = 10
    public var seed = 0

    public init() {}
  }

  public let kind = "golden_ticket"
  public let options: Options
  /// [candidates, latent]
  public private(set) var tickets: Tensor
  private let runner: NoiseRunner
  /// Of every episode of the search, candidate after candidate; NaN where it is not over.
  private var returns: [Float]
  /// Which of these each environment plays; nil once none is left.
  private var played: [Int?]
  private var next: Int

  /// Throws for a policy that does not fit the environment.
  public init(_ environment: VectorEnvironment, policy: any BasePolicy, _ options: Options = Options()) throws {
    try checkAtLeast("candidates", options.candidates, 1)
    try checkAtLeast("episodes_per_candidate", options.episodesPerCandidate, 1)
    self.options = options
    runner = try NoiseRunner(environment, policy, seed: options.seed)
    var stream = RandomStream(seed: options.seed, purpose: "tickets")
    tickets = try Tensor.randn([options.candidates, policy.latentSize], using: &stream)
    let episodes = options.candidates * options.episodesPerCandidate
    returns = Array(repeating: .nan, count: episodes)
    played = (0..<environment.count).map { $0 < episodes ? $0 : nil }
    next = min(environment.count, episodes)
  }

  public var environment: VectorEnvironment { runner.environment }
  public var policy: any BasePolicy { runner.policy }
  public var counts: Counts { runner.counts }
  public var phase: String { isSearching ? "search" : "ticket found" }
  private var isSearching: Bool { played.contains { $0 != nil } }

  /// Of each candidate all of whose episodes are over; nil for the others.
  public var means: [Float?] {
    let size = options.episodesPerCandidate
    return (0..<options.candidates).map { candidate in
      let own = returns[candidate * size..<(candidate + 1) * size]
      return own.contains(where: \.isNaN) ? nil : own.reduce(0, +) / Float(size)
    }
  }

  /// The candidate of the highest mean return so far, the first of several; the first one while none is through.
  public var best: Int {
    means.enumerated().reduce((place: 0, mean: -Float.infinity)) { best, candidate in
      guard let mean = candidate.element, mean > best.mean else { return best }
      return (candidate.offset, mean)
    }.place
  }

  public func advance() throws -> Advance {
    try Interrupt.check()
    return try Interrupt.whole {
      let best = best
      let candidates = played.map { $0.map { $0 / options.episodesPerCandidate } ?? best }
      let outcome = try runner.step(tickets.indexSelect(0, candidates))
      for episode in outcome.episodes {
        guard let place = played[episode.environment] else { continue }
        returns[place] = Float(episode.return)
        played[episode.environment] = next < returns.count ? next : nil
        next = min(next + 1, returns.count)
      }
      let done = means.compactMap(\.self)
      return Advance(outcome, metrics: done.max().map { ["train/best_return": Double($0), "train/candidates": Double(done.count)] })
    }
  }

  public func train() throws -> Advance { throw UsageError("a golden_ticket takes no gradient steps") }

  public func act(_ observation: Tensor, deterministic: Bool) throws -> Tensor {
    try Tensor.withoutGrad { try policy.act(observation, noise: noise(for: observation, deterministic: deterministic)) }
  }

  public func noise(for observation: Tensor, deterministic: Bool) throws -> Tensor {
    try tickets.indexSelect(0, Array(repeating: best, count: observation.shape[0]))
  }
}

// MARK: Saving

extension GoldenTicket {
  public var tensors: [(name: String, tensor: Tensor)] {
    [
      (name: "tickets", tensor: tickets), (name: "returns", tensor: Tensor(returns.map { $0.isNaN ? 0 : $0 })),
      (name: "is_over", tensor: Tensor(returns.map { $0.isNaN ? 0 : 1 })), (name: "played", tensor: Tensor(played.map { Float($0 ?? -1) })),
      (name: "next", tensor: Tensor([Float(next)])),
    ]
  }

  public var record: AgentRecord {
    get throws { AgentRecord(kind: kind, counts: counts, round: Round(), streams: [:], replay: nil, environment: try environment.state) }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    _ = try record.check(kind: kind, streams: [])
    guard let saved = tensors["tickets"], saved.shape == tickets.shape, let values = tensors["returns"], let over = tensors["is_over"],
      values.count == returns.count, over.count == returns.count, let played = tensors["played"], played.count == self.played.count,
      let next = try tensors["next"]?.item()
    else { throw UsageError("the saved search is of other candidates, episodes or environments; got \(tensors.keys.sorted())") }
    try runner.restore(record.environment, record.counts)
    tickets = saved
    returns = zip(values.values, over.values).map { $1 == 1 ? $0 : .nan }
    self.played = played.values.map { $0 < 0 ? nil : Int($0) }
    self.next = Int(next)
  }
}
