import Diffusion
import Environments
import Tensors

// Behaviour data of any origin: Q^A learns from what was done, so that a data set will do, alone or beside what the agent does itself.
extension DSRLNA {
  /// Puts `data` into the replay, or apart from it where each batch is to have a share of them.
  static func keep(
    _ data: DataSet, beside replay: ReplayBuffer, _ environment: VectorEnvironment, _ policy: any BasePolicy, _ options: Options
  ) throws -> Demonstrations? {
    let transitions = try ChunkTransitions(
      data, of: environment, gamma: options.gamma, discountPerStep: options.discountPerStep, name: "offline_data")
    guard let share = options.offlineMixRatio else {
      guard transitions.count <= replay.capacity else {
        throw UsageError("offline_data have \(transitions.count) chunks, which want a buffer_size of at least as many; got \(replay.capacity)")
      }
      try replay.add(transitions, observation: policy.normalize, action: policy.normalize(actions:))
      return nil
    }
    let own = try ReplayBuffer(
      capacity: transitions.count, observationSize: replay.observationSize, actionSize: replay.actionSize, seed: options.seed, purpose: "offline data")
    try own.add(transitions, observation: policy.normalize, action: policy.normalize(actions:))
    return Demonstrations(own, share: share)
  }

  /// A batch of what is remembered, and of the offline data where they are apart.
  func sampleBatch() throws -> Batch { try offlineData?.sample(options.batchSize, with: replay) ?? replay.sample(options.batchSize) }
}
