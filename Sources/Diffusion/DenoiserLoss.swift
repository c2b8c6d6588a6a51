import NeuralNets
import Tensors

/// The squared error of what a process has a network say of noised chunks.
struct DenoiserLoss {
  let network: any Denoiser
  let process: Process
  private let chunks: ActionChunks
  /// As the network sees them, row by row.
  private let observations, actions: Tensor
  /// ᾱ of a ddpm process; empty for the others.
  private let alphaBars: [Double]

  init(_ policy: DiffusionPolicy, _ chunks: ActionChunks, observation: Normalizer, action: Normalizer) throws {
    (network, process, alphaBars, self.chunks) = (policy.network, policy.config.process, policy.alphaBars, chunks)
    observations = try observation.normalize(chunks.observations)
    actions = try action.normalize(chunks.actions)
  }

  /// The mean over the chunks at `starts`, at noises and times drawn from `stream`.
  func callAsFunction(_ starts: [Int], _ stream: inout RandomStream) throws -> Tensor {
    let observation = try observations.indexSelect(0, chunks.observationRows(starts)).reshape([starts.count, -1])
    let chunk = try actions.indexSelect(0, chunks.actionRows(starts)).reshape([starts.count, -1])
    return try process.lesson(chunk, alphaBars, using: &stream).loss(network, observation)
  }

  /// The mean over all of `starts` without a gradient, at the same noises and times every time.
  func validation(_ starts: [Int], batch: Int, seed: Int) throws -> Float {
    var stream = RandomStream(seed: seed, purpose: "validation")
    var sum = 0.0
    try Tensor.withoutGrad {
      for first in stride(from: 0, to: starts.count, by: batch) {
        try Interrupt.check()
        let part = Array(starts[first..<min(first + batch, starts.count)])
        sum += try Double(self(part, &stream).item()) * Double(part.count)
      }
    }
    return Float(sum / Double(starts.count))
  }
}

extension Process {
  /// A batch to learn from: clean chunks [n, latent].
  func lesson(_ chunk: Tensor, _ alphaBars: [Double], using stream: inout RandomStream) throws -> Lesson {
    switch self {
    case .ddpm(let process): try process.lesson(chunk, alphaBars, using: &stream)
    case .edm(let process): try process.lesson(chunk, using: &stream)
    case .flow(let process): try process.lesson(chunk, using: &stream)
    }
  }
}

extension Lesson {
  /// The mean squared error of what the network says, weighted.
  func loss(_ network: any Denoiser, _ observation: Tensor) throws -> Tensor {
    let error = try (network(input, time, observation) - target).squared()
    return try (weight.map { try $0 * error } ?? error).mean()
  }
}
