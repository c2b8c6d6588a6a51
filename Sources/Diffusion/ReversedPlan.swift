import Tensors

extension DiffusionPolicy {
  /// The differential equation from chunks in [-1, 1] to noise, unclipped: [n, observation], [n, latent] -> [n, latent].
  func integrateBack(normalized observation: Tensor, _ target: Tensor, steps: Int?) throws -> Tensor {
    guard schedule.isDeterministic else {
      throw UsageError("a \(sampler.kind.rawValue) sampler with noise of its own solves no differential equation; method 'fixed_point' inverts it with that noise frozen")
    }
    let back = try sampler.reversedPlan(for: config.process, steps: steps)
    let point = try back.run(from: target) { x, move in
      try Interrupt.check()
      return try self.epsilon(x, Float(back.moves[move].time), observation)
    }
    return try schedule.noise(startingAt: point)
  }
}

extension Sampler {
  /// A plan from sample to initial point, over the sampler's own levels, or over `steps` of its process's up to the same first one.
  func reversedPlan(for process: Process, steps: Int?) throws -> SamplingPlan {
    switch (self, process) {
    case (.flow(var sampler), .flow(let process)):
      sampler.steps = steps ?? sampler.steps
      return try sampler.plan(for: process, reversed: true)
    case (.edm(var sampler), .edm(let process)):
      sampler.steps = steps ?? sampler.steps
      _ = try sampler.plan(for: process)
      return .reversed(sampler.sigmas.dropLast().reversed().map(process.level), order: sampler.method == .heun ? 2 : 1)
    case (_, .ddpm(let process)):
      let own = try plan(for: .ddpm(process)).moves.map { Int($0.time) }
      var times = own
      if let steps {
        guard let first = own.first, steps <= first + 1 else {
          throw UsageError("this sampler starts at time \(own.first ?? 0), so an inversion has at most \((own.first ?? 0) + 1) steps, got \(steps)")
        }
        times = (0..<steps).reversed().map { steps == 1 ? first : Int((Double($0 * first) / Double(steps - 1)).rounded()) }
      }
      let alphaBars = process.alphaBars
      return .reversed(times.reversed().map { process.level($0, alphaBars[$0]) }, order: kind == .dpmSolver ? 2 : 1)
    default: return try plan(for: process)  // which says what does not fit
    }
  }
}

extension SamplingPlan {
  /// From a sample up levels of growing noise, by Euler's (`order` 1) or Heun's steps of d(x/a) / d(s/a) = ε, where x = a x_0 + s ε.
  ///
  /// No network knows noise-free points: at the lowest level it is asked at a x_0, and its ε there takes the first step.
  static func reversed(_ levels: [Level], order: Int) -> SamplingPlan {
    guard let lowest = levels.first else { return SamplingPlan(moves: []) }
    var moves = [Move(lowest, clip: nil, keep: 2, add: [-lowest.signal])]
    for (here, next) in zip(levels, levels.dropFirst()) {
      let (sigma, above) = (here.noise / here.signal, next.noise / next.signal)
      let ratio = above / sigma, half = (above - sigma) / 2
      moves.append(Move(here, clip: nil, keep: next.noise / here.noise, add: [next.signal * (1 - ratio)], ends: order == 1))
      guard order == 2 else { continue }
      moves.append(Move(
        next, clip: nil, keep: next.noise / here.noise,
        add: [-half / above * next.signal, (-half / sigma + half * (1 - ratio) / above) * next.signal]))
    }
    return SamplingPlan(moves: moves, scale: .all(lowest.signal))
  }
}
