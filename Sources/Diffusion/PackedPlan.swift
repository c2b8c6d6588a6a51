import NeuralNets
import Tensors

/// A sampling plan with the packed network it is run on: where each point follows from the one before alone, as one chain over blocks of rows.
struct PackedPlan {
  private let plan: SamplingPlan
  private let network: any PackedNetwork
  /// What the observation goes through first.
  private let condition: MLP?
  /// nil where a move needs more than its own point and value.
  private let chain: PackedChain?

  /// The network's weights as they are now; nil for a network that has no packed form in this precision.
  init?(_ plan: SamplingPlan, _ denoiser: any Denoiser, _ precision: Precision) throws {
    let times = plan.moves.map { Float($0.time) }
    let packed: (any PackedNetwork)? =
      switch (denoiser, precision) {
      case (let denoiser as DiffusionMLP, _): try denoiser.packed(times: times, precision)
      case (let denoiser as UNet1d, .float32): try denoiser.packed(times: times)
      case (let denoiser as TransformerDenoiser, .float32): try denoiser.packed(times: times)
      default: nil
      }
    guard let packed else { return nil }
    (self.plan, network, condition) = (plan, packed, (denoiser as? DiffusionMLP)?.condition)
    let single = plan.isDeterministic && plan.moves.allSatisfy { $0.ends && $0.add.count == 1 && ($0.clip == nil || $0.bound == nil) }
    chain = single ? try PackedChain(network: network, steps: PackedPlan.steps(plan.moves)) : nil
  }

  /// The moves in coordinates in which the network's input needs no scale.
  private static func steps(_ moves: [SamplingPlan.Move]) -> [PackedChain.Step] {
    moves.indices.map { i in
      let move = moves[i]
      let (here, next) = (move.inputScale, i + 1 < moves.count ? moves[i + 1].inputScale : 1)
      // Where it is the next point that is clipped, it takes the place of the value.
      let update =
        if let bound = move.bound {
          PackedChain.Update(
            skip: Float((move.keep + move.add[0] * move.skip) / here), out: Float(move.add[0] * move.out), clip: Float(bound), keep: 0, add: Float(next))
        } else {
          PackedChain.Update(
            skip: Float(move.skip / here), out: Float(move.out), clip: move.clip.map { Float($0) }, keep: Float(move.keep * next / here),
            add: Float(move.add[0] * next))
        }
      return PackedChain.Step(time: i, update: update)
    }
  }

  /// observation [n, steps · observation], noise [n, latent] -> [n, latent].
  func callAsFunction(observation: Tensor, noise: Tensor, inner: (() throws -> Tensor)?) throws -> Tensor {
    let state = try condition?(observation) ?? observation
    guard let chain else {
      return try plan.run(from: noise, inner: inner) { x, move in try network(x, observation: state, time: move) }
    }
    let start = try plan.start(noise, factor: plan.moves.first?.inputScale ?? 1)
    let end = try chain(observation: state, noise: start)
    return plan.finalClip.map { end.clamp(Float(-$0), Float($0)) } ?? end
  }
}

extension DiffusionMLP {
  /// nil for a trunk that has no packed form, as one without blocks.
  fileprivate func packed(times: [Float], _ precision: Precision) throws -> PackedResidualMLP? {
    guard case .residual(let trunk) = trunk, !trunk.blocks.isEmpty, let activation = trunk.packedActivation else { return nil }
    return try PackedResidualMLP(
      input: trunk.input.packed, blocks: trunk.blocks.map { .init(first: $0.l1.packed, second: $0.l2.packed) }, output: trunk.output.packed,
      embeddings: Tensor.withoutGrad { try timeEmbedding(Tensor(times)) }, activation: activation, precision: precision)
  }
}

extension ResidualMLP {
  /// The activation's name in the packed form; nil where that form does not exist.
  fileprivate var packedActivation: PackedActivation? { config.layerNorm ? nil : PackedActivation(rawValue: config.activation.rawValue) }
}
