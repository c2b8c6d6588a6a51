import Files
import Tensors
import Testing

@testable import NeuralNets

private func make(_ name: String, _ config: [String: JSON]) throws -> any Layer {
  var stream = RandomStream(seed: 1, purpose: "init")
  let activation = try config["activation"]?.string.map { try #require(Activation(rawValue: $0)) } ?? .identity
  func size(_ key: String) throws -> Int { try #require(config[key]?.int) }
  switch name {
  case "linear": return try Linear(size("inputs"), size("outputs"), using: &stream)
  case "layer_norm": return try LayerNorm(size("size"), epsilon: Float(try #require(config["epsilon"]?.number)))
  case "activation": return ActivationLayer(activation)
  case "mlp":
    var options = MLP.Config(inputs: try size("inputs"), outputs: config["outputs"]?.int)
    options.hidden = try #require(config["hidden"]?.ints)
    options.activation = activation
    options.layerNorm = config["layer_norm"]?.isTrue ?? false
    return try MLP(options, using: &stream)
  case "residual_mlp":
    var options = ResidualMLP.Config(inputs: try size("inputs"), outputs: try size("outputs"))
    options.hidden = try #require(config["hidden"]?.ints)
    options.activation = activation
    options.layerNorm = config["layer_norm"]?.isTrue ?? false
    return try ResidualMLP(options, using: &stream)
  case "time_embedding": return try TimeEmbedding(size("size"), using: &stream)
  default: throw UsageError("no layer is called \(name)")
  }
}

@Test func layersAgreeWithPyTorch() throws {
  for layer in try Fixture.read().layers {
    let module = try make(layer.name, layer.config)
    try module.load(stateDict: layer.parameters.mapValues { try $0.tensor() })
    let x = try layer.x.tensor().trackGradient()
    let y = try module(x)
    let loss = try (y * layer.weights.tensor()).sum()
    #expect(distance(y, try layer.y.tensor()) < 2e-6, "\(layer.name) \(layer.config): output")

    guard layer.name != "activation" || layer.config["activation"]?.string != "identity" else { continue }
    try loss.backward()
    if layer.name != "time_embedding" {
      #expect(distance(x.grad, try layer.grad.tensor()) < 5e-6, "\(layer.name) \(layer.config): dL/dx")
    }
    for (name, parameter) in module.namedParameters {
      let wanted = try #require(layer.gradients[name]).tensor()
      #expect(distance(parameter.grad, wanted) < 5e-6, "\(layer.name) \(layer.config): dL/d\(name)")
    }
  }
}

@Test func linearBeginsUniformWithinOneOverRootInputs() throws {
  var stream = RandomStream(seed: 4, purpose: "init")
  let layer = try Linear(100, 400, using: &stream)
  for values in [layer.weight.values, layer.bias.values] {
    let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
    #expect(values.allSatisfy { abs($0) <= 0.1 })
    #expect(abs(variance - 0.01 / 3) < 0.0005)
  }
  var again = RandomStream(seed: 4, purpose: "init")
  #expect(try Linear(100, 400, using: &again).weight.values == layer.weight.values)
}

@Test func ensembleStacksItsMembers() throws {
  var stream = RandomStream(seed: 1, purpose: "init")
  var config = MLP.Config(inputs: 3, outputs: 2)
  config.hidden = [4]
  let ensemble = try Ensemble(3, of: config, using: &stream)
  let x = try Tensor.randn([5, 3], using: &stream)
  let answers = try ensemble(x)
  #expect(answers.shape == [3, 5, 2])
  for (index, member) in ensemble.members.enumerated() { #expect(try answers.select(0, index).values == member(x).values) }
  #expect(Set(ensemble.members.map { $0.parameters[0].values }).count == 3)
  #expect(ensemble.namedParameters.first?.name == "members.0.layers.0.weight")
  #expect(ensemble.parameterCount == 3 * (3 * 4 + 4 + 4 * 2 + 2))
}

@Test func sizesThatMakeNoLayerAreRefused() throws {
  var stream = RandomStream(seed: 1)
  var residual = ResidualMLP.Config(inputs: 2, outputs: 2)
  var mlp = MLP.Config(inputs: 2, outputs: nil)
  mlp.hidden = []
  let table: [(String, () throws -> Void)] = [
    ("a linear layer wants positive sizes, got 0 -> 3", { _ = try Linear(0, 3, using: &stream) }),
    ("a layer norm wants a positive size, got -1", { _ = try LayerNorm(-1) }),
    ("an MLP wants hidden sizes or an output, got neither", { _ = try MLP(mlp, using: &stream) }),
    ("an ensemble wants at least one member, got 0", { _ = try Ensemble(0, of: mlp, using: &stream) }),
    ("a time embedding wants an even size of at least 4, got 7", { _ = try SinusoidalEmbedding(7) }),
    ("a time embedding wants times of shape [n], got [2, 1]", { _ = try SinusoidalEmbedding(4)(Tensor.zeros([2, 1])) }),
    (
      "a residual MLP wants an odd number of equal hidden sizes, got [8, 8]",
      {
        residual.hidden = [8, 8]
        _ = try ResidualMLP(residual, using: &stream)
      }
    ),
    (
      "a residual MLP wants an odd number of equal hidden sizes, got [8, 8, 4]",
      {
        residual.hidden = [8, 8, 4]
        _ = try ResidualMLP(residual, using: &stream)
      }
    ),
  ]
  for (wanted, body) in table { #expect(complaint(body) == wanted) }
}
