import Diffusion
import Environments
import Tensors

/// One initial noise for every state, found by trying: candidates from N(0, I) act for whole episodes, and the one of the highest mean return is kept
/// (arXiv 2603.15757). Nothing is learned.
public final class GoldenTicket: Agent {
  public struct Options: Codable, Equatable, Sendable {
    public var candidates = 50
    /// Of a plain search; by halving, of each on average.
    public var episodesPerCandidate = 10
    public var search = TicketSearchKind.plain
    /// Episodes of a whole search by halving, at most; nil: candidates · episodesPerCandidate.
    public var budget: Int?
    public var seed = 0

    public init() {}
  }

  public let kind = "golden_ticket"
  public let options: Options
  /// [candidates, latent]
  public private(set) var tickets: Tensor
  private let runner: NoiseRunner
  private var search: TicketSearch
  /// Which slot of the search each environment plays; nil where it plays the best one so far, uncounted.
  private var played: [Int?]

  /// Throws for options out of their range and for a policy that does not fit the environment.
  public init(_ environment: VectorEnvironment, policy: any BasePolicy, _ options: Options = Options()) throws {
    try options.check()
    self.options = options
    runner = try NoiseRunner(environment, policy, seed: options.seed)
    var stream = RandomStream(seed: options.seed, purpose: "tickets")
    tickets = try Tensor.randn([options.candidates, policy.latentSize], using: &stream)
    var search = TicketSearch(options)
    played = (0..<environment.count).map { _ in search.take() }
    self.search = search
  }

  public var environment: VectorEnvironment { runner.environment }
  public var policy: any BasePolicy { runner.policy }
  public var counts: Counts { runner.counts }
  public var phase: String { search.isOver ? "ticket found" : "search" }
  /// Mean returns of the candidates; nil for those that have not played their episodes.
  public var means: [Float?] { search.means }
  /// The candidate that is best so far, from 0.
  public var best: Int { search.best }
  /// Episodes that a candidate's mean return is of.
  public func episodes(of candidate: Int) -> Int { search.episodes(of: candidate) }

  public func advance() throws -> Advance {
    try Interrupt.check()
    return try Interrupt.whole {
      let best = best
      let outcome = try runner.step(tickets.indexSelect(0, played.map { $0.map(search.candidate) ?? best }))
      for episode in outcome.episodes {
        if let slot = played[episode.environment] { search.record(Float(episode.return), in: slot) }
      }
      for episode in outcome.episodes { played[episode.environment] = search.take() }
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
    [(name: "tickets", tensor: tickets), (name: "played", tensor: Tensor(played.map { Float($0 ?? -1) }))] + search.tensors
  }

  public var record: AgentRecord {
    get throws { AgentRecord(kind: kind, counts: counts, round: Round(), streams: [:], replay: nil, environment: try environment.state) }
  }

  public func load(_ tensors: [String: Tensor], _ record: AgentRecord) throws {
    _ = try record.check(kind: kind, streams: [])
    guard let saved = tensors["tickets"], saved.shape == tickets.shape, let played = tensors["played"], played.count == self.played.count
    else { throw UsageError("the saved search is of other candidates or environments; got \(tensors.keys.sorted())") }
    let search = try TicketSearch(options, tensors)
    guard played.values.allSatisfy({ $0 < Float(search.returns.count) }) else { throw UsageError("the saved search is not whole: an environment plays an episode that there is not") }
    try runner.restore(record.environment, record.counts)
    (tickets, self.search, self.played) = (saved, search, played.values.map { $0 < 0 ? nil : Int($0) })
  }
}
