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
    let lesson = try lesson(chunk, &stream)
    let error = try (network(lesson.input, lesson.time, observation) - lesson.target).squared()
    return try (lesson.weight.map { try $0 * error } ?? error).mean()
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

  private func lesson(_ chunk: Tensor, _ stream: inout RandomStream) throws -> Lesson {
    switch process {
    case .ddpm(let process): try process.lesson(chunk, alphaBars, using: &stream)
    case .edm(let process): try process.lesson(chunk, using: &stream)
    case .flow(let process): try process.lesson(chunk, using: &stream)
    }
  }
}
