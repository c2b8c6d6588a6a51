import Tensors

/// A sampling plan with the packed network it is run on: where each point follows from the one before alone, as one chain over blocks of rows.
struct PackedPlan {
  private let plan: SamplingPlan
  private let network: PackedResidualMLP
  /// nil where a move needs more than its own point and value.
  private let chain: PackedChain?

  /// Row i of the network's embeddings is move i's.
  init(_ plan: SamplingPlan, _ network: PackedResidualMLP) throws {
    (self.plan, self.network) = (plan, network)
    let single = plan.isDeterministic && plan.moves.allSatisfy { $0.ends && $0.add.count == 1 }
    chain = single ? try PackedChain(network: network, steps: PackedPlan.steps(plan.moves)) : nil
  }

  /// The moves in coordinates in which the network's input needs no scale.
  private static func steps(_ moves: [SamplingPlan.Move]) -> [PackedChain.Step] {
    moves.indices.map { i in
      let move = moves[i]
      let (here, next) = (move.inputScale, i + 1 < moves.count ? moves[i + 1].inputScale : 1)
      let update = PackedChain.Update(
        skip: Float(move.skip / here), out: Float(move.out), clip: move.clip.map { Float($0) }, keep: Float(move.keep * next / here),
        add: Float(move.add[0] * next))
      return PackedChain.Step(time: i, update: update)
    }
  }

  /// observation as the network sees it [n, condition], noise [n, latent] -> [n, latent].
  func callAsFunction(observation: Tensor, noise: Tensor, inner: (() throws -> Tensor)?) throws -> Tensor {
    guard let chain else {
      return try plan.run(from: noise, inner: inner) { x, move in try network(x, observation: observation, time: move) }
    }
    let start = try plan.start(noise, factor: plan.moves.first?.inputScale ?? 1)
    let end = try chain(observation: observation, noise: start)
    return plan.finalClip.map { end.clamp(Float(-$0), Float($0)) } ?? end
  }
}
