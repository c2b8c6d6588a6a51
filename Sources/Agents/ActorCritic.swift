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

    let (action, logProb) = try actor.sample(batch.observation, using: &stream)
    let temperatureLoss = try temperature.update(logProb)
    let critic = try updateCritics(batch, alpha: alpha)
    let loss = try climb(batch.observation, action, logProb, alpha: alpha)
    return critic.merging(try actorMetrics(loss, logProb, alpha, temperatureLoss)) { first, _ in first }
  }

  /// One step of the critics, and their targets after them.
  func updateCritics(_ batch: Batch, alpha: Float) throws -> [String: Float] {
    let target = try target(batch, alpha: alpha)
    let loss = try critics.loss(batch.observation, batch.action, target: target)
    try criticOptimizer.descend(loss)
    try targets.track(critics, tau: options.tau)
    return ["train/critic_loss": try loss.item(), "train/target": try target.mean().item()]
  }

  /// One step of temperature and actor.
  func updateActor(_ observation: Tensor) throws -> [String: Float] {
    let alpha = temperature.value
    let (action, logProb) = try actor.sample(observation, using: &stream)
    let temperatureLoss = try temperature.update(logProb)
    let loss = try climb(observation, action, logProb, alpha: alpha)
    return try actorMetrics(loss, logProb, alpha, temperatureLoss)
  }

  /// What the critics regress on, [n].
  func target(_ batch: Batch, alpha: Float) throws -> Tensor {
    let noise = try actor.noise(rows: options.targetBestOfN * batch.reward.count, using: &stream)
    return try target(batch, alpha: alpha, noise: noise)
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

  /// One step of the actor towards what Q° holds for better; returns its loss.
  private func climb(_ observation: Tensor, _ action: Tensor, _ logProb: Tensor, alpha: Float) throws -> Float {
    try climbed.frozen {
      let loss = try actorLoss(observation, action, logProb, alpha: alpha)
      try actorOptimizer.descend(loss)
      return try loss.item()
    }
  }

  /// The mean of α ln p(u) - Q°(s, u).
  func actorLoss(_ observation: Tensor, _ action: Tensor, _ logProb: Tensor, alpha: Float) throws -> Tensor {
    let value = try options.critic.combined(climbed(observation, action))
    return try (alpha * logProb - value).mean()
  }

  private func actorMetrics(_ loss: Float, _ logProb: Tensor, _ alpha: Float, _ temperatureLoss: Float) throws -> [String: Float] {
    [
      "train/actor_loss": loss, "train/entropy": -(try logProb.mean().item()), "train/ent_coef": alpha,
      "train/ent_coef_loss": temperatureLoss,
    ]
  }
}

/// Of the values [times · n], all first ones first, where each of the n has its largest; nil for one time.
func best(_ values: Tensor, of times: Int) throws -> [Int]? {
  guard times > 1 else { return nil }
  let n = values.count / times
  return try values.reshape([times, n]).argmax(0).enumerated().map { row, time in time * n + row }
}
