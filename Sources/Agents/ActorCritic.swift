import NeuralNets
import Tensors

/// Actor, critics and temperature with their gradient steps: what SAC and the DSRL agents learn with.
///
/// For a batch (s, a, r, s'), u in [-1, 1] and what the critics judge of it, J(s, u): u itself, or the base policy's chunk:
///   Q      towards  k r + γ (1 - terminated) (Q̄(s', J(s', u')) - α ln p(u')),  u' ~ actor(s')
///   actor  down     α ln p(u) - Q°(s, u),  u ~ actor(s), Q° being Q or the critics of noises
/// where the heads of Q̄ and Q° are combined as the options say, and k is the reward's scale.
final class ActorCritic {
  private(set) var options: LearningOptions
  let actor: GaussianActor
  let critics: Critics
  /// Q̄
  let targets: Critics
  /// Q°
  let climbed: Critics
  let temperature: Temperature
  let actorOptimizer: Adam
  let criticOptimizer: Adam
  /// Where several processes learn together; nil: this one alone.
  var sharing: Sharing?
  /// The actor's draws in training.
  var stream: RandomStream
  private let judged: (_ observation: Tensor, _ action: Tensor) throws -> Tensor

  /// `judgedSize` numbers are what `judged` gives; `noiseCritics` are critics of the actor's own outputs, where `critics` judge something else.
  init(
    _ options: LearningOptions, actor: GaussianActor, observationSize: Int, judgedSize: Int, hasNoiseCritics: Bool,
    using stream: inout RandomStream, judged: @escaping (Tensor, Tensor) throws -> Tensor
  ) throws {
    func makeCritics(_ actionSize: Int, _ name: String) throws -> Critics {
      try Critics(
        options.nCritics, observationSize: observationSize, actionSize: actionSize, network: options.network, name: name, using: &stream)
    }
    (self.options, self.actor, self.judged) = (options, actor, judged)
    critics = try makeCritics(judgedSize, "critics")
    targets = try makeCritics(judgedSize, "target critics")
    try targets.load(critics)
    climbed = hasNoiseCritics ? try makeCritics(actor.actionSize, "noise critics") : critics

    let rate = options.learningRate
    temperature = try Temperature(
      options.entCoef, targetEntropy: options.totalTargetEntropy(actor.actionSize), learningRate: options.entCoefLearningRate ?? rate,
      least: options.entCoefMin)
    actorOptimizer = try adam(actor, options.actorLearningRate ?? rate)
    criticOptimizer = try adam(critics, options.criticLearningRate ?? rate)
    self.stream = RandomStream(seed: options.seed, purpose: "actor")
  }

  /// Goes on with other options; what the networks are made of stays. Throws for values out of their range.
  func adjust(_ new: LearningOptions) throws {
    try new.check()
    let rate = new.learningRate
    try temperature.adjust(
      new.entCoef, from: options.entCoef, targetEntropy: new.totalTargetEntropy(actor.actionSize), learningRate: new.entCoefLearningRate ?? rate,
      least: new.entCoefMin)
    (actorOptimizer.learningRate, criticOptimizer.learningRate) = (new.actorLearningRate ?? rate, new.criticLearningRate ?? rate)
    options = new
  }

  /// One gradient step of temperature, critics and actor, or of the critics alone, and one Polyak step; returns what to log.
  func update(_ batch: Batch, isWarmingUp: Bool) throws -> [String: Float] {
    let alpha = temperature.value
    guard !isWarmingUp else { return try updateCritics(batch, alpha: alpha) }

    let drawn = try drawForActor(batch.observation)
    let critic = try updateCritics(batch, alpha: alpha)
    return critic.merging(try climb(drawn, alpha: alpha)) { first, _ in first }
  }

  /// One step of the critics, and their targets after them.
  func updateCritics(_ batch: Batch, alpha: Float) throws -> [String: Float] {
    let own = try sharing?.part(batch) ?? batch
    let target = try target(own, of: batch.reward.count, alpha: alpha)
    let loss = try critics.loss(own.observation, own.action, target: target)
    let logged = [try loss.item(), try target.mean().item()]
    let means = try criticOptimizer.descend(loss, sharing, rows: batch.reward.count, logged)
    try targets.track(critics, tau: options.tau)
    return ["train/critic_loss": means[0], "train/target": means[1]]
  }

  /// One step of temperature and actor.
  func updateActor(_ observation: Tensor) throws -> [String: Float] {
    let alpha = temperature.value
    return try climb(drawForActor(observation), alpha: alpha)
  }

  /// What the actor learns from: this process's rows of a batch, and what it draws there.
  private struct Drawn {
    let observation: Tensor
    let action: Tensor
    let logProb: Tensor
    let temperatureLoss: Float
    /// Of the whole batch.
    let rows: Int
    let entropy: Float
  }

  /// Draws at observations of a batch; one step of the temperature.
  private func drawForActor(_ observation: Tensor) throws -> Drawn {
    let rows = observation.shape[0]
    let noise = try actor.noise(rows: rows, using: &stream)
    let own = try sharing?.part(observation) ?? observation
    let (action, logProb) = try actor.sample(own, noise: sharing?.part(noise) ?? noise)
    let mean = try Tensor.withoutGrad { try logProb.mean().item() }
    let whole = try sharing?.mean([mean], of: rows)[0]
    let temperatureLoss = try temperature.update(whole.map { Tensor([$0]) } ?? logProb)
    return Drawn(observation: own, action: action, logProb: logProb, temperatureLoss: temperatureLoss, rows: rows, entropy: -(whole ?? mean))
  }

  /// What the critics regress on, [n]; where several processes learn together, at this one's part of a batch of `rows`.
  func target(_ batch: Batch, of rows: Int? = nil, alpha: Float) throws -> Tensor {
    let noise = try actor.noise(rows: options.targetBestOfN * (rows ?? batch.reward.count), using: &stream)
    return try target(batch, alpha: alpha, noise: sharing?.part(noise, times: options.targetBestOfN) ?? noise)
  }

  /// The same for given draws of the standard normal at the next observations, [n, action], all first draws first.
  func target(_ batch: Batch, alpha: Float, noise: Tensor) throws -> Tensor {
    try Tensor.withoutGrad {
      let next = try draw(options.targetBestOfN, batch.nextObservation, noise)
      let heads = try targets(next.observation, judged(next.observation, next.action))
      let values = try options.critic.combinedTarget(heads, using: &stream)
      let places = try best(values, of: options.targetBestOfN)
      let value = try places.map { try values.indexSelect(0, $0) } ?? values
      let logProb = try places.map { try next.logProb.indexSelect(0, $0) } ?? next.logProb
      let soft = options.entropyInBackup ? try value - alpha * logProb : value
      return try options.rewardScale * batch.reward + batch.discount * batch.alive * soft
    }
  }

  /// What to do at observations, [n, action]: a draw of the actor, or of several the one that the critics hold for best.
  func choose(_ observation: Tensor, using stream: inout RandomStream) throws -> Tensor {
    try Tensor.withoutGrad {
      let noise = try actor.noise(rows: options.bestOfN * observation.shape[0], using: &stream)
      let drawn = try draw(options.bestOfN, observation, noise)
      guard options.bestOfN > 1 else { return drawn.action }
      let values = try options.critic.combined(critics(drawn.observation, judged(drawn.observation, drawn.action)))
      return try best(values, of: options.bestOfN).map { try drawn.action.indexSelect(0, $0) } ?? drawn.action
    }
  }

  /// `times` draws for every observation, all first draws first.
  private func draw(
    _ times: Int, _ observation: Tensor, _ noise: Tensor
  ) throws -> (observation: Tensor, action: Tensor, logProb: Tensor) {
    let rows = times == 1 ? observation : try observation.tile([times, 1])
    let (action, logProb) = try actor.sample(rows, noise: noise)
    return (rows, action, logProb)
  }

  /// One step of the actor towards what Q° holds for better; returns what to log.
  private func climb(_ drawn: Drawn, alpha: Float) throws -> [String: Float] {
    let loss = try climbed.frozen {
      let loss = try actorLoss(drawn.observation, drawn.action, drawn.logProb, alpha: alpha)
      return try actorOptimizer.descend(loss, sharing, rows: drawn.rows, [loss.item()])[0]
    }
    return ["train/actor_loss": loss, "train/entropy": drawn.entropy, "train/ent_coef": alpha, "train/ent_coef_loss": drawn.temperatureLoss]
  }

  /// The mean of α ln p(u) - Q°(s, u).
  func actorLoss(_ observation: Tensor, _ action: Tensor, _ logProb: Tensor, alpha: Float) throws -> Tensor {
    let value = try options.critic.combined(climbed(observation, action))
    return try (alpha * logProb - value).mean()
  }
}

/// Of the values [times · n], all first ones first, where each of the n has its largest; nil for one time.
func best(_ values: Tensor, of times: Int) throws -> [Int]? {
  guard times > 1 else { return nil }
  let n = values.count / times
  return try values.reshape([times, n]).argmax(0).enumerated().map { row, time in time * n + row }
}
