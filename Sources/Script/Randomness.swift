import NeuralNets
import Tensors

/// The streams that scripts draw from, one for each purpose; dsrl.manual_seed begins all anew.
final class Randomness {
  /// randn and uniform.
  var stream: RandomStream
  /// The first weights of modules, and dsrl.nn.init.
  var weights: RandomStream
  let dropout: RandomSource

  init(seed: Int) {
    stream = RandomStream(seed: seed, purpose: "script")
    weights = RandomStream(seed: seed, purpose: "init")
    dropout = RandomSource(RandomStream(seed: seed, purpose: "dropout"))
  }

  func begin(_ seed: Int) {
    let fresh = Randomness(seed: seed)
    (stream, weights, dropout.stream) = (fresh.stream, fresh.weights, fresh.dropout.stream)
  }
}
