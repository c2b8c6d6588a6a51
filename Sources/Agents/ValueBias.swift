import Environments
import Tensors

// What critics promise, against what comes.
extension Subject {
  /// One decision of an episode, and what came of it.
  struct Visit {
    /// What the critics say of it.
    var value: Double
    /// -ln p of it.
    var surprise: Double
    var reward: Double
    var discount: Double
    var terminated: Bool
    /// Where a time limit cut the episode off here: what the critics say of going on; else 0.
    var tail = 0.0
  }

  /// Of each decision the discounted sum of what came until the episode's end, with what the critics' target adds: `bonus` for each nat of the next
  /// decision's surprise. After a time limit the critics' own word stands for the rest.
  static func returns(_ episode: [Visit], bonus: Double) -> [Double] {
    var result = Array(repeating: 0.0, count: episode.count)
    for place in episode.indices.reversed() {
      let visit = episode[place]
      let next = place + 1 < episode.count ? result[place + 1] + bonus * episode[place + 1].surprise : visit.tail
      result[place] = visit.reward + (visit.terminated ? 0 : visit.discount * next)
    }
    return result
  }

  /// Means over the decisions of whole episodes of the actor, drawn as in training.
  func bias(on environment: VectorEnvironment, episodes: Int, seed: Int, using stream: inout RandomStream) throws -> [String: Double] {
    let options = core.options
    let bonus = options.entropyInBackup ? Double(core.temperature.value) : 0
    let n = environment.count
    let shares = (0..<n).map { episodes / n + ($0 < episodes % n ? 1 : 0) }
    var running: [[Visit]] = Array(repeating: [], count: n)
    var over: [[[Visit]]] = Array(repeating: [], count: n)
    var seen = try normalize(environment.reset(seed: seed))
    while zip(over, shares).contains(where: { $0.count < $1 }) {
      try Interrupt.check()
      let decided = try decide(seen, using: &stream)
      let step = try environment.step(executed(seen, decided.judged))
      let rewards = step.reward.values
      let after = step.truncated.contains(true) ? try decide(normalize(step.finalObservation), using: &stream) : nil
      for i in 0..<n {
        let isCut = step.truncated[i] && !step.terminated[i]
        var visit = Visit(
          value: Double(decided.values[i]), surprise: -Double(decided.logProb[i]), reward: Double(options.rewardScale * rewards[i]),
          discount: discount(step.stepsTaken[i]), terminated: step.terminated[i] || (isCut && options.timeLimits == .terminate))
        if isCut, let after { visit.tail = Double(after.values[i]) - bonus * Double(after.logProb[i]) }
        running[i].append(visit)
        guard step.terminated[i] || step.truncated[i] else { continue }
        over[i].append(running[i])
        running[i] = []
      }
      seen = try normalize(step.observation)
    }
    let kept = zip(over, shares).flatMap { $0.prefix($1) }
    let came = kept.flatMap { Subject.returns($0, bonus: bonus) }
    let promised = kept.joined().map(\.value)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    return ["q_value": mean(promised), "q_return": mean(came), "q_bias": mean(promised) - mean(came)]
  }

  /// Draws of the actor, and what the critics say of them.
  private func decide(_ observation: Tensor, using stream: inout RandomStream) throws -> (judged: Tensor, values: [Float], logProb: [Float]) {
    let (output, logProb) = try core.actor.sample(observation, using: &stream)
    let judged = try judged(observation, output)
    let values = try core.options.critic.combined(core.critics(observation, judged)).values
    return (judged, values, logProb.values)
  }

  private func discount(_ steps: Int) -> Double {
    let gamma = Double(core.options.gamma)
    return core.options.discountPerStep ? (0..<steps).reduce(1.0) { product, _ in product * gamma } : gamma
  }
}
