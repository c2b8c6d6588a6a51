import Files
import NeuralNets
import Tensors

/// How a policy becomes an ONNX file.
public struct ONNXExport: Codable, Equatable, Sendable {
  /// The version of ONNX's operators.
  public var opset = 17

  public init() {}
}

extension ONNXGraph.Value: PlanPoint {}

extension DiffusionPolicy {
  /// Writes `decode` as an ONNX graph: observation [n, steps · observation] and noise [n, latent] in, action [n, horizon, action] out, all in the
  /// environment's units and float32. Every evaluation of the network is written out; its weights are there once. A sampler that draws noise inside
  /// is written with the noise that `decode` freezes, or throws as `decode` does.
  public func exportONNX(to path: String, _ options: ONNXExport = ONNXExport(), version: String) throws {
    guard ONNXGraph.opsets.contains(options.opset) else {
      throw UsageError("an ONNX export wants an opset from \(ONNXGraph.opsets.lowerBound) to \(ONNXGraph.opsets.upperBound), got \(options.opset)")
    }
    try onnxGraph().model(opset: options.opset, producer: "dsrl-lua", version: version).write(to: path)
  }

  func onnxGraph() throws -> ONNXGraph {
    guard let network = network as? any ONNXDenoiser else {
      throw UsageError("a network of kind \(config.network.kind.rawValue) has no ONNX form: those of kind residual_mlp, mlp, unet1d and transformer have")
    }
    guard let normalization else { throw UsageError("this policy has no normalisation yet, so it is not exported: fit it to data first") }
    let graph = ONNXGraph("decode")
    graph.name(network.namedParameters.prefixed("network"))
    let observation = graph.input("observation", [.named("n"), .fixed(network.conditionSize)])
    let noise = graph.input("noise", [.named("n"), .fixed(latentSize)])
    let plan = schedule
    try Tensor.withoutGrad {
      let evaluate = try network.onnx(normalization.observation.onnx(normalizing: observation, steps: network.observationSteps))
      var inner = try sampler.frozenNoise(of: plan, latentSize: latentSize)[...]
      let chunk = try plan.follow(from: plan.onnx(startingFrom: noise), inner: { graph.constant(inner.removeFirst()) }, watch: nil) { x, move in
        try evaluate(x, Float(plan.moves[move].time))
      }
      let action = try normalization.action.onnx(denormalizing: chunk.reshape([0, horizon, actionSize]))
      graph.output("action", action, [.named("n"), .fixed(horizon), .fixed(actionSize)])
    }
    return graph
  }
}

extension SamplingPlan {
  fileprivate func onnx(startingFrom noise: ONNXGraph.Value) -> ONNXGraph.Value {
    let scaled = switch scale {
    case .all(let value): value == 1 ? noise : Float(value) * noise
    case .each(let values): noise * noise.graph.constant(Tensor(values.map { Float($0) }))
    }
    return switch mean {
    case .all(let value): value == 0 ? scaled : scaled + Float(value)
    case .each(let values): scaled + noise.graph.constant(Tensor(values.map { Float($0) }))
    }
  }
}

extension Normalizer {
  /// Of so many observations in a row.
  fileprivate func onnx(normalizing x: ONNXGraph.Value, steps: Int) throws -> ONNXGraph.Value {
    let least = x.graph.constant(try minimum.tile([steps]))
    let range = x.graph.constant(try (maximum - minimum + 1e-6).tile([steps]))
    return 2 * ((x - least) / range) - 1
  }

  fileprivate func onnx(denormalizing y: ONNXGraph.Value) throws -> ONNXGraph.Value {
    let half = y.graph.constant(try 0.5 * (maximum - minimum))
    return (y + 1) * half + y.graph.constant(minimum)
  }
}
