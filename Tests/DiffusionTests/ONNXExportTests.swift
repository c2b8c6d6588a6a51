import Files
import NeuralNets
import Tensors
import Testing

@testable import Diffusion
@testable import Files

struct ONNXExportTests {
  private func text(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing was thrown"
    } catch { return "\(error)" }
  }

  /// Every input is there before it is used, and no name comes twice.
  static func check(_ graph: ONNXGraph) {
    var known: Set<String> = []
    for name in graph.inputs.map(\.name) + graph.initializers.map(\.name) { #expect(known.insert(name).inserted, "\(name) comes twice") }
    for node in graph.nodes {
      for input in node.inputs { #expect(known.contains(input), "\(node.output) uses \(input), which is not there yet") }
      #expect(known.insert(node.output).inserted, "\(node.output) comes twice")
    }
    for port in graph.outputs { #expect(known.contains(port.name)) }
    let used = Set(graph.nodes.flatMap(\.inputs))
    for name in graph.initializers.map(\.name) { #expect(used.contains(name), "\(name) is stored for nothing") }
  }

  /// Numbers in the initialisers that are the network's weights.
  static func weights(_ graph: ONNXGraph) -> Int {
    graph.initializers.reduce(0) { sum, item in
      guard item.name.hasPrefix("network."), case .floats(let tensor) = item.content else { return sum }
      return sum + tensor.count
    }
  }

  @Test(arguments: [1, 3, 7]) func evaluationsAreWrittenOutAndWeightsAreThereOnce(_ steps: Int) throws {
    var sampler = DDIM()
    sampler.steps = steps
    let graph = try ONNXPolicies.policy(sampler: .ddim(sampler)).onnxGraph()
    Self.check(graph)
    #expect(graph.nodes.filter { $0.operation == "Gemm" }.count == 1 + 4 * steps)  // the observation's part, then four layers
    #expect(graph.nodes.filter { $0.operation == "Clip" }.count == steps)
    let (inputs, chunk, hidden) = (5, 8, 16)
    #expect(Self.weights(graph) == (inputs + chunk + 1) * hidden + 2 * (hidden + 1) * hidden + (hidden + 1) * chunk)
    #expect(graph.inputs.map(\.name) == ["observation", "noise"])
    #expect(graph.outputs.map(\.name) == ["action"])
  }

  @Test func uNetsAndTransformersAreWrittenOut() throws {
    var net = UNet1d.Config(observationSize: 5, actionSize: 2, horizon: 4)
    (net.downDims, net.nGroups, net.diffusionStepEmbedDim) = ([8, 16], 4, 12)
    let unet = try ONNXPolicies.policy(.unet(net)).onnxGraph()
    Self.check(unet)
    #expect(unet.nodes.filter { $0.operation == "ConvTranspose" }.count == 5)  // one for each of ddim's steps
    #expect(unet.nodes.filter { $0.operation == "Gemm" }.count == 2 * 8)  // scale and shift of eight blocks, once

    var transformer = TransformerDenoiser.Config(observationSize: 5, actionSize: 2, horizon: 4)
    (transformer.nLayer, transformer.nHead, transformer.nEmb) = (3, 2, 8)
    let attention = try ONNXPolicies.policy(.transformer(transformer)).onnxGraph()
    Self.check(attention)
    #expect(attention.nodes.filter { $0.operation == "Softmax" }.count == 5 * 3 * 2)
  }

  @Test func aGraphIsGoneAfterItsExport() throws {
    let policy = try ONNXPolicies.policy()
    weak var graph: ONNXGraph?
    do { graph = try policy.onnxGraph() }
    #expect(graph == nil)
  }

  @Test func whatCannotBeExportedSaysWhy() throws {
    let path = "/nowhere/policy.onnx"
    let policy = try ONNXPolicies.policy()
    var options = ONNXExport()
    options.opset = 16
    #expect(text { try policy.exportONNX(to: path, options, version: "1") }.contains("opset from 17 to 23, got 16"))
    #expect(text { try policy.exportONNX(to: path, version: "1") }.contains("/nowhere/policy.onnx"))

    var stream = RandomStream(seed: 1)
    let sizes = try DenoiserSizes(observation: 5, steps: 1, action: 2, horizon: 4)
    var ancestral = AncestralSampler()
    ancestral.frozen = false
    try policy.setSampler(.ddpm(ancestral))
    let same = text { _ = try policy.decode(normalized: Tensor.zeros([1, 5]), noise: Tensor.zeros([1, 8])) }
    #expect(same.contains("frozen") && text { _ = try policy.onnxGraph() } == same)

    let own = try DiffusionPolicy(.init(network: .own(sizes)), own: Own(sizes), using: &stream)
    #expect(text { _ = try own.onnxGraph() }.contains("kind own has no ONNX form"))
    let raw = try DiffusionPolicy(policy.config, using: &stream)
    #expect(text { _ = try raw.onnxGraph() }.contains("no normalisation"))
  }
}

/// A denoiser that knows no ONNX.
private final class Own: Denoiser {
  let sizes: DenoiserSizes
  let namedParameters: [NamedTensor] = []
  init(_ sizes: DenoiserSizes) { self.sizes = sizes }
  func callAsFunction(_ x: Tensor, _ t: Tensor, _ observation: Tensor) throws -> Tensor { x }
  func callAsFunction(_ x: Tensor, _ t: Float, _ observation: Tensor) throws -> Tensor { x }
}
