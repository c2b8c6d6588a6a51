import NeuralNets
import Tensors

@testable import Diffusion

/// Small policies and data to fit them to.
enum Fitting {
  static func policy(seed: Int = 2, hidden: [Int] = [16, 16, 16], process: Process = .ddpm(DDPM())) throws -> DiffusionPolicy {
    var network = DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 2)
    (network.hidden, network.activation) = (hidden, .relu)
    var config = DiffusionPolicy.Config(network: network)
    config.process = process
    var stream = RandomStream(seed: seed, purpose: "init")
    return try DiffusionPolicy(config, using: &stream)
  }

  /// Episodes of these lengths: the action is twice the observation and some noise.
  static func chunks(_ lengths: [Int] = [12, 20, 9, 15, 10, 14], noise: Double = 0.3, seed: Int = 5, constant: Bool = false) throws -> ActionChunks {
    var stream = RandomStream(seed: seed, purpose: "data")
    var (observations, actions, starts, episodes): ([Float], [Float], [Int], [Range<Int>]) = ([], [], [], [])
    for length in lengths {
      let first = observations.count
      episodes.append(first..<first + length)
      if length >= 2 { starts += first...first + length - 2 }
      for _ in 0..<length {
        observations.append(constant ? 1 : Float(stream.normal()))
        actions.append(2 * (observations.last ?? 0) + Float(noise * stream.normal()))
      }
    }
    let count = observations.count
    return try ActionChunks(
      observations: Tensor(observations, shape: [count, 1]), actions: Tensor(actions, shape: [count, 1]), starts: starts, horizon: 2, episodes: episodes)
  }

  static func weights(_ policy: DiffusionPolicy) -> [[Float]] { policy.network.namedParameters.map { $0.tensor.values } }

  static func folder() -> String { "/tmp/dsrl-lua-fit-\(UInt64.random(in: 0...UInt64.max))" }
}
