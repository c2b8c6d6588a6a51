import Tensors
import Testing

@testable import NeuralNets

private func net(seed: Int) throws -> MLP {
  var stream = RandomStream(seed: seed, purpose: "init")
  var config = MLP.Config(inputs: 3, outputs: 2)
  config.hidden = [4]
  config.layerNorm = true
  return try MLP(config, using: &stream)
}

@Test func stateDictGoesRound() throws {
  let (one, other) = (try net(seed: 1), try net(seed: 2))
  let state = one.stateDict()
  #expect(state.keys.sorted() == ["layers.0.bias", "layers.0.weight", "layers.1.bias", "layers.1.weight", "layers.3.bias", "layers.3.weight"])
  try other.load(stateDict: state)
  #expect(one.parameters.map(\.values) == other.parameters.map(\.values))

  one.parameters[0].withMutablePointer { $0[0] += 1 }
  #expect(state["layers.0.weight"]?.values != one.parameters[0].values, "a state dict is a copy")
  try other.load(one)
  #expect(one.parameters.map(\.values) == other.parameters.map(\.values))
}

@Test func namesFollowTheNaming() throws {
  var stream = RandomStream(seed: 1)
  var config = MLP.Config(inputs: 3, outputs: 2)
  config.hidden = [4, 5]
  let table: [(MLP.Naming, Bool, [String])] = [
    (.sequential, false, ["layers.0.weight", "layers.2.weight", "layers.4.weight"]),
    (.sequential, true, ["layers.0.weight", "layers.1.weight", "layers.3.weight", "layers.4.weight", "layers.6.weight"]),
    (.moduleList, false, (0..<3).map { "moduleList.\($0).linear_1.weight" }),
    (
      .moduleList, true,
      ["moduleList.0.linear_1.weight", "moduleList.0.norm_1.weight", "moduleList.1.linear_1.weight", "moduleList.1.norm_1.weight"]
        + ["moduleList.2.linear_1.weight"]
    ),
  ]
  for (naming, layerNorm, wanted) in table {
    (config.naming, config.layerNorm) = (naming, layerNorm)
    let names = try MLP(config, using: &stream).namedParameters.map(\.name)
    #expect(names.filter { $0.hasSuffix("weight") } == wanted)
    #expect(names.count == 2 * wanted.count)
  }
}

@Test func aStateDictThatDoesNotFitIsNamedAndChangesNothing() throws {
  let net = try net(seed: 1)
  let before = net.parameters.map(\.values)
  let edits: [(String, (inout [String: Tensor]) -> Void)] = [
    ("missing: layers.1.bias", { $0["layers.1.bias"] = nil }),
    ("unexpected: actor.weight, z", { ($0["z"], $0["actor.weight"]) = (Tensor.zeros([1]), Tensor.zeros([1])) }),
    ("other shapes: layers.0.weight (wanted [4, 3], got [3, 4])", { $0["layers.0.weight"] = Tensor.zeros([3, 4]) }),
    (
      "missing: layers.0.bias; unexpected: layers.0.b",
      { ($0["layers.0.bias"], $0["layers.0.b"]) = (nil, Tensor.zeros([4])) }
    ),
  ]
  for (wanted, edit) in edits {
    var state = net.stateDict().mapValues { $0 + 1 }
    edit(&state)
    #expect(complaint { try net.load(stateDict: state) } == "the state dict does not fit; " + wanted)
    #expect(net.parameters.map(\.values) == before)
  }
  let many = Dictionary(uniqueKeysWithValues: (0..<10).map { ("x\($0)", Tensor.zeros([1])) })
  let message = complaint { try net.load(stateDict: net.stateDict().merging(many) { $1 }) }
  #expect(message == "the state dict does not fit; unexpected: x0, x1, x2, x3, x4, x5, x6, x7 and 2 more")
}
