import Environments
import Tensors
import Testing

@testable import Agents

private func halving(_ candidates: Int, budget: Int? = nil, each: Int = 10) -> GoldenTicket.Options {
  var options = GoldenTicket.Options()
  (options.candidates, options.episodesPerCandidate, options.search, options.budget) = (candidates, each, .halving, budget)
  return options
}

/// Plays a search where candidate i has the return `value(i, episode)`, slots in order; gives how many episodes each round's entrants played.
private func play(_ options: GoldenTicket.Options, _ value: (Int, Int) -> Float) -> (search: TicketSearch, rounds: [[Int: Int]]) {
  var search = TicketSearch(options), rounds: [[Int: Int]] = [], entrants: [Int] = []
  while let slot = search.take() {
    if search.entrants != entrants { rounds.append([:]) }
    entrants = search.entrants
    let candidate = search.candidate(of: slot)
    rounds[rounds.count - 1][candidate, default: 0] += 1
    search.record(value(candidate, slot), in: slot)
  }
  return (search, rounds)
}

/// 12 candidates and 192 episodes: 48 in each of four rounds, 4 for each of 12, 8 of 6, 16 of 3, 24 of 2.
@Test func halvingSpendsItsBudgetOnTheBetterHalf() {
  let (search, rounds) = play(halving(12, budget: 192)) { candidate, _ in -abs(Float(candidate) - 7.2) }
  #expect(rounds.map(\.count) == [12, 6, 3, 2])
  #expect(rounds.map { Set($0.values) } == [[4], [8], [16], [24]])
  #expect(rounds[1].keys.sorted() == [5, 6, 7, 8, 9, 10] && rounds[2].keys.sorted() == [6, 7, 8] && rounds[3].keys.sorted() == [7, 8])
  #expect(search.best == 7 && search.episodes(of: 7) == 52 && search.episodes(of: 11) == 4)
}

/// One episode decides nothing where returns vary as much as candidates do; the same budget on fewer of them decides more.
@Test func halvingFindsTheBestUnderNoise() {
  var stream = RandomStream(seed: 4)
  var found = (plain: 0, halving: 0)
  for _ in 0..<200 {
    func noisy(_ candidate: Int, _: Int) -> Float { Float(candidate) / 4 + Float(stream.normal()) }
    var plain = halving(16, each: 8)
    plain.search = .plain
    if play(plain, noisy).search.best == 15 { found.plain += 1 }
    if play(halving(16, each: 8), noisy).search.best == 15 { found.halving += 1 }
  }
  #expect(found.halving > found.plain + 20, "\(found)")
}

@Test func everyNumberOfCandidatesEnds() {
  for candidates in 1...20 {
    let (search, rounds) = play(halving(candidates, each: 5)) { candidate, _ in Float(candidate) }
    #expect(search.best == candidates - 1 && rounds.count == halving(candidates).rounds)
    #expect(search.returns.count <= 5 * candidates && search.returns.count > 4 * candidates - 5)
  }
}

/// The mean of -(a - c/2)², c uniform on [-1, 1], is -(a² + 1/12): the best ticket is that of the action nearest 0.
@Test func halvingFindsTheKnownBestTicket() throws {
  let agent = try GoldenTicket(guesses(5), policy: TrianglePolicy(), halving(12, budget: 2400))
  while agent.phase == "search" { _ = try agent.advance() }
  let actions = agent.tickets.values.map { 0.8 * (1 - 2 * abs($0 - 2 * ($0 / 2).rounded())) }
  let wanted = try #require(actions.indices.min { abs(actions[$0]) < abs(actions[$1]) })
  #expect(abs(abs(actions[agent.best]) - abs(actions[wanted])) < 0.1)
  #expect(agent.counts.environmentSteps < 2500)
}

@Test func halvingContinuesToTheBit() throws {
  func make(_ seed: Int) throws -> GoldenTicket {
    var options = halving(6, budget: 90)
    options.seed = seed
    return try GoldenTicket(guesses(5), policy: TrianglePolicy(), options)
  }
  for steps in [1, 7, 9, 14, 40] {
    let (agent, copy) = (try make(0), try make(8))
    for _ in 0..<steps { _ = try agent.advance() }
    try copy.load(Dictionary(agent.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }, agent.record)
    for _ in 0..<30 { #expect(try copy.advance().episodes == agent.advance().episodes) }
    #expect(copy.means == agent.means && copy.best == agent.best && copy.phase == agent.phase)
  }
}

@Test func impossibleSearchesAreRefused() {
  for options in [halving(12, budget: 47), halving(12, each: 3), halving(0)] { #expect(throws: UsageError.self) { try options.check() } }
  var plain = GoldenTicket.Options()
  plain.budget = 100
  #expect(throws: UsageError.self) { try plain.check() }
}
