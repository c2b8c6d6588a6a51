import Files
import LuaBridge
import Testing

/// Members of Tensor that compute nothing by elements.
private let others: Set = [
  "shape", "rank", "count", "item", "to_table", "clone", "requires_grad", "backward", "zero_grad", "detach", "grad", "is_leaf", "tracks_grad", "__len", "__tostring",
]

/// Whatever a script can compute with tensors has its stored vectors in the domain's tests.
@Test func everyTensorOperatorHasStoredVectors() throws {
  let domain = try Domain()
  let path = Program.root + "/Tests/TensorsTests/Fixtures/tensor_ops.json"
  let cases = try #require(try JSON(file: path)["cases"]?.array)
  let stored = Set(cases.compactMap { $0["op"]?.string })
  for entry in domain.lua.registry.members(of: "Tensor") where !others.contains(entry.shortName) {
    let name = entry.shortName.hasPrefix("__") ? String(entry.shortName.dropFirst(2)) : entry.shortName
    #expect(stored.contains(name), "\(entry.name)")
  }
  #expect(stored.isSuperset(of: ["where", "cat", "stack", "slice", "index_write"]))
  try domain.close()
}
