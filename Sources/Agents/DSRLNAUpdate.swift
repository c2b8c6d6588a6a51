import NeuralNets
import Tensors

// The gradient steps of DSRL-NA. For a batch (s, a, r, s') from the replay buffer, u in [-1, 1], and the base policy's map π(s, b u):
//   Q^A  towards  r + γ (1 - terminated) (min Q̄^A(s', π(s', b u')) - α ln p(u')),  u' ~ actor(s')
//   Q^W  towards  Q^A(s, π(s, b u)),  u from the distillation's law, head i towards head i
//   actor         down α ln p(u) - min Q^W(s, u),  u ~ actor(s)

extension DSRLNA {
  func plan(transitions: Int) -> [UpdateStep] {
    guard counts.vectorSteps >= options.initRolloutSteps else { return [] }
    let steps = options.gradientSteps < 0 ? transitions : options.gradientSteps
    let distillation = Array(repeating: UpdateStep.distillation, count: options.noiseCriticGradSteps)
    return switch options.updateOrder {
    case .actorBeforeDistillation: Array(repeating: .joint, count: steps) + distillation
    case .actorAfterDistillation: Array(repeating: .critic, count: steps) + distillation + Array(repeating: .actor, count: steps)
    }
  }

  func update(_ step: UpdateStep) throws -> [String: Float] {
    try Tensor.withProducts(in: options.networkPrecision) { try take(step) }
  }

  private func take(_ step: UpdateStep) throws -> [String: Float] {
    switch step {
    case .joint: try update(replay.sample(options.batchSize))
    case .critic: try updateCritics(replay.sample(options.batchSize), alpha: temperature.value)
    case .actor: isWarmingUp ? [:] : try updateActor(replay.sample(options.batchSize).observation)
    case .distillation: try distill()
    }
  }

  /// Whether actor and temperature still wait for the critics.
  private var isWarmingUp: Bool { counts.gradientSteps < options.criticWarmup }

  /// One gradient step of temperature, Q^A and actor, and one Polyak step; returns what to log.
  public func update(_ batch: Batch) throws -> [String: Float] {
    let alpha = temperature.value
    guard !isWarmingUp else { return try updateCritics(batch, alpha: alpha) }

    let (squashed, logProb) = try actor.sample(batch.observation, using: &actorStream)
    let temperatureLoss = try temperature.update(logProb)
    let critic = try updateCritics(batch, alpha: alpha)
    let loss = try climb(batch.observation, squashed, logProb, alpha: alpha)
    return critic.merging(try actorMetrics(loss, logProb, alpha, temperatureLoss)) { first, _ in first }
  }

  /// One step of Q^A, and its targets after it.
  func updateCritics(_ batch: Batch, alpha: Float) throws -> [String: Float] {
    let target = try target(batch, alpha: alpha)
    let loss = try critics.loss(batch.observation, batch.action, target: target)
    try criticOptimizer.descend(loss)
    try targets.track(critics, tau: options.tau)
    return ["train/critic_loss": try loss.item(), "train/target": try target.mean().item()]
  }

  /// One step of temperature and actor.
  private func updateActor(_ observation: Tensor) throws -> [String: Float] {
    let alpha = temperature.value
    let (squashed, logProb) = try actor.sample(observation, using: &actorStream)
    let temperatureLoss = try temperature.update(logProb)
    let loss = try climb(observation, squashed, logProb, alpha: alpha)
    return try actorMetrics(loss, logProb, alpha, temperatureLoss)
  }

  /// What Q^A regresses on, [n].
  func target(_ batch: Batch, alpha: Float) throws -> Tensor {
    try Tensor.withoutGrad {
      let (next, logProb) = try actor.sample(batch.nextObservation, using: &actorStream)
      let action = try decode(batch.nextObservation, squashed: next)
      let value = try options.criticBackupCombine(targets(batch.nextObservation, action))
      let soft = options.entropyInBackup ? try value - alpha * logProb : value
      return try options.rewardScale * batch.reward + batch.discount * batch.alive * soft
    }
  }

  /// One step of the actor towards what Q^W holds for better; returns its loss.
  private func climb(_ observation: Tensor, _ squashed: Tensor, _ logProb: Tensor, alpha: Float) throws -> Float {
    try noiseCritics.frozen {
      let value = try options.criticBackupCombine(noiseCritics(observation, squashed))
      let loss = try (alpha * logProb - value).mean()
      try actorOptimizer.descend(loss)
      return try loss.item()
    }
  }

  private func actorMetrics(_ loss: Float, _ logProb: Tensor, _ alpha: Float, _ temperatureLoss: Float) throws -> [String: Float] {
    [
      "train/actor_loss": loss, "train/entropy": -(try logProb.mean().item()), "train/ent_coef": alpha,
      "train/ent_coef_loss": temperatureLoss,
    ]
  }
}

// MARK: Distillation

/// What one call's distillation steps learn from: the rows of all its batches, decoded at once, since nothing that they depend on
/// moves between them.
struct Distillation {
  let observation: Tensor
  let squashed: Tensor
  let chunk: Tensor
  /// Rows used up.
  var position = 0
}

extension Distillation {
  var tensors: [NamedTensor] {
    [
      (name: "observation", tensor: observation), (name: "squashed", tensor: squashed), (name: "chunk", tensor: chunk),
      (name: "position", tensor: Tensor([Float(position)])),
    ]
  }

  /// nil for a checkpoint that was not taken amid a distillation.
  init?(_ tensors: [String: Tensor]) throws {
    guard !tensors.isEmpty else { return nil }
    guard let observation = tensors["observation"], let squashed = tensors["squashed"], let chunk = tensors["chunk"],
      let position = try tensors["position"]?.item()
    else { throw UsageError("the saved distillation is not whole; got \(tensors.keys.sorted())") }
    self.init(observation: observation, squashed: squashed, chunk: chunk, position: Int(position))
  }
}

extension DSRLNA {
  /// One step of Q^W towards Q^A, head i towards head i, on fresh rows.
  private func distill() throws -> [String: Float] {
    var rows = try distillation ?? drawDistillation()
    let (start, n) = (rows.position, options.batchSize)
    let observation = try rows.observation.narrow(0, start, n)
    let chunk = try rows.chunk.narrow(0, start, n)
    let target = try Tensor.withoutGrad { try critics(observation, chunk) }
    let loss = try noiseCritics.loss(observation, rows.squashed.narrow(0, start, n), target: target)
    try noiseCriticOptimizer.descend(loss)
    rows.position += n
    distillation = rows.position < rows.observation.shape[0] ? rows : nil
    return ["train/noise_critic_loss": try loss.item()]
  }

  private func drawDistillation() throws -> Distillation {
    let batches = try (0..<options.noiseCriticGradSteps).map { _ in try replay.sample(options.batchSize).observation }
    let observation = try Tensor.cat(batches)
    let squashed = try Tensor.cat(batches.map(distillationNoise))
    return Distillation(observation: observation, squashed: squashed, chunk: try decode(observation, squashed: squashed))
  }

  /// u = w / b for the rows of `observation`, by the law that the options name.
  func distillationNoise(_ observation: Tensor) throws -> Tensor {
    let n = observation.shape[0]
    switch options.distillationNoise {
    case .gaussian: return try gaussian(n)
    case .box: return try Tensor.uniform([n, policy.latentSize], -1, 1, using: &noiseStream)
    case .actor: return try actorNoise(observation)
    case .mixed: return try Tensor.cat([gaussian(n - n / 2), actorNoise(observation.narrow(0, n - n / 2, n / 2))])
    }
  }

  private func actorNoise(_ observation: Tensor) throws -> Tensor {
    try Tensor.withoutGrad { try actor.sample(observation, using: &noiseStream).action }
  }
}
