import Files
import FoundationEssentials
import NeuralNets
import Tensors
import Testing

@testable import Diffusion
@testable import Runs

/// $DSRL_PYTHON, else python3.
private let python = ProcessInfo.processInfo.environment["DSRL_PYTHON"] ?? "python3"

private let runtimeIsThere: Bool = {
  do { return try Command.run([python, "-c", "import numpy, onnxruntime"])?.status == 0 } catch { return false }
}()

/// Exported policies run by ONNX Runtime, and looked at by the ONNX project's checker where it is installed, against `decode`.
@Suite(.enabled(if: runtimeIsThere, "Python's onnxruntime is not installed, so exported policies are not run (DSRL_PYTHON names another Python)"))
struct ONNXRuntimeTests {
  private static let script = """
    import sys, numpy, onnxruntime
    folder = sys.argv[1]
    try:
        import onnx
        onnx.checker.check_model(onnx.load(folder + "/policy.onnx"), full_check=True)
    except ImportError:
        pass
    session = onnxruntime.InferenceSession(folder + "/policy.onnx", providers=["CPUExecutionProvider"])
    inputs = {name: numpy.load(folder + "/" + name + ".npy") for name in ("observation", "noise")}
    numpy.save(folder + "/action.npy", session.run(["action"], inputs)[0])
    """

  private func worst(_ policy: DiffusionPolicy, rows: Int = 6, opset: Int = 17) throws -> Float {
    let folder = FileManager.default.temporaryDirectory.path + "/dsrl-onnx-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = ONNXExport()
    options.opset = opset
    try policy.exportONNX(to: folder + "/policy.onnx", options, version: "1")
    let (observation, noise) = try ONNXPolicies.inputs(policy, rows: rows)
    try NPY.write(observation, to: folder + "/observation.npy")
    try NPY.write(noise, to: folder + "/noise.npy")
    let outcome = try #require(try Command.run([python, "-c", Self.script, folder]))
    #expect(outcome.status == 0, "\(outcome.errors)")
    let (action, wanted) = (try NPY.read(folder + "/action.npy"), try policy.decode(observation, noise: noise))
    #expect(action.shape == wanted.shape)
    let spread = wanted.values.max()! - wanted.values.min()!
    #expect(spread > 0.1)
    return zip(action.values, wanted.values).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test(arguments: Activation.allCases) func everyActivation(_ activation: Activation) throws {
    #expect(try worst(ONNXPolicies.policy { $0.activation = activation }) < 1e-5)
  }

  @Test func everyShapeOfTheMLP() throws {
    #expect(try worst(ONNXPolicies.policy { $0.layerNorm = true }) < 1e-5)
    #expect(try worst(ONNXPolicies.policy { $0.conditionHidden = [12, 6] }) < 1e-5)
    #expect(try worst(ONNXPolicies.policy { ($0.kind, $0.hidden) = (.mlp, [16, 12]) }) < 1e-5)
    #expect(try worst(ONNXPolicies.policy { ($0.kind, $0.hidden, $0.layerNorm, $0.conditionHidden) = (.mlp, [16], true, [7]) }) < 1e-5)
    #expect(try worst(ONNXPolicies.policy(), rows: 1) < 1e-5)
  }

  @Test func uNets() throws {
    var config = UNet1d.Config(observationSize: 5, actionSize: 2, horizon: 4)
    (config.downDims, config.nGroups, config.diffusionStepEmbedDim) = ([8, 16, 16], 4, 12)
    #expect(try worst(ONNXPolicies.policy(.unet(config))) < 1e-5)
    (config.condPredictScale, config.downDims, config.kernelSize) = (false, [8], 3)
    #expect(try worst(ONNXPolicies.policy(.unet(config)), rows: 1, opset: 23) < 1e-5)
  }

  @Test func transformers() throws {
    var config = TransformerDenoiser.Config(observationSize: 5, actionSize: 2, horizon: 4)
    (config.nLayer, config.nHead, config.nEmb) = (2, 4, 16)
    #expect(try worst(ONNXPolicies.policy(.transformer(config))) < 1e-5)
    (config.causalAttn, config.nHead) = (false, 2)
    #expect(try worst(ONNXPolicies.policy(.transformer(config)), rows: 1, opset: 23) < 1e-5)
  }

  @Test(arguments: [18, 20, 23]) func everyOpset(_ opset: Int) throws {
    #expect(try worst(ONNXPolicies.policy { ($0.layerNorm, $0.activation) = (true, .gelu) }, opset: opset) < 1e-5)
  }

  @Test func samplersOfDDPM() throws {
    #expect(try worst(ONNXPolicies.policy(sampler: .dpmSolver(DPMSolver()))) < 1e-5)
    var ancestral = AncestralSampler()
    (ancestral.noiseClip, ancestral.minStd, ancestral.finalClip) = (1.5, 1e-3, 0.9)
    #expect(try worst(ONNXPolicies.policy(sampler: .ddpm(ancestral))) < 1e-5)
    var noisy = DDIM()
    noisy.eta = 0.5
    #expect(try worst(ONNXPolicies.policy(sampler: .ddim(noisy))) < 1e-5)
  }

  @Test func samplersOfEDM() throws {
    var sampler = EDMSampler()
    (sampler.steps, sampler.sigmaMax) = (6, 20)
    #expect(try worst(ONNXPolicies.policy(process: .edm(EDM()), sampler: .edm(sampler))) < 1e-5)
    sampler.sChurn = 3
    #expect(try worst(ONNXPolicies.policy(process: .edm(EDM()), sampler: .edm(sampler))) < 1e-5)
  }

  @Test(arguments: FlowSampler.Method.allCases) func samplersOfFlows(_ method: FlowSampler.Method) throws {
    var sampler = FlowSampler()
    (sampler.method, sampler.steps) = (method, 4)
    var process = Flow()
    (process.sourceMean, process.sourceScale) = (0.2, 0.7)
    #expect(try worst(ONNXPolicies.policy(process: .flow(process), sampler: .flow(sampler))) < 1e-5)
  }

  @Test func reinFlowsSampler() throws {
    #expect(try worst(ONNXPolicies.policy(process: .flow(Flow()), sampler: .flow(.reinFlow))) < 1e-5)
  }
}
