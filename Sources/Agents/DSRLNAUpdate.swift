import NeuralNets
import Tensors

extension DSRLNA {
  func plan(transitions: Int) -> [UpdateStep] {
    counts.vectorSteps >= options.initRolloutSteps ? updates(transitions: transitions) : []
  }

  /// The steps of one call of the updates.
  func updates(transitions: Int) -> [UpdateStep] {
    let steps = options.learning.critic.steps(after: transitions)
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
    case .joint: try core.update(sampleBatch(), isWarmingUp: isWarmingUp)
    case .critic: try core.updateCritics(sampleBatch(), alpha: temperature.value)
    case .actor: isWarmingUp ? [:] : try core.updateActor(sampleBatch().observation)
    case .distillation: try distill()
    }
  }

  /// Whether actor and temperature still wait for the critics.
  private var isWarmingUp: Bool { counts.gradientSteps < options.criticWarmup }
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
  /// One step of Q^W towards Q^A(s, π(s, b u)), u from the distillation's law, on fresh rows.
  private func distill() throws -> [String: Float] {
    var rows = try distillation ?? drawDistillation()
    let whole = options.batchSize * options.distillationNoises
    let (start, n) = (rows.position, core.sharing?.rows(of: whole).count ?? whole)
    let observation = try rows.observation.narrow(0, start, n)
    let chunk = try rows.chunk.narrow(0, start, n)
    let loss = try distillationLoss(observation, rows.squashed.narrow(0, start, n), chunk)
    let mean = try noiseCriticOptimizer.descend(loss, core.sharing, rows: whole, [loss.item()])[0]
    rows.position += n
    distillation = rows.position < rows.observation.shape[0] ? rows : nil
    return ["train/noise_critic_loss": mean]
  }

  /// Of Q^W(s, u) against Q^A(s, a) for the chunks a that u makes.
  func distillationLoss(_ observation: Tensor, _ squashed: Tensor, _ chunk: Tensor) throws -> Tensor {
    let target = try Tensor.withoutGrad { try options.distillationTarget(critics(observation, chunk)) }
    return try noiseCritics.loss(observation, squashed, target: target)
  }

  private func drawDistillation() throws -> Distillation {
    let batches = try (0..<options.noiseCriticGradSteps).map { _ in
      let observation = try sampleBatch().observation
      return options.distillationNoises == 1 ? observation : try observation.tile([options.distillationNoises, 1])
    }
    let noises = try batches.map(distillationNoise)
    // Where several processes learn together each decodes what it learns from.
    let observation = try Tensor.cat(batches.map { try core.sharing?.part($0) ?? $0 })
    let squashed = try Tensor.cat(noises.map { try core.sharing?.part($0) ?? $0 })
    return Distillation(observation: observation, squashed: squashed, chunk: try steering.decode(observation, squashed))
  }

  /// u = w / b for the rows of `observation`, by the law that the options name.
  func distillationNoise(_ observation: Tensor) throws -> Tensor {
    let n = observation.shape[0]
    switch options.distillationNoise {
    case .gaussian: return try steering.gaussian(n, using: &noiseStream)
    case .standardNormal: return try steering.standardNormal(n, using: &noiseStream)
    case .box: return try Tensor.uniform([n, steering.size], -1, 1, using: &noiseStream)
    case .actor: return try actorNoise(observation)
    case .mixed:
      return try Tensor.cat([
        steering.gaussian(n - n / 2, using: &noiseStream), actorNoise(observation.narrow(0, n - n / 2, n / 2)),
      ])
    }
  }

  private func actorNoise(_ observation: Tensor) throws -> Tensor {
    try Tensor.withoutGrad { try actor.sample(observation, using: &noiseStream).action }
  }
}
