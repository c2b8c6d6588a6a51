import Glibc
import Testing
@testable import Tensors

/// The same mathematics in double precision, one row and one sum at a time.
enum Naive {
  static func activate(_ kind: PackedActivation, _ x: Double) -> Double {
    switch kind {
    case .none: x
    case .relu: x > 0 ? x : 0
    case .mish: x * Glibc.tanh(Glibc.log1p(Glibc.exp(x)))
    case .silu: x / (1 + Glibc.exp(-x))
    case .tanh: Glibc.tanh(x)
    case .gelu: 0.5 * x * (1 + Glibc.erf(x / 2.0.squareRoot()))
    }
  }

  static func linear(_ x: [Double], _ layer: PackedResidualMLP.Layer) -> [Double] {
    let (weight, bias) = (layer.weight.values, layer.bias.values)
    return bias.indices.map { row in x.indices.reduce(Double(bias[row])) { $0 + x[$1] * Double(weight[row * x.count + $1]) } }
  }

  /// One row through the whole network.
  static func network(_ net: Network, _ x: [Double], _ observation: [Double], time: Int) -> [Double] {
    let embedding = net.embeddings.values[time * net.timeSize..<(time + 1) * net.timeSize].map(Double.init)
    var h = linear(x + embedding + observation, net.input)
    for block in net.blocks {
      let inner = linear(h.map { activate(net.activation, $0) }, block.first).map { activate(net.activation, $0) }
      h = zip(h, linear(inner, block.second)).map { $0 + $1 }
    }
    return linear(h, net.output)
  }

  /// DDIM with η = 0 by its formula.
  static func ddim(_ net: Network, _ noise: [Double], _ observation: [Double], alphas: [Double], clip: Double) -> [Double] {
    var x = noise
    for (time, alpha) in alphas.enumerated() {
      let previous = time + 1 < alphas.count ? alphas[time + 1] : 1
      let epsilon = network(net, x, observation, time: time)
      x = zip(x, epsilon).map { x, e in
        let clean = min(max((x - (1 - alpha).squareRoot() * e) / alpha.squareRoot(), -clip), clip)
        return previous.squareRoot() * clean + (1 - previous).squareRoot() * (x - alpha.squareRoot() * clean) / (1 - alpha).squareRoot()
      }
    }
    return x
  }
}

/// A residual MLP with PyTorch's default initial weights.
struct Network: Sendable {
  let (size, observationSize, timeSize, hidden): (Int, Int, Int, Int)
  let activation: PackedActivation
  let input: PackedResidualMLP.Layer
  let blocks: [PackedResidualMLP.Block]
  let output: PackedResidualMLP.Layer
  let embeddings: Tensor
  static let alphas: [Float] = [0.0537, 0.2692, 0.5715, 0.8470, 0.9920]

  init(size: Int = 12, observation: Int = 11, time: Int = 16, hidden: Int = 64, blocks: Int = 1, activation: PackedActivation = .relu, seed: Int = 1) {
    var stream = RandomStream(seed: seed, purpose: "network")
    func layer(_ outputs: Int, _ inputs: Int) -> PackedResidualMLP.Layer {
      let bound = 1 / Double(inputs).squareRoot()
      return PackedResidualMLP.Layer(
        weight: random([outputs, inputs], &stream) { Float($0.uniform(-bound, bound)) },
        bias: random([outputs], &stream) { Float($0.uniform(-bound, bound)) })
    }
    (self.size, observationSize, timeSize, self.hidden, self.activation) = (size, observation, time, hidden, activation)
    input = layer(hidden, size + time + observation)
    self.blocks = (0..<blocks).map { _ in PackedResidualMLP.Block(first: layer(hidden, hidden), second: layer(hidden, hidden)) }
    output = layer(size, hidden)
    embeddings = random([Network.alphas.count, time], &stream) { Float($0.normal()) }
  }

  func packed(_ precision: Precision) throws -> PackedResidualMLP {
    try PackedResidualMLP(input: input, blocks: blocks, output: output, embeddings: embeddings, activation: activation, precision: precision)
  }

  func chain(_ precision: Precision) throws -> PackedChain {
    let alphas = Network.alphas
    let steps = alphas.indices.map {
      PackedChain.Step(time: $0, update: .ddim(alpha: alphas[$0], previous: $0 + 1 < alphas.count ? alphas[$0 + 1] : 1, clip: 1))
    }
    return try PackedChain(network: packed(precision), steps: steps)
  }

  /// n rows of noise and of observation.
  func rows(_ n: Int, seed: Int = 5) -> (noise: Tensor, observation: Tensor) {
    var stream = RandomStream(seed: seed, purpose: "rows")
    let noise = random([n, size], &stream) { Float($0.normal()) }
    return (noise, random([n, observationSize], &stream) { Float($0.uniform(-1, 1)) })
  }
}

func random(_ shape: [Int], _ stream: inout RandomStream, _ draw: (inout RandomStream) -> Float) -> Tensor {
  Tensor.filled(shape) { for index in 0..<shape.reduce(1, *) { $0[index] = draw(&stream) } }
}

/// Row `index` of a matrix, in double precision.
func row(_ matrix: Tensor, _ index: Int) -> [Double] {
  let width = matrix.shape[1]
  return matrix.values[index * width..<(index + 1) * width].map(Double.init)
}
