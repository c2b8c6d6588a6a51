import Files
import Tensors
import Testing

@testable import NeuralNets

private func make(_ name: String, _ config: [String: JSON]) throws -> (module: any Module, forward: (Tensor, Tensor?) throws -> Tensor) {
  var stream = RandomStream(seed: 1, purpose: "init")
  func size(_ key: String) throws -> Int { try #require(config[key]?.int) }
  func layer(_ layer: some Layer) -> (any Module, (Tensor, Tensor?) throws -> Tensor) { (layer, { x, _ in try layer(x) }) }
  func optional(_ key: String, _ standard: Int) -> Int { config[key]?.int ?? standard }
  switch name {
  case "conv1d":
    var options = Conv1d.Config()
    (options.stride, options.padding, options.dilation) = (optional("stride", 1), optional("padding", 0), optional("dilation", 1))
    (options.groups, options.bias) = (optional("groups", 1), config["bias"] != .bool(false))
    return layer(try Conv1d(size("inputs"), size("outputs"), kernel: size("kernel"), options, using: &stream))
  case "conv_transpose1d":
    var options = ConvTranspose1d.Config()
    (options.stride, options.padding, options.dilation) = (optional("stride", 1), optional("padding", 0), optional("dilation", 1))
    (options.outputPadding, options.groups, options.bias) = (optional("output_padding", 0), optional("groups", 1), config["bias"] != .bool(false))
    return layer(try ConvTranspose1d(size("inputs"), size("outputs"), kernel: size("kernel"), options, using: &stream))
  case "group_norm": return layer(try GroupNorm(size("groups"), size("channels"), epsilon: Float(try #require(config["epsilon"]?.number))))
  case "embedding": return layer(try Embedding(size("count"), size("size"), using: &stream))
  case "conv1d_block": return layer(try Conv1dBlock(size("inputs"), size("outputs"), kernel: size("kernel"), groups: size("groups"), using: &stream))
  case "downsample1d": return layer(try Downsample1d(size("channels"), using: &stream))
  case "upsample1d": return layer(try Upsample1d(size("channels"), using: &stream))
  case "conditional_residual_block1d":
    var options = ConditionalResidualBlock1d.Config()
    (options.kernelSize, options.nGroups, options.condPredictScale) = (try size("kernel"), try size("groups"), config["scale"] == .bool(true))
    let block = try ConditionalResidualBlock1d(size("inputs"), size("outputs"), condition: size("condition"), options, using: &stream)
    return (block, { x, condition in try block(x, #require(condition)) })
  default: throw UsageError("no layer is called \(name)")
  }
}

@Suite struct ConvolutionLayerTests {
  @Test func layersAgreeWithPyTorch() throws {
    let layers = try Fixture.read("torch_layers").layers
    #expect(layers.count > 20)
    for layer in layers {
      let (module, forward) = try make(layer.name, layer.config)
      try module.load(stateDict: layer.parameters.mapValues { try $0.tensor() })
      let x = try layer.x.tensor().trackGradient()
      let condition = try layer.condition?.tensor().trackGradient()
      let y = try forward(x, condition)
      #expect(distance(y, try layer.y.tensor()) < 3e-6, "\(layer.name) \(layer.config): output")

      try (y * layer.weights.tensor()).sum().backward()
      if layer.name != "embedding" { #expect(distance(x.grad, try layer.grad.tensor()) < 1e-5, "\(layer.name) \(layer.config): dL/dx") }
      if let condition { #expect(distance(condition.grad, try #require(layer.condition_grad).tensor()) < 1e-5, "\(layer.config): dL/dcondition") }
      #expect(module.namedParameters.map(\.name).sorted() == layer.gradients.keys.sorted())
      for (name, parameter) in module.namedParameters {
        let wanted = try #require(layer.gradients[name]).tensor()
        #expect(distance(parameter.grad, wanted) < 1e-5, "\(layer.name) \(layer.config): dL/d\(name)")
      }
    }
  }

  @Test func convolutionsBeginUniformWithinOneOverRootFan() throws {
    var stream = RandomStream(seed: 4, purpose: "init")
    var config = Conv1d.Config()
    config.groups = 2
    let plain = try Conv1d(40, 60, kernel: 5, config, using: &stream)  // fan 20 · 5
    let transposed = try ConvTranspose1d(60, 25, kernel: 4, using: &stream)  // fan 25 · 4
    for (layer, shape) in [(plain as any Layer, [60, 20, 5]), (transposed, [60, 25, 4])] {
      let weight = layer.namedParameters[0].tensor
      #expect(weight.shape == shape)
      #expect(weight.values.allSatisfy { abs($0) <= 0.1 })
      #expect(abs(weight.values.reduce(0) { $0 + $1 * $1 } / Float(weight.count) - 0.01 / 3) < 0.0002)
    }
  }

  @Test func dropoutKeepsTheMeanWhileItTrains() throws {
    let source = RandomSource(RandomStream(seed: 2, purpose: "dropout"))
    let dropout = try Dropout(0.25, from: source)
    let x = try Tensor.ones([100_003]).trackGradient()
    let y = try dropout(x)
    let kept = y.values.filter { $0 != 0 }
    #expect(kept.allSatisfy { $0 == 1 / 0.75 as Float })
    #expect(abs(Float(kept.count) / 100_003 - 0.75) < 0.005)
    try y.sum().backward()
    #expect(x.grad?.values == y.values)
    source.stream = RandomStream(seed: 2, purpose: "dropout")
    #expect(try dropout(x).values == y.values)
    #expect(try dropout(x).values != y.values)
    dropout.isTraining = false
    #expect(try dropout(x) === x)
    #expect(try Dropout(1, from: source)(x).values.allSatisfy { $0 == 0 })
  }

  @Test func whatMakesNoLayerIsRefused() throws {
    var stream = RandomStream(seed: 1)
    var grouped = Conv1d.Config()
    grouped.groups = 2
    let layer = try Conv1d(3, 4, kernel: 3, using: &stream)
    let block = try ConditionalResidualBlock1d(8, 8, condition: 2, using: &stream)
    let table: [(String, () throws -> Void)] = [
      ("a convolution wants positive sizes, got 0 -> 3 channels and a kernel of 3", { _ = try Conv1d(0, 3, kernel: 3, using: &stream) }),
      ("a convolution wants groups that divide its channels 3 -> 4, got 2", { _ = try Conv1d(3, 4, kernel: 3, grouped, using: &stream) }),
      ("conv1d wants an input of shape [n, channels, length], got [3, 4]", { _ = try layer(Tensor.zeros([3, 4])) }),
      ("conv1d wants 3 channels for a weight of shape [4, 3, 3] in 1 groups, got shape [2, 4, 5]", { _ = try layer(Tensor.zeros([2, 4, 5])) }),
      ("conv1d wants a row of at least 3 entries with its padding, got 2", { _ = try layer(Tensor.zeros([2, 3, 2])) }),
      ("a group norm wants groups that divide its channels, got 3 groups of 4 channels", { _ = try GroupNorm(3, 4) }),
      ("a convolution block wants an odd kernel, got 4", { _ = try Conv1dBlock(8, 8, kernel: 4, using: &stream) }),
      (
        "a conditional block wants an input [n, channels, length] and a condition [n, 2], got [3, 8, 4] and [2, 2]",
        { _ = try block(Tensor.zeros([3, 8, 4]), Tensor.zeros([2, 2])) }
      ),
      ("index 5 is outside dimension 0 of shape [5, 2]", { _ = try Embedding(5, 2, using: &stream)(Tensor([5])) }),
      ("dropout wants a probability in [0, 1], got 1.5", { _ = try Dropout(1.5, from: RandomSource(stream)) }),
    ]
    for (wanted, body) in table { #expect(complaint(body) == wanted) }
  }
}
