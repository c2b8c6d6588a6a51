import Environments
import NeuralNets
import Tensors
import Testing

import func Foundation.erfc
import func Foundation.exp
import func Foundation.log
import func Foundation.tanh

@testable import Agents

/// Makes every head answer slope · x for the judged number x > -10, whatever the observation.
private func follow(_ critics: Critics, slope: Float) throws {
  for head in critics.heads.members {
    let (first, last) = (head.blocks[0].linear, head.blocks[1].linear)
    try first.weight.assign(Tensor([0, 1, 0, 0], shape: [2, 2]))
    try first.bias.assign(Tensor([10, 0]))
    try last.weight.assign(Tensor([slope, 0], shape: [1, 2]))
    try last.bias.assign(Tensor([-10 * slope]))
  }
}

private func plain(_ change: (inout DSRLNA.Options) -> Void = { _ in }) throws -> DSRLNA {
  try smallSteering(TrianglePolicy { $0 }) {
    ($0.hidden, $0.activation, $0.layerNorm, $0.actorInit, $0.actionMagnitude) = ([2], .relu, false, .gaussian, 1)
    change(&$0)
  }
}

@Suite struct DiagnosisTests {
  // MARK: Order

  @Test func ranksAgreeAsCounted() throws {
    #expect(RankAgreement.ranks([3, 1, 2, 2]) == [4, 1, 2.5, 2.5])
    // scipy.stats.spearmanr([1, 2, 2, 3], [1, 2, 3, 4])
    #expect(abs(try #require(RankAgreement.spearman([1, 2, 2, 3], [1, 2, 3, 4])) - 0.948_683_298) < 1e-9)
    #expect(RankAgreement.spearman([1, 1], [1, 2]) == nil && RankAgreement.pairs([1, 1], [1, 2]) == nil && RankAgreement.regret([1, 1], [1, 2]) == nil)
    #expect(RankAgreement.pairs([1, 2, 3], [1, 3, 2]) == 2.0 / 3)
    #expect(RankAgreement.pairs([1, 2, 3], [5, 5, 9]) == 2.5 / 3)
    #expect(RankAgreement.pairs([1, 1, 3], [5, 2, 9]) == 1)
    #expect(RankAgreement.regret([0, 1, 4], [0, 9, 1]) == 0.75)

    // Without equal values 1 - 6 Σ d² / (n (n² - 1)), and the pairs one by one.
    var stream = RandomStream(seed: 1)
    for n in [2, 5, 13] {
      let (a, b) = ((0..<n).map { _ in stream.normal() }, (0..<n).map { _ in stream.normal() })
      func rank(_ x: [Double], _ i: Int) -> Int { x.count { $0 < x[i] } }
      let squares = (0..<n).reduce(0) { $0 + (rank(a, $1) - rank(b, $1)) * (rank(a, $1) - rank(b, $1)) }
      let expected = 1 - 6 * Double(squares) / Double(n * (n * n - 1))
      #expect(abs(try #require(RankAgreement.spearman(a, b)) - expected) < 1e-12)
      var alike = 0
      for i in 0..<n { for j in 0..<n where i < j && (a[i] - a[j]) * (b[i] - b[j]) > 0 { alike += 1 } }
      #expect(abs(try #require(RankAgreement.pairs(a, b)) - Double(2 * alike) / Double(n * (n - 1))) < 1e-12)
    }
  }

  /// Q^W that follows Q^A orders all noises alike, one that goes against it none; one that sees no difference half.
  @Test(arguments: [(Float(2), 1.0, 1.0, 0.0), (-2, -1, 0, 1)]) func noiseCriticsAreComparedWithTheCriticsOfActions(slope: Float, rank: Double, pairs: Double, regret: Double) throws {
    let agent = try plain()
    _ = try agent.advance()
    try follow(agent.critics, slope: 1)
    try follow(agent.noiseCritics, slope: slope)
    let found = try diagnose(agent, DiagnosisOptions())
    for law in ["gaussian", "actor"] {
      #expect(abs(try #require(found["rank_" + law]) - rank) < 1e-6)
      #expect(abs(try #require(found["pairs_" + law]) - pairs) < 1e-6)
      #expect(abs(try #require(found["regret_" + law]) - regret) < 1e-6)
    }
    try follow(agent.noiseCritics, slope: 0)
    #expect(try abs(#require(diagnose(agent, DiagnosisOptions())["pairs_actor"]) - 0.5) < 1e-6)
  }

  // MARK: The actor

  @Test func coverageCountsTheParts() {
    let grid = (0..<10).map { -0.9 + 0.2 * Float($0) }
    #expect(boxCoverage(grid, columns: 1) == 1)
    #expect(boxCoverage([0.3, 0.3, 0.31], columns: 1) == 0.1)
    #expect(abs(boxCoverage([-1, 0.3, 1, 0.3], columns: 2) - 0.15) < 1e-12)
  }

  /// For u = tanh(σ z), z ~ N(0, 1): P(|u| > 0.95) = erfc(1.8318 / (σ √2)), and the entropy ½ ln(2πe σ²) + E ln(1 - u²).
  @Test(arguments: [0.5, 1.5]) func saturationAndEntropyAreTheClosedForms(std: Double) throws {
    let agent = try plain()
    _ = try agent.advance()
    try agent.actor.startAround(std: Float(std))
    var options = DiagnosisOptions()
    (options.observations, options.states, options.noises) = (60_000, 1, 2)
    let found = try diagnose(agent, options)
    let step = 0.001
    let squash = stride(from: -8.0, through: 8, by: step).reduce(0.0) { sum, z in
      sum + step * exp(-0.5 * z * z) / (2 * Double.pi).squareRoot() * log(1 - tanh(std * z) * tanh(std * z))
    }
    #expect(abs(try #require(found["saturation"]) - erfc(1.831_780_8 / (std * 2.0.squareRoot()))) < 0.006)
    #expect(abs(try #require(found["entropy"]) - (0.5 * log(2 * Double.pi * exp(1) * std * std) + squash)) < 0.02)
    #expect(found["ent_coef"] == 1 && found["box_coverage"] == 1)
  }

  // MARK: What is promised

  /// G = r + γ (G' + bonus · surprise'), cut at the task's end; the critics' word where a time limit cuts.
  @Test func returnsByHand() {
    func visit(_ reward: Double, _ surprise: Double, _ discount: Double = 0.5, terminated: Bool = false, tail: Double = 0) -> Subject.Visit {
      Subject.Visit(value: 0, surprise: surprise, reward: reward, discount: discount, terminated: terminated, tail: tail)
    }
    #expect(Subject.returns([visit(1, 9), visit(2, 4, 0.25), visit(3, 6, terminated: true)], bonus: 0) == [1 + 0.5 * (2 + 0.25 * 3), 2 + 0.25 * 3, 3])
    #expect(Subject.returns([visit(1, 9), visit(3, 6, terminated: true)], bonus: 0.1) == [1 + 0.5 * (3 + 0.1 * 6), 3])
    #expect(Subject.returns([visit(1, 9), visit(3, 6, tail: 10)], bonus: 0) == [1 + 0.5 * 8, 8])
  }

  /// The mean of Guess's -(0.8 u - c/2)² over c and over u as wide as the standard normal restricted to [-1, 1].
  private static let reward = -(0.64 * 0.291_125 + 1.0 / 12)

  /// An episode of Guess is one decision: what comes is its reward.
  @Test func biasOfAConstantCritic() throws {
    let agent = try plain { $0.rewardScale = 3 }
    _ = try agent.advance()
    try answer(agent.critics, with: [5, 5])
    var options = DiagnosisOptions()
    options.episodes = 20_000
    let found = try diagnose(agent, options, rollouts: guesses(20))
    #expect(found["q_value"] == 5)
    #expect(abs(try #require(found["q_return"]) / (3 * DiagnosisTests.reward) - 1) < 0.03, "\(found)")
    #expect(abs(try #require(found["q_bias"]) - (5 - #require(found["q_return"]))) < 1e-9)
  }

  /// With a time limit in the way the rest is the critics' own word: r + γ · 5, with the entropy where the target counts it.
  @Test(arguments: [false, true]) func biasPastATimeLimit(entropyInBackup: Bool) throws {
    let agent = try plain { $0.entropyInBackup = entropyInBackup }
    _ = try agent.advance()
    try answer(agent.critics, with: [5, 5])
    var options = DiagnosisOptions()
    options.episodes = 20_000
    let found = try diagnose(agent, options, rollouts: guesses(20, truncates: true))
    let entropy = try #require(found["entropy"])
    #expect(abs(try #require(found["q_return"]) - (DiagnosisTests.reward + 0.99 * (5 + (entropyInBackup ? entropy : 0)))) < 0.08, "\(found)")
    options.episodes = 0
    #expect(try diagnose(agent, options, rollouts: guesses(20))["q_bias"] == nil)
  }

  // MARK: Beside the learning

  /// Nothing that an agent learns or draws depends on being looked at.
  @Test func lookingMovesNothing() throws {
    let (one, two) = (try smallSteering(), try smallSteering())
    let (three, four) = (try smallNoiseSAC(), try smallNoiseSAC())
    for round in 0..<4 {
      _ = (try one.advance(), try two.advance(), try three.advance(), try four.advance())
      var options = DiagnosisOptions()
      options.seed = round
      _ = (try diagnose(two, options, rollouts: guesses()), try diagnose(four, options, rollouts: guesses()))
    }
    #expect(learned(one) == learned(two) && learned(three) == learned(four))
    #expect(try one.record.streamsAndCounts == two.record.streamsAndCounts && three.record.streamsAndCounts == four.record.streamsAndCounts)
    #expect(try diagnose(four, DiagnosisOptions())["rank_actor"] == nil)  // DSRL-SAC has no noise critics
  }

  @Test func whatCannotBeLookedAtIsRefused() throws {
    let agent = try smallSteering()
    func message(_ agent: any Agent, _ change: (inout DiagnosisOptions) -> Void = { _ in }) -> String {
      var options = DiagnosisOptions()
      change(&options)
      do { _ = try diagnose(agent, options) } catch { return "\(error)" }
      return "no error"
    }
    #expect(message(agent) == "a diagnosis wants something remembered; the agent has not acted")
    #expect(message(agent) { $0.noises = 1 } == "noises wants at least 2, got 1")
    #expect(message(agent) { $0.states = 300 } == "states are among the observations, so at most 256 of them; got 300")
    let base = try BoundedBase(guesses(), policy: TrianglePolicy())
    #expect(message(base).hasSuffix("a bounded_base has no actor"))
  }
}

extension AgentRecord {
  /// What being looked at might have moved.
  fileprivate var streamsAndCounts: [String] { streams.sorted { $0.key < $1.key }.map { "\($0)" } + ["\(counts)", "\(String(describing: replay))"] }
}
