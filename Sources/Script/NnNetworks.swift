import LuaBridge
import NeuralNets
import Tensors

/// An MLP's options beside its sizes at either end.
struct MLPOptions: LuaBridge.Options {
  var hidden = MLP.Config(inputs: 1, outputs: 1).hidden
  var activation = MLP.Config(inputs: 1, outputs: 1).activation
  var outputActivation = MLP.Config(inputs: 1, outputs: 1).outputActivation
  var layerNorm = false
}

/// A residual MLP's options beside its sizes at either end.
struct ResidualMLPOptions: LuaBridge.Options {
  var hidden = ResidualMLP.Config(inputs: 1, outputs: 1).hidden
  var activation = ResidualMLP.Config(inputs: 1, outputs: 1).activation
  var layerNorm = false
}

/// Whole networks, as agents and policies use them.
func declareNetworks(_ m: LuaModule, _ random: Randomness) {
  m.function("mlp", "(options: table) -> Module",
    "A multi-layer perceptron, [n, inputs] to [n, outputs]: inputs, outputs (none: it ends after the last hidden layer), hidden, activation, output_activation, layer_norm, init (an initialiser for the weights, as dsrl.nn.init).",
    options: MLPOptions.self) { (table: LuaTable) throws -> ModuleObject in
    var table = table
    let (inputs, outputs): (Int, Int?) = (try table.take("inputs"), try table.takeOptional("outputs"))
    let start = try table.takeInitializer()
    let options: MLPOptions = try table.decode()
    for size in [inputs] + options.hidden + (outputs.map { [$0] } ?? []) { try checkSize("inputs, hidden and outputs", size) }
    var config = MLP.Config(inputs: inputs, outputs: outputs)
    (config.hidden, config.activation, config.outputActivation, config.layerNorm) = (options.hidden, options.activation, options.outputActivation, options.layerNorm)
    let net = try MLP(config, using: &random.weights)
    try start?.begin(net, using: &random.weights)
    return ModuleObject("mlp(\(sizes(inputs, options.hidden, outputs)))", net)
  }
  m.function("residual_mlp", "(options: table) -> Module",
    "DPPO's residual MLP, [n, inputs] to [n, outputs]: inputs, outputs, hidden (an odd number of equal sizes: one, and two for each block), activation, layer_norm, init.",
    options: ResidualMLPOptions.self) { (table: LuaTable) throws -> ModuleObject in
    var table = table
    let (inputs, outputs): (Int, Int) = (try table.take("inputs"), try table.take("outputs"))
    let start = try table.takeInitializer()
    let options: ResidualMLPOptions = try table.decode()
    for size in [inputs, outputs] + options.hidden { try checkSize("inputs, hidden and outputs", size) }
    var config = ResidualMLP.Config(inputs: inputs, outputs: outputs)
    (config.hidden, config.activation, config.layerNorm) = (options.hidden, options.activation, options.layerNorm)
    let net = try ResidualMLP(config, using: &random.weights)
    try start?.begin(net, using: &random.weights)
    return ModuleObject("residual_mlp(\(sizes(inputs, options.hidden, outputs)))", net)
  }
}

private func sizes(_ inputs: Int, _ hidden: [Int], _ outputs: Int?) -> String {
  ([inputs] + hidden + (outputs.map { [$0] } ?? [])).map(String.init).joined(separator: " -> ")
}
