import LuaBridge
import NeuralNets

/// A denoiser's shape, of kind residual_mlp or mlp: what `network` may hold.
struct MLPDenoiserOptions: LuaBridge.Options {
  var hidden: [Int]
  var activation: Activation
  var timeSize: Int
  var layerNorm: Bool
  var conditionHidden: [Int]?

  init() { self.init(DiffusionMLP.Config(observationSize: 1, actionSize: 1, horizon: 1)) }
  init(_ config: DiffusionMLP.Config) {
    (hidden, activation, timeSize) = (config.hidden, config.activation, config.timeSize)
    (layerNorm, conditionHidden) = (config.layerNorm, config.conditionHidden)
  }
}

/// The same of kind unet1d.
struct UNetDenoiserOptions: LuaBridge.Options {
  var downDims: [Int]
  var kernelSize: Int
  var nGroups: Int
  var diffusionStepEmbedDim: Int
  var condPredictScale: Bool
  var largerEncoder: Bool
  var groupnormEps: Float

  init() { self.init(UNet1d.Config(observationSize: 1, actionSize: 1, horizon: 1)) }
  init(_ config: UNet1d.Config) {
    (downDims, kernelSize, nGroups) = (config.downDims, config.kernelSize, config.nGroups)
    (diffusionStepEmbedDim, condPredictScale) = (config.diffusionStepEmbedDim, config.condPredictScale)
    (largerEncoder, groupnormEps) = (config.largerEncoder, config.groupnormEps)
  }
}

/// The same of kind transformer.
struct TransformerDenoiserOptions: LuaBridge.Options {
  var nLayer: Int
  var nHead: Int
  var nEmb: Int
  var pDropEmb: Float
  var pDropAttn: Float
  var causalAttn: Bool

  init() { self.init(TransformerDenoiser.Config(observationSize: 1, actionSize: 1, horizon: 1)) }
  init(_ config: TransformerDenoiser.Config) {
    (nLayer, nHead, nEmb) = (config.nLayer, config.nHead, config.nEmb)
    (pDropEmb, pDropAttn, causalAttn) = (config.pDropEmb, config.pDropAttn, config.causalAttn)
  }
}

/// The kinds that `network.kind` names.
let networkKinds = DenoiserConfig.Kind.allCases.filter { $0 != .own }.map(\.rawValue)

extension DenoiserConfig {
  /// `network = {kind = "residual_mlp" | "mlp" | "unet1d" | "transformer", ...}` for a policy of these sizes.
  init(_ options: LuaTable, sizes: DenoiserSizes) throws {
    var table = options
    let kind: String = try table.takeOptional("kind") ?? Kind.residualMLP.rawValue
    switch Kind(rawValue: kind) {
    case .residualMLP, .mlp:
      let options: MLPDenoiserOptions = try table.decode(under: "network")
      try check(options.hidden + (options.conditionHidden ?? []) + [options.timeSize], "hidden, condition_hidden and time_size")
      var config = DiffusionMLP.Config(observationSize: sizes.observationSize, actionSize: sizes.actionSize, horizon: sizes.horizon)
      config.observationSteps = sizes.observationSteps
      config.kind = kind == Kind.mlp.rawValue ? .mlp : .residualMLP
      (config.hidden, config.activation, config.timeSize) = (options.hidden, options.activation, options.timeSize)
      (config.layerNorm, config.conditionHidden) = (options.layerNorm, options.conditionHidden)
      self = .mlp(config)
    case .unet1d:
      let options: UNetDenoiserOptions = try table.decode(under: "network")
      try check(options.downDims + [options.kernelSize, options.nGroups, options.diffusionStepEmbedDim], "down_dims, kernel_size, n_groups and diffusion_step_embed_dim")
      var config = UNet1d.Config(observationSize: sizes.observationSize, actionSize: sizes.actionSize, horizon: sizes.horizon)
      config.observationSteps = sizes.observationSteps
      (config.downDims, config.kernelSize, config.nGroups) = (options.downDims, options.kernelSize, options.nGroups)
      (config.diffusionStepEmbedDim, config.condPredictScale) = (options.diffusionStepEmbedDim, options.condPredictScale)
      (config.largerEncoder, config.groupnormEps) = (options.largerEncoder, options.groupnormEps)
      self = .unet(config)
    case .transformer:
      let options: TransformerDenoiserOptions = try table.decode(under: "network")
      try check([options.nLayer, options.nHead, options.nEmb], "n_layer, n_head and n_emb")
      var config = TransformerDenoiser.Config(observationSize: sizes.observationSize, actionSize: sizes.actionSize, horizon: sizes.horizon)
      config.observationSteps = sizes.observationSteps
      (config.nLayer, config.nHead, config.nEmb) = (options.nLayer, options.nHead, options.nEmb)
      (config.pDropEmb, config.pDropAttn, config.causalAttn) = (options.pDropEmb, options.pDropAttn, options.causalAttn)
      self = .transformer(config)
    case .own, nil:
      throw LuaError("'network.kind' must be one of \(networkKinds.map { "'\($0)'" }.joined(separator: ", ")), got '\(kind)'")
    }
  }

  /// The options that make it, with its kind.
  func luaTable() throws -> LuaTable {
    var table = switch self {
    case .mlp(let config): try MLPDenoiserOptions(config).luaTable()
    case .unet(let config): try UNetDenoiserOptions(config).luaTable()
    case .transformer(let config): try TransformerDenoiserOptions(config).luaTable()
    case .own: LuaTable()
    }
    table["kind"] = .string(kind.rawValue)
    return table
  }

  /// In a few words.
  var summary: String {
    func joined(_ sizes: [Int]) -> String { sizes.map(String.init).joined(separator: "-") }
    switch self {
    case .mlp(let config):
      let condition = config.conditionHidden.map { ", observation through \(joined($0))" } ?? ""
      return "\(kind.rawValue) \(joined(config.hidden)) \(config.activation.rawValue)\(config.layerNorm ? " layer_norm" : "")\(condition)"
    case .unet(let config): return "unet1d \(joined(config.downDims)), kernel \(config.kernelSize)"
    case .transformer(let config): return "transformer, \(config.nLayer) layers of \(config.nEmb), \(config.nHead) heads"
    case .own: return "a module of the script's own"
    }
  }
}

private func check(_ sizes: [Int], _ names: String) throws {
  for size in sizes { try checkSize("network's \(names)", size) }
}
