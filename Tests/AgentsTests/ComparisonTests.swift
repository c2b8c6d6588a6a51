import Environments
import NeuralNets
import Tensors
import Testing

@testable import Agents

private func column(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [values.count, 1]) }

private func restored<A: Agent>(_ agent: A, into fresh: A) throws -> A {
  try fresh.load(Dictionary(agent.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }, agent.record)
  return fresh
}

// MARK: Golden ticket

private func search(_ change: (inout GoldenTicket.Options) -> Void = { _ in }) throws -> GoldenTicket {
  var options = GoldenTicket.Options()
  (options.candidates, options.episodesPerCandidate) = (12, 40)
  change(&options)
  return try GoldenTicket(guesses(5), policy: TrianglePolicy(), options)
}

/// The mean of -(a - c/2)², c uniform on [-1, 1], is -(a² + 1/12): the best ticket is that of the action nearest 0.
@Test func goldenTicketIsTheBestOfItsCandidates() throws {
  let agent = try search { $0.episodesPerCandidate = 400 }
  #expect(agent.phase == "search")
  while agent.phase == "search" { _ = try agent.advance() }
  let actions = agent.tickets.values.map { 0.8 * (1 - 2 * abs($0 - 2 * ($0 / 2).rounded())) }
  let wanted = try #require(actions.indices.min { abs(actions[$0]) < abs(actions[$1]) })
  for (mean, action) in zip(agent.means, actions) { #expect(abs(Double(try #require(mean)) + Double(action * action) + 1.0 / 12) < 0.05) }
  #expect(abs(abs(actions[agent.best]) - abs(actions[wanted])) < 0.1)
  #expect(agent.counts.environmentSteps == 4800 && agent.counts.gradientSteps == 0)

  let (ticket, means) = (try agent.noise(for: column([0.3, -0.3]), deterministic: false).values, agent.means)
  #expect(ticket == [agent.tickets.values[agent.best], agent.tickets.values[agent.best]])
  #expect(try agent.act(column([0.3]), deterministic: true).item() == actions[agent.best])
  let advance = try agent.advance()  // goes on acting, with the ticket
  #expect(advance.environmentSteps == 5 && agent.means == means)
  #expect(throws: UsageError.self) { try agent.train() }
}

/// 7 episodes on 5 environments: those left over play the best so far, and are not counted.
@Test func everyCandidateHasItsEpisodesAndNoMore() throws {
  let agent = try search { ($0.candidates, $0.episodesPerCandidate) = (7, 1) }
  _ = try agent.advance()
  #expect(agent.means.compactMap(\.self).count == 5 && agent.phase == "search")
  let first = agent.means
  _ = try agent.advance()
  #expect(agent.means.compactMap(\.self).count == 7 && agent.phase == "ticket found")
  #expect(Array(agent.means.prefix(5)) == Array(first.prefix(5)))
}

@Test func searchContinuesToTheBit() throws {
  let agent = try search()
  for _ in 0..<30 { _ = try agent.advance() }
  let copy = try restored(agent, into: search { $0.seed = 8 })
  for _ in 0..<90 { #expect(try copy.advance().episodes == agent.advance().episodes) }
  #expect(copy.means == agent.means && copy.best == agent.best && copy.phase == "ticket found")
  #expect(throws: UsageError.self) { try restored(agent, into: search { $0.candidates = 3 }) }
}

// MARK: Bounded noise

@Test func boundedBaseStaysInItsBox() throws {
  func make(_ seed: Int, _ policy: TrianglePolicy = TrianglePolicy(horizon: 2)) throws -> BoundedBase {
    var options = BoundedBase.Options()
    (options.actionMagnitude, options.seed) = (0.5, seed)
    return try BoundedBase(guesses(chunk: 2), policy: policy, options)
  }
  let policy = TrianglePolicy(horizon: 2)
  let agent = try make(1, policy)
  for _ in 0..<50 { _ = try agent.advance() }
  #expect(policy.largestNoise <= 0.5 && policy.largestNoise > 0.45)
  let noise = try agent.noise(for: Tensor.zeros([20_000, 1]), deterministic: false).values
  #expect(abs(noise.reduce(0.0) { $0 + Double($1) * Double($1) } / 40_000 / 0.0792 - 1) < 0.03)
  #expect(try agent.noise(for: Tensor.zeros([1, 1]), deterministic: true).values == [0, 0])
  let copy = try restored(agent, into: make(2))
  for _ in 0..<3 { #expect(try copy.advance().episodes == agent.advance().episodes) }
}

// MARK: Best of n

private func chooser(_ policy: TrianglePolicy = TrianglePolicy { max(-1, min(1, $0 / 0.7)) }, _ change: (inout BestOfN.Options) -> Void = { _ in }) throws -> BestOfN {
  var options = BestOfN.Options()
  (options.critic.hidden, options.critic.batchSize, options.initRolloutSteps, options.critic.learningRate) = ([32, 32], 64, 20, 3e-3)
  options.candidates = 4
  change(&options)
  return try BestOfN(guesses(), policy: policy, options)
}

/// Critics 10 + 3 a: the largest action of the four draws, and what it is worth.
@Test func bestOfNTakesTheBestOfItsDraws() throws {
  let agent = try chooser { $0.critic.hidden = [] }
  for critics in [agent.critics, agent.targets] {
    for head in critics.heads.members {
      try head.blocks[0].linear.weight.assign(Tensor([0, 3], shape: [1, 2]))
      try head.blocks[0].linear.bias.assign(Tensor([10]))
    }
  }
  var stream = agent.stream
  let noise = try Tensor.randn([12, 1], using: &stream).values
  let actions = (0..<3).map { row in (0..<4).map { max(-1, min(1, noise[$0 * 3 + row] / 0.7)) }.max() ?? 0 }
  let x = try column([0.1, 0.2, 0.3])
  let batch = Batch(observation: x, action: x, nextObservation: x, reward: Tensor([1, 2, 3]), alive: Tensor([1, 0, 1]), discount: Tensor([0.9, 0.9, 0.5]))
  let target = try agent.target(batch).values
  let wanted = [1 + 0.9 * (10 + 3 * actions[0]), 2, 3 + 0.5 * (10 + 3 * actions[2])]
  #expect(zip(target, wanted).allSatisfy { abs($0 - $1) < 1e-4 })

  let chosen = try agent.noise(for: x, deterministic: true).values
  #expect(try chosen == agent.noise(for: x, deterministic: true).values)
  #expect(try agent.noise(for: x, deterministic: false).values != chosen)
  var fixed = RandomStream(seed: 0, purpose: "candidates")
  let candidates = try Tensor.randn([12, 1], using: &fixed).values
  for row in 0..<3 {
    let best = (0..<4).map { max(-1, min(1, candidates[$0 * 3 + row] / 0.7)) }.max()
    #expect(max(-1, min(1, chosen[row] / 0.7)) == best)
  }
}

@Test func bestOfNBeatsItsPolicy() throws {
  let agent = try chooser { $0.candidates = 16 }
  let before = try evaluate(policy: BasePolicyActor(agent.policy, seed: 1).act, on: guesses(), episodes: 200, seed: 7).mean
  for _ in 0..<40 { _ = try agent.advance() }
  let after = try evaluate(policy: { try agent.act($0, deterministic: false) }, on: guesses(), episodes: 200, seed: 7).mean
  #expect(before < -0.15 && after > -0.03, "\(before) \(after)")
  let copy = try restored(agent, into: chooser { ($0.candidates, $0.critic.seed) = (16, 4) })
  for _ in 0..<2 { #expect(try copy.advance().metrics == agent.advance().metrics) }
}

// MARK: Residual

private func corrector(_ change: (inout ResidualSACOptions) -> Void = { _ in }) throws -> SAC {
  var options = ResidualSACOptions()
  (options.hidden, options.batchSize, options.initRolloutSteps, options.learningRate) = ([32, 32], 64, 20, 3e-3)
  (options.residualScale, options.entCoef) = (0.5, .fixed(0.001))
  change(&options)
  return try SAC(guesses(), correcting: TrianglePolicy(), options)
}

@Test func residualsAreBoundedCorrections() throws {
  let map = try Residual(TrianglePolicy(horizon: 2), ResidualOptions(), seed: 3)
  #expect(map.observationSize == 3 && map.size == 2)
  let seen = try map.normalize(column([0.25, 0.25, -0.1]))
  #expect(seen.shape == [3, 3])
  #expect(Array(seen.values[0..<3]) == Array(seen.values[3..<6]) && seen.values[0] == 0.5)
  #expect(seen.values[1] != seen.values[7])
  #expect(try map.normalize(column([0.25])).values == Array(seen.values[0..<3]))
  #expect(try Residual(TrianglePolicy(horizon: 2), ResidualOptions(), seed: 4).normalize(column([0.25])).values != Array(seen.values[0..<3]))
  let given = try Tensor([0.5, 0.3, -0.95], shape: [1, 3])
  let executed = try map.executed(given, Tensor([1, -1], shape: [1, 2])).values  // the policy's units: 0.8 of [-1, 1]
  #expect(zip(executed, [0.8 * 0.4, 0.8 * -1] as [Float]).allSatisfy { abs($0 - $1) < 1e-6 })
}

/// The noise behind the policy's actions is standard normal over the observations.
@Test func residualBaseActsWithStandardNormals() throws {
  let map = try Residual(TrianglePolicy { $0 }, ResidualOptions(), seed: 3)
  let noise = try map.normalize(column((0..<20_000).map { Float($0) / 20_000 })).select(1, 1).values.map(Double.init)
  let mean = noise.reduce(0, +) / 20_000
  #expect(abs(mean) < 0.03 && abs(noise.reduce(0) { $0 + $1 * $1 } / 20_000 - 1) < 0.04)
}

@Test func residualImprovesItsPolicy() throws {
  let agent = try corrector()
  let before = try evaluate(policy: BasePolicyActor(TrianglePolicy(), seed: 1).act, on: guesses(), episodes: 200, seed: 7).mean
  for _ in 0..<60 { _ = try agent.advance() }
  let after = try evaluate(policy: { try agent.act($0, deterministic: true) }, on: guesses(), episodes: 200, seed: 7).mean
  #expect(before < -0.2 && after > 0.6 * before, "\(before) \(after)")
  let copy = try restored(agent, into: corrector { $0.actorLearningRate = 3e-3 })
  for _ in 0..<2 { #expect(try copy.advance().metrics == agent.advance().metrics) }
  #expect(throws: UsageError.self) { try corrector { $0.residualScale = 0 } }
  #expect(throws: UsageError.self) { try agent.noise(for: column([0]), deterministic: true) }
}

// MARK: Demonstrations

/// Two episodes of observations 0, 1, 2 and 3, 4, 5, 6: the first terminated, the second cut off; actions in [-2, 2].
private func demonstrations() throws -> DataSet {
  try DataSet(
    observations: column([0, 1, 2, 3, 4, 5, 6]), actions: column([2, -2, 1, 0, -1, 2, 3]), rewards: Tensor([1, 2, 3, 4, 5, 6, 7]),
    terminals: [false, false, true, false, false, false, false], timeouts: [false, false, false, false, false, false, true])
}

@Test func demonstrationsBecomeChunks() throws {
  let environment = try guesses(chunk: 2, bound: 2)
  let scale = try ActionScale(environment.actionSpace, chunk: 2, observationSize: 1)
  var options = SAC.Options()
  (options.gamma, options.discountPerStep) = (0.9, true)
  let replay = try Demonstrations(demonstrations(), environment, scale, options).replay
  // The last action stands for the one that nobody took after the end; what the time limit cut off is left out.
  #expect(replay.count == 5)
  let all = replay.gather([0, 1, 2, 3, 4])
  #expect(all.observation.values == [0, 1, 2, 3, 4])
  #expect(all.action.values == [1, -1, -1, 0.5, 0.5, 0.5, 0, -0.5, -0.5, 1])
  #expect(all.reward.values == [3, 5, 3, 9, 11])
  #expect(all.alive.values == [1, 0, 0, 1, 1])
  #expect(all.nextObservation.values[0] == 2 && all.nextObservation.values[3] == 5 && all.nextObservation.values[4] == 6)
  #expect(zip(all.discount.values, [0.81, 0.81, 0.9, 0.81, 0.81]).allSatisfy { abs($0 - $1) < 1e-6 })
}

@Test func batchesTakeTheirShareOfDemonstrations() throws {
  func make(_ ratio: Float?, _ data: DataSet?) throws -> SAC {
    var options = SAC.Options()
    (options.hidden, options.batchSize, options.learningStarts, options.demonstrationRatio) = ([8], 16, 8, ratio)
    return try SAC(guesses(bound: 2), demonstrations: data, options)
  }
  let environment = try guesses(bound: 2)
  let scale = try ActionScale(environment.actionSpace, chunk: 1, observationSize: 1)
  let other = try ReplayBuffer(capacity: 1, observationSize: 1, actionSize: 1, seed: 0)
  try other.add(observation: column([-5]), action: column([0]), nextObservation: column([0]), reward: [0], alive: [1], discount: [1])
  for (ratio, count) in [(nil, 8), (0.25, 4), (1, 16), (0, 0)] as [(Float?, Int)] {
    var options = SAC.Options()
    options.demonstrationRatio = ratio
    let batch = try Demonstrations(demonstrations(), environment, scale, options).sample(16, with: other)
    #expect(batch.observation.values.count { $0 >= 0 } == count && batch.reward.count == 16)
  }
  #expect(throws: UsageError.self) { try make(0.5, nil) }
  #expect(throws: UsageError.self) { try make(2, demonstrations()) }
  let short = try DataSet(
    observations: column([0, 1]), actions: column([0, 1]), rewards: Tensor([0, 1]), terminals: [false, false], timeouts: [false, true])
  #expect(throws: UsageError.self) { try SAC(guesses(chunk: 2), demonstrations: short) }

  let agent = try make(nil, demonstrations())
  for _ in 0..<4 { _ = try agent.advance() }
  let copy = try restored(agent, into: make(nil, demonstrations()))
  for _ in 0..<3 { #expect(try copy.advance().metrics == agent.advance().metrics) }
  #expect(learned(copy) == learned(agent))
}
