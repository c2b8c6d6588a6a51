import Tensors

extension Learner {
  /// The gradient steps that `advance` takes after acting, or those given, on what is remembered, without acting.
  func runTrainingCall(_ given: [UpdateStep]? = nil) throws -> Advance {
    guard round.updates == 0 else { throw amidUpdates }
    let steps = given ?? plan(transitions: trainFreq * environment.count)
    guard !steps.isEmpty else { throw UsageError("no gradient step is due: the agent is in its \(phase), and its options decide how many there are") }
    var call = Round()
    for step in steps {
      try interruption()
      let metrics = try update(step)
      call.metrics.add(metrics)
      guard step == .joint || step == .critic else { continue }
      call.gradientSteps += 1
      collector.counts.gradientSteps += 1
    }
    return call.advance
  }
}
