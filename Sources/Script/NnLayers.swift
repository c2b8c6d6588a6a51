import LuaBridge
import NeuralNets
import Tensors

extension Conv1d.Config: LuaBridge.Options {}
extension ConvTranspose1d.Config: LuaBridge.Options {}
extension ConditionalResidualBlock1d.Config: LuaBridge.Options {}

/// The layers of one tensor whose shapes say nothing of rows: linear, norms, embeddings, activations.
func declareLayers(_ m: LuaModule, _ random: Randomness) {
  m.function("linear", "(inputs: integer, outputs: integer, options?: {bias: boolean, init: string | table}) -> Module",
    "x Wᵀ + b: [..., inputs] to [..., outputs]. Parameters weight [outputs, inputs] and, with bias (true), bias [outputs], uniform within ±1/√inputs unless init names an initialiser for the weight, as dsrl.nn.init.") {
    (inputs: Int, outputs: Int, options: LuaTable?) throws -> ModuleObject in
    try checkSize("inputs", inputs)
    try checkSize("outputs", outputs)
    var options = options ?? LuaTable()
    let start = try options.takeInitializer()
    let hasBias: Bool = try options.takeOptional("bias") ?? true
    try options.finish()
    let layer: any Layer = try hasBias ? Linear(inputs, outputs, using: &random.weights) : LinearMap(inputs, outputs, using: &random.weights)
    try start?.begin(layer, using: &random.weights)
    return ModuleObject("linear(\(inputs) -> \(outputs))", layer)
  }
  m.function("layer_norm", "(size: integer, options?: {eps: number}) -> Module",
    "The last dimension to mean 0 and variance 1, times weight plus bias; eps (1e-5).") { (size: Int, options: LuaTable?) throws -> ModuleObject in
    try checkSize("size", size)
    return ModuleObject("layer_norm(\(size))", try LayerNorm(size, epsilon: takeEpsilon(options)))
  }
  m.function("group_norm", "(groups: integer, channels: integer, options?: {eps: number}) -> Module",
    "Groups of channels to mean 0 and variance 1, then each channel times weight plus bias: [n, channels, ...]; eps (1e-5).") {
    (groups: Int, channels: Int, options: LuaTable?) throws -> ModuleObject in
    try checkSize("channels", channels)
    return ModuleObject("group_norm(\(groups), \(channels))", try GroupNorm(groups, channels, epsilon: takeEpsilon(options)))
  }
  m.function("embedding", "(count: integer, size: integer) -> Module", "A trained row for each of `count` things: indices from 1, [...] to [..., size].") {
    (count: Int, size: Int) throws -> ModuleObject in
    try checkSize("size", size)
    let layer = try Embedding(count, size, using: &random.weights)
    return ModuleObject("embedding(\(count), \(size))", layer) { inputs in
      if let wrong = inputs[0].values.first(where: { !(1...Float(count) ~= $0) }) {
        throw UsageError("an index into an embedding of \(count) wants 1 to \(count), got \(wrong)")
      }
      return try layer(inputs[0].detach() - 1)
    }
  }
  m.function("sinusoidal_embedding", "(size: integer) -> Module", "Sines and cosines of times at size / 2 frequencies: [n] to [n, size].") {
    (size: Int) throws -> ModuleObject in
    try checkSize("size", size)
    let sinusoid = try SinusoidalEmbedding(size)
    return ModuleObject("sinusoidal_embedding(\(size))", ParameterList([])) { try sinusoid($0[0]) }
  }
  m.function("time_embedding", "(size: integer) -> Module", "Sinusoids, a linear layer to twice the size, Mish, and one back: [n] to [n, size].") {
    (size: Int) throws -> ModuleObject in
    try checkSize("size", size)
    return ModuleObject("time_embedding(\(size))", try TimeEmbedding(size, using: &random.weights))
  }
  m.function("dropout", "(p?: number) -> Module",
    "While it trains, zeros with probability p (0.5) and the rest times 1 / (1 - p); after eval() the identity. Draws from a stream of its own that manual_seed begins.") {
    (p: Float?) throws -> ModuleObject in ModuleObject("dropout(\(p ?? 0.5))", try Dropout(p ?? 0.5, from: random.dropout))
  }
  let formulas: [Activation: String] = [
    .relu: "max(x, 0)", .tanh: "The hyperbolic tangent", .sigmoid: "1 / (1 + e^-x)", .mish: "x tanh(softplus(x))", .gelu: "x Φ(x)", .silu: "x sigmoid(x)",
    .softplus: "ln(1 + e^x)", .identity: "x as it is",
  ]
  for activation in Activation.allCases {
    m.function(activation.rawValue, "() -> Module", "\(formulas[activation] ?? ""), element by element, as a module.") {
      ModuleObject(activation.rawValue, ActivationLayer(activation))
    }
  }
}

private func takeEpsilon(_ options: LuaTable?) throws -> Float {
  var options = options ?? LuaTable()
  let epsilon: Float = try options.takeOptional("eps") ?? 1e-5
  try options.finish()
  guard epsilon >= 0, epsilon.isFinite else { throw UsageError("eps wants to be zero or more, got \(epsilon)") }
  return epsilon
}

/// Convolutions along rows [n, channels, length], and the blocks of Diffusion Policy's U-Net.
func declareConvolutions(_ m: LuaModule, _ random: Randomness) {
  m.function("conv1d", "(inputs: integer, outputs: integer, kernel_size: integer, options?: table) -> Module",
    "A convolution along rows: [n, inputs, length] to [n, outputs, places]. stride, padding, dilation, groups, bias. Parameters weight [outputs, inputs / groups, kernel_size] and bias [outputs].",
    options: Conv1d.Config.self) { (inputs: Int, outputs: Int, kernel: Int, options: LuaTable?) throws -> ModuleObject in
    try checkSizes(inputs, outputs, kernel)
    let layer = try Conv1d(inputs, outputs, kernel: kernel, (options ?? LuaTable()).decode(), using: &random.weights)
    return ModuleObject("conv1d(\(inputs) -> \(outputs), kernel \(kernel))", layer)
  }
  m.function("conv_transpose1d", "(inputs: integer, outputs: integer, kernel_size: integer, options?: table) -> Module",
    "A convolution run backwards, for longer rows: [n, inputs, places] to [n, outputs, length]. stride, padding, output_padding, dilation, groups, bias. Parameters weight [inputs, outputs / groups, kernel_size] and bias [outputs].",
    options: ConvTranspose1d.Config.self) { (inputs: Int, outputs: Int, kernel: Int, options: LuaTable?) throws -> ModuleObject in
    try checkSizes(inputs, outputs, kernel)
    let layer = try ConvTranspose1d(inputs, outputs, kernel: kernel, (options ?? LuaTable()).decode(), using: &random.weights)
    return ModuleObject("conv_transpose1d(\(inputs) -> \(outputs), kernel \(kernel))", layer)
  }
  m.function("conv1d_block", "(inputs: integer, outputs: integer, kernel_size: integer, groups?: integer) -> Module",
    "Convolution that keeps the length, group norm (8 groups), Mish: [n, inputs, length] to [n, outputs, length].") {
    (inputs: Int, outputs: Int, kernel: Int, groups: Int?) throws -> ModuleObject in
    try checkSizes(inputs, outputs, kernel)
    let layer = try Conv1dBlock(inputs, outputs, kernel: kernel, groups: groups ?? 8, using: &random.weights)
    return ModuleObject("conv1d_block(\(inputs) -> \(outputs), kernel \(kernel))", layer)
  }
  m.function("conditional_residual_block1d", "(inputs: integer, outputs: integer, condition: integer, options?: table) -> Module",
    "Diffusion Policy's residual block of two convolutions with FiLM between: x [n, inputs, length], condition [n, condition] to [n, outputs, length]. kernel_size, n_groups, cond_predict_scale.",
    options: ConditionalResidualBlock1d.Config.self) { (inputs: Int, outputs: Int, condition: Int, options: LuaTable?) throws -> ModuleObject in
    try checkSizes(inputs, outputs, condition)
    let config: ConditionalResidualBlock1d.Config = try (options ?? LuaTable()).decode()
    try checkSize("kernel_size", config.kernelSize)
    let block = try ConditionalResidualBlock1d(inputs, outputs, condition: condition, config, using: &random.weights)
    return ModuleObject("conditional_residual_block1d(\(inputs) -> \(outputs), condition \(condition))", block, inputs: 2) { try block($0[0], $0[1]) }
  }
  m.function("downsample1d", "(channels: integer) -> Module", "Rows of half the length, by a convolution of kernel 3 and stride 2.") {
    (channels: Int) throws -> ModuleObject in
    try checkSize("channels", channels)
    return ModuleObject("downsample1d(\(channels))", try Downsample1d(channels, using: &random.weights))
  }
  m.function("upsample1d", "(channels: integer) -> Module", "Rows of twice the length, by a transposed convolution of kernel 4 and stride 2.") {
    (channels: Int) throws -> ModuleObject in
    try checkSize("channels", channels)
    return ModuleObject("upsample1d(\(channels))", try Upsample1d(channels, using: &random.weights))
  }
}

private func checkSizes(_ inputs: Int, _ outputs: Int, _ third: Int) throws {
  for size in [inputs, outputs, third] { try checkSize("a convolution", size) }
}
