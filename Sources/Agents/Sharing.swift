import Environments
import Files
import NeuralNets
import Ranks
import Tensors

/// Learning of one agent by several processes: each steps its part of the environments and computes the gradients of its rows of every batch. All hold the
/// same replay, draw the same random numbers and take the same steps, so that what they learn is what one process would, to float rounding.
final class Sharing {
  let ranks: Ranks
  let environments: EnvironmentShare

  init(_ ranks: Ranks) {
    self.ranks = ranks
    environments = EnvironmentShare(rank: ranks.rank, size: ranks.size) { try ranks.allgather($0) }
  }

  /// This process's of `count` rows.
  func rows(of count: Int) -> Range<Int> { environments.part(of: count) }

  /// This process's rows of a table [n, ...].
  func part(_ table: Tensor) throws -> Tensor {
    let own = rows(of: table.shape[0])
    return try table.narrow(0, own.lowerBound, own.count)
  }

  /// The same of a table [times · n, width], all first ones first.
  func part(_ table: Tensor, times: Int) throws -> Tensor {
    guard times > 1 else { return try part(table) }
    let (n, width) = (table.shape[0] / times, table.shape[1])
    let own = rows(of: n)
    return try table.reshape([times, n, width]).narrow(1, own.lowerBound, own.count).clone().reshape([times * own.count, width])
  }

  func part(_ batch: Batch) throws -> Batch {
    Batch(
      observation: try part(batch.observation), action: try part(batch.action), nextObservation: try part(batch.nextObservation),
      reward: try part(batch.reward), alive: try part(batch.alive), discount: try part(batch.discount))
  }

  /// Of means over this process's rows the means over all `count` rows.
  func mean(_ values: [Float], of count: Int) throws -> [Float] {
    let weight = Float(rows(of: count).count) / Float(count)
    return try ranks.sum(values.map { weight * $0 })
  }
}

extension Adam {
  /// One step down `loss`, the mean over this process's part of `rows` rows: the gradients of all processes and what they log, weighted by their rows, are
  /// added up in one message. Returns the means of `logged` over all rows.
  func descend(_ loss: Tensor, _ sharing: Sharing?, rows: Int, _ logged: [Float]) throws -> [Float] {
    guard let sharing else {
      try descend(loss)
      return logged
    }
    zeroGrad()
    try loss.backward()
    let moved = parameters.map(\.tensor).filter { $0.grad != nil }
    let own = moved.flatMap { $0.grad?.values ?? [] }
    let whole = try sharing.mean(own + logged, of: rows)
    var start = 0
    for tensor in moved {
      try tensor.setGrad(Tensor(Array(whole[start..<start + tensor.count]), shape: tensor.shape))
      start += tensor.count
    }
    try step()
    return Array(whole.suffix(logged.count))
  }
}

/// What learns by the steps of an ActorCritic, and so can be shared.
protocol SharedLearner: Learner {
  var core: ActorCritic { get }
  var batchRows: Int { get }
}

extension SAC: SharedLearner { var batchRows: Int { options.batchSize } }
extension DSRLNA: SharedLearner { var batchRows: Int { options.batchSize } }

extension Ranks {
  /// Lets an agent that every rank has made alike learn over all of them. Throws where it cannot: for agents of other kinds, batches with fewer rows than
  /// ranks, and agents that are not alike.
  public func share(_ agent: any Agent) throws {
    guard let learner = agent as? any SharedLearner else {
      throw UsageError("several ranks learn together with sac, dsrl_sac, dsrl_na or residual; a \(agent.kind) learns in one process, without mpirun")
    }
    guard learner.batchRows >= size else { throw UsageError("batch_size wants at least a row for each of the \(size) ranks, got \(learner.batchRows)") }
    try checkAlike(learner, when: "before they learn together")
    let sharing = Sharing(self)
    (learner.core.sharing, learner.collector.sharing) = (sharing, sharing)
  }

  /// Makes a shared agent whole in every process: as one process would have it, environments too.
  public func gather(_ agent: any Agent) throws {
    guard let learner = agent as? any SharedLearner, let sharing = learner.core.sharing else { return }
    try checkAlike(learner, when: "after they learned together")
    try learner.environment.gather(sharing.environments)
  }

  /// Each process has an agent of its own again.
  public func unshare(_ agent: any Agent) {
    guard let learner = agent as? any SharedLearner else { return }
    (learner.core.sharing, learner.collector.sharing) = (nil, nil)
  }

  /// Throws on all ranks unless their agents have the same weights, optimisers and counts.
  private func checkAlike(_ learner: any SharedLearner, when: String) throws {
    var text = "\(learner.kind) \(learner.counts) \(learner.environment.id) \(learner.environment.count) \(learner.batchRows)"
    for (name, tensor) in learner.tensors where !name.hasPrefix("replay.") { text += " \(name) \(try SHA256.hex(tensor.values.withUnsafeBytes { Array($0) }))" }
    let all = try allgather(Array(SHA256.hex(Array(text.utf8)).utf8))
    guard let other = all.indices.first(where: { all[$0] != all[0] }) else { return }
    throw UsageError("the ranks' agents are not alike \(when): rank \(other)'s weights or counts differ from rank 0's; every rank must run the same script to the same values")
  }
}
