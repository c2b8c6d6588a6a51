import Files
import Tensors
import Testing

@testable import NeuralNets

/// The network of a stored case.
func makeDenoiser(_ name: String, _ config: [String: JSON]) throws -> any Denoiser {
  func size(_ key: String) throws -> Int { try #require(config[key]?.int) }
  var stream = RandomStream(seed: 1, purpose: "init")
  let (observation, action, horizon) = (try size("observation_size"), try size("action_size"), try size("horizon"))
  if name == "unet1d" {
    var options = UNet1d.Config(observationSize: observation, actionSize: action, horizon: horizon)
    (options.observationSteps, options.kernelSize, options.nGroups) = (try size("observation_steps"), try size("kernel_size"), try size("n_groups"))
    (options.downDims, options.diffusionStepEmbedDim) = (try #require(config["down_dims"]?.ints), try size("step_size"))
    options.condPredictScale = config["scale"] == .bool(true)
    return try UNet1d(options, using: &stream)
  }
  var options = TransformerDenoiser.Config(observationSize: observation, actionSize: action, horizon: horizon)
  (options.observationSteps, options.nLayer, options.nHead) = (try size("observation_steps"), try size("n_layer"), try size("n_head"))
  (options.nEmb, options.causalAttn) = (try size("n_emb"), config["causal"] == .bool(true))
  return try TransformerDenoiser(options, dropout: RandomSource(stream), using: &stream)
}

private func smallUNet() throws -> UNet1d {
  var stream = RandomStream(seed: 3, purpose: "init")
  var config = UNet1d.Config(observationSize: 3, actionSize: 2, horizon: 4)
  (config.downDims, config.kernelSize, config.nGroups, config.diffusionStepEmbedDim) = ([8, 16], 3, 4, 8)
  return try UNet1d(config, using: &stream)
}

private func smallTransformer(dropout: Float = 0.3, causal: Bool = true) throws -> TransformerDenoiser {
  var stream = RandomStream(seed: 3, purpose: "init")
  var config = TransformerDenoiser.Config(observationSize: 3, actionSize: 2, horizon: 4)
  (config.nLayer, config.nHead, config.nEmb, config.observationSteps) = (2, 2, 16, 2)
  (config.pDropEmb, config.pDropAttn, config.causalAttn) = (dropout, dropout, causal)
  return try TransformerDenoiser(config, dropout: RandomSource(RandomStream(seed: 3, purpose: "dropout")), using: &stream)
}

@Suite struct DenoiserTests {
  @Test func denoisersAgreeWithPyTorch() throws {
    let cases = try Fixture.read("torch_denoisers").layers
    #expect(cases.map(\.name).filter { $0 == "unet1d" }.count == 2)
    #expect(cases.map(\.name).filter { $0 == "transformer" }.count == 3)
    for one in cases {
      let net = try makeDenoiser(one.name, one.config)
      try net.load(stateDict: one.parameters.mapValues { try $0.tensor() })
      let times = try #require(one.config["times"]?.array).compactMap { $0.number.map { Float($0) } }
      let x = try one.x.tensor().trackGradient()
      let observation = try #require(one.condition).tensor().trackGradient()
      let y = try net(x, Tensor(times), observation)
      #expect(distance(y, try one.y.tensor()) < 1e-5, "\(one.name) \(one.config): output")
      for (row, time) in times.enumerated() {
        #expect(distance(try net(x, time, observation).select(0, row), try y.select(0, row)) < 1e-6, "\(one.name): one time for all rows")
      }

      try (y * one.weights.tensor()).sum().backward()
      #expect(distance(x.grad, try one.grad.tensor()) < 1e-4, "\(one.name) \(one.config): dL/dx")
      #expect(distance(observation.grad, try #require(one.condition_grad).tensor()) < 1e-4, "\(one.name) \(one.config): dL/dobservation")
      #expect(net.namedParameters.map(\.name).sorted() == one.gradients.keys.sorted())
      for (name, parameter) in net.namedParameters {
        let wanted = try #require(one.gradients[name]).tensor()
        #expect(distance(parameter.grad, wanted) < 1e-4, "\(one.name) \(one.config): dL/d\(name)")
      }
    }
  }

  /// ε = a mix of x, its neighbour in the chunk, the time and the observation.
  @Test func eachLearns() throws {
    var stream = RandomStream(seed: 5, purpose: "data")
    let nets: [any Denoiser] = [try smallUNet(), try smallTransformer(dropout: 0.02)]
    for net in nets {
      let x = try Tensor.randn([64, 8], using: &stream)
      let t = try Tensor.uniform([64], 0, 20, using: &stream)
      let observation = try Tensor.randn([64, net.conditionSize], using: &stream)
      let wanted = try (x * 0.5 + observation.narrow(1, 0, 1) + (t * 0.1 - 1).reshape([64, 1])).tanh()
      func loss() throws -> Tensor { try (net(x, t, observation) - wanted).squared().mean() }
      var config = Adam.Config()
      config.learningRate = 0.005
      let optimizer = try Adam(net.namedParameters, config)
      let before = try loss().item()
      try net.train(true)
      for _ in 0..<150 { try optimizer.descend(loss()) }
      try net.train(false)
      let after = try loss().item()
      #expect(after < 0.1 * before, "\(type(of: net)): \(before) -> \(after)")
    }
  }

  @Test func dropoutActsInTrainingAlone() throws {
    let net = try smallTransformer()
    let (x, observation) = (Tensor.ones([2, 8]), Tensor.ones([2, 6]))
    let calm = try net(x, 3, observation)
    #expect(try net(x, 3, observation).values == calm.values)
    net.train(true)
    #expect(try net(x, 3, observation).values != net(x, 3, observation).values)
    net.train(false)
    #expect(try net(x, 3, observation).values == calm.values)
  }

  /// An action hears of the actions up to it, and with it the first observation and those up to its own.
  @Test func causalAttentionLooksBack() throws {
    for causal in [true, false] {
      let net = try smallTransformer(causal: causal)
      func slopes(of action: Int) throws -> (x: [Bool], observation: [Bool]) {
        let x = try Tensor.ones([1, 8]).trackGradient()
        let observation = try Tensor.ones([1, 6]).trackGradient()
        try net(x, 3, observation).narrow(1, 2 * action, 2).sum().backward()
        let (dx, dy) = (try #require(x.grad).values, try #require(observation.grad).values)
        return ((0..<4).map { dx[2 * $0] != 0 }, (0..<2).map { dy[3 * $0] != 0 })
      }
      for action in 0..<4 {
        let (x, observation) = try slopes(of: action)
        #expect(x == (0..<4).map { !causal || $0 <= action })
        #expect(observation == (0..<2).map { !causal || $0 <= action })
      }
    }
  }

  @Test func theTransformerBeginsSmall() throws {
    for (name, parameter) in try smallTransformer().namedParameters {
      if name.contains("norm") || name.hasPrefix("ln_f") {
        #expect(parameter.values.allSatisfy { $0 == (name.hasSuffix("weight") ? 1 : 0) }, "\(name)")
      } else if name.hasSuffix("bias") {
        #expect(parameter.values.allSatisfy { $0 == 0 }, "\(name)")
      } else {
        let squares = parameter.values.reduce(0) { $0 + $1 * $1 } / Float(parameter.count)
        #expect((0.01..<0.03).contains(squares.squareRoot()), "\(name)")
      }
    }
  }

  @Test func whatMakesNoDenoiserIsRefused() throws {
    var stream = RandomStream(seed: 1)
    func unet(_ change: (inout UNet1d.Config) -> Void) throws {
      var config = UNet1d.Config(observationSize: 3, actionSize: 2, horizon: 8)
      config.downDims = [8, 8, 8]
      change(&config)
      _ = try UNet1d(config, using: &stream)
    }
    func transformer(_ change: (inout TransformerDenoiser.Config) -> Void) throws {
      var config = TransformerDenoiser.Config(observationSize: 3, actionSize: 2, horizon: 8)
      (config.nLayer, config.nEmb) = (1, 8)
      change(&config)
      _ = try TransformerDenoiser(config, dropout: RandomSource(stream), using: &stream)
    }
    let (small, attention) = (try smallUNet(), try MultiHeadAttention(4, heads: 2, using: &stream))
    let table: [(String, () throws -> Void)] = [
      ("a U-Net of 3 levels wants a horizon divisible by 4, got 6", { try unet { $0.horizon = 6 } }),
      ("a U-Net wants one positive number of channels or more, got []", { try unet { $0.downDims = [] } }),
      ("a U-Net wants one positive number of channels or more, got [8, 0]", { try unet { $0.downDims = [8, 0] } }),
      ("a group norm wants groups that divide its channels, got 8 groups of 12 channels", { try unet { $0.downDims = [8, 12] } }),
      ("a convolution block wants an odd kernel, got 4", { try unet { $0.kernelSize = 4 } }),
      ("a denoiser wants positive sizes, got observation 3 x 0, action 2, horizon 8", { try unet { $0.observationSteps = 0 } }),
      (
        "a denoiser wants fewer numbers than observation 3 x \(Int.max), action 2 x horizon 8",
        { try transformer { $0.observationSteps = .max } }
      ),
      ("a transformer wants one layer or more, got 0", { try transformer { $0.nLayer = 0 } }),
      ("attention wants a number of heads that divides its size, got 3 heads and size 8", { try transformer { $0.nHead = 3 } }),
      ("a time embedding wants an even size of at least 4, got 9", { try transformer { $0.nEmb = 9 } }),
      ("dropout wants a probability in [0, 1], got 2.0", { try transformer { $0.pDropAttn = 2 } }),
      ("the denoiser wants actions of shape [n, 8] (horizon x action), got [3, 6]", { _ = try small(Tensor.zeros([3, 6]), 1, Tensor.zeros([3, 3])) }),
      ("the denoiser wants times of shape [3], got [2]", { _ = try small(Tensor.zeros([3, 8]), Tensor.zeros([2]), Tensor.zeros([3, 3])) }),
      (
        "attention wants queries and memory of shape [n, length, 4], got [2, 3, 4] and [1, 3, 4]",
        { _ = try attention(Tensor.zeros([2, 3, 4]), Tensor.zeros([1, 3, 4])) }
      ),
    ]
    for (wanted, body) in table { #expect(complaint(body) == wanted) }
  }
}
