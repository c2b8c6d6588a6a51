import Tensors

/// How the candidates of a golden ticket are tried.
public enum TicketSearchKind: String, Codable, CaseIterable, Sendable {
  /// Each for as many episodes (arXiv 2603.15757).
  case plain
  /// In rounds of equal budget; after each the better half goes on (Karnin, Koren and Somekh 2013, sequential halving).
  case halving
}

/// Which candidate plays which episode, and what came of it. A round is a list of slots, one for each episode, given out in order; the next round is
/// drawn up when the last episode of the one before is over.
struct TicketSearch {
  let options: GoldenTicket.Options
  /// Episodes of one candidate in one round: places in `returns`.
  private(set) var blocks: [(candidate: Int, places: Range<Int>)] = []
  /// Of every slot so far; NaN where the episode is not over.
  private(set) var returns: [Float] = []
  /// Candidates of the round under way, in the order of their numbers.
  private(set) var entrants: [Int]
  /// The next slot to give out.
  private(set) var next = 0

  init(_ options: GoldenTicket.Options) {
    self.options = options
    entrants = Array(0..<options.candidates)
    draw()
  }

  var isOver: Bool { entrants.isEmpty }

  /// Of each candidate over the rounds whose episodes it has all played; nil for one without.
  var means: [Float?] {
    var (sums, counts) = (Array(repeating: Float(0), count: options.candidates), Array(repeating: 0, count: options.candidates))
    for block in blocks where !returns[block.places].contains(where: \.isNaN) {
      sums[block.candidate] += returns[block.places].reduce(0, +)
      counts[block.candidate] += block.places.count
    }
    return zip(sums, counts).map { $1 == 0 ? nil : $0 / Float($1) }
  }

  /// The candidate of the highest mean of those that came farthest, the first of several; the first one while none is through.
  var best: Int {
    let means = means
    let rounds = blocks.reduce(into: [Int: Int]()) { rounds, block in
      if !returns[block.places].contains(where: \.isNaN) { rounds[block.candidate, default: 0] += 1 }
    }
    return means.indices.reduce((place: 0, rounds: 0, mean: -Float.infinity)) { best, candidate in
      guard let mean = means[candidate], let played = rounds[candidate] else { return best }
      return (played, mean) > (best.rounds, best.mean) ? (candidate, played, mean) : best
    }.place
  }

  /// Episodes that a candidate's mean is of.
  func episodes(of candidate: Int) -> Int {
    blocks.reduce(0) { $1.candidate != candidate || returns[$1.places].contains(where: \.isNaN) ? $0 : $0 + $1.places.count }
  }

  /// The slot that an environment is to play now; nil where there is none.
  mutating func take() -> Int? {
    guard next < returns.count else { return nil }
    next += 1
    return next - 1
  }

  func candidate(of slot: Int) -> Int { blocks.first { $0.places.contains(slot) }?.candidate ?? 0 }

  mutating func record(_ value: Float, in slot: Int) {
    returns[slot] = value
    guard !returns.contains(where: \.isNaN) else { return }
    guard options.search == .halving, entrants.count > 2 else {
      entrants = []
      return
    }
    let (means, survivors) = (means, (entrants.count + 1) / 2)
    let order = entrants.sorted { ((means[$1] ?? -.infinity), $0) < ((means[$0] ?? -.infinity), $1) }
    entrants = order.prefix(survivors).sorted()
    draw()
  }

  /// The slots of a round of these entrants.
  private mutating func draw() {
    let each = options.episodes(of: entrants.count)
    for candidate in entrants {
      blocks.append((candidate, returns.count..<returns.count + each))
      returns += Array(repeating: Float.nan, count: each)
    }
  }
}

extension GoldenTicket.Options {
  /// Of a search by halving: ⌈log2 of the candidates⌉.
  var rounds: Int {
    search == .plain ? 1 : max(1, Int.bitWidth - (candidates - 1).leadingZeroBitCount)
  }

  /// Of each of so many candidates in one round.
  func episodes(of entrants: Int) -> Int {
    search == .plain ? episodesPerCandidate : (budget ?? candidates * episodesPerCandidate) / (rounds * entrants)
  }

  func check() throws {
    try checkAtLeast("candidates", candidates, 1)
    try checkAtLeast("episodes_per_candidate", episodesPerCandidate, 1)
    guard search == .halving else {
      guard let budget else { return }
      throw UsageError("budget is for search = 'halving'; a plain search takes candidates · episodes_per_candidate episodes, got budget = \(budget)")
    }
    guard episodes(of: candidates) >= 1 else {
      throw UsageError(
        "budget wants at least an episode of each of \(candidates) candidates in \(rounds) rounds, \(rounds * candidates), got \(budget ?? candidates * episodesPerCandidate)")
    }
  }
}

// MARK: Saving

extension TicketSearch {
  var tensors: [(name: String, tensor: Tensor)] {
    [
      (name: "returns", tensor: Tensor(returns.map { $0.isNaN ? 0 : $0 })), (name: "is_over", tensor: Tensor(returns.map { $0.isNaN ? 0 : 1 })),
      (name: "next", tensor: Tensor([Float(next)])),
    ]
  }

  /// Plays `tensors` again; throws where they are not of a search with these options.
  init(_ options: GoldenTicket.Options, _ tensors: [String: Tensor]) throws {
    self.init(options)
    guard let values = tensors["returns"]?.values, let over = tensors["is_over"]?.values, let given = try tensors["next"]?.item(),
      values.count == over.count
    else { throw UsageError("the saved search is not whole; got \(tensors.keys.sorted())") }
    var slot = 0
    while slot < values.count, slot < returns.count {
      if over[slot] == 1 { record(values[slot], in: slot) }
      slot += 1
    }
    guard returns.count == values.count, 0...Float(returns.count) ~= given else {
      throw UsageError("the saved search is of other candidates or episodes: of \(values.count) episodes, wanted \(returns.count)")
    }
    next = Int(given)
  }
}
