import Environments
import LuaBridge
import Tensors

/// dsrl.data.demonstrations: behaviour data of the demonstrator that the task named has.
func demonstrations(_ options: LuaTable) throws -> DataObject {
  var table = options
  let id: String = try table.takeOptional("env") ?? "PointFork-v0"
  let episodes: Int = try table.takeOptional("episodes") ?? 100
  let seed: Int = try table.takeOptional("seed") ?? 0
  let type = try optionsType(of: id)
  guard let demonstrated = type as? any (DemonstratedOptions & LuaBridge.Options).Type else {
    throw UsageError("demonstrations are of \(Environments.demonstratedIds.joined(separator: ", ")), got \(id)")
  }
  func decode<T: DemonstratedOptions & LuaBridge.Options>(_ type: T.Type) throws -> any DemonstratedOptions { try table.decode(T.self) }
  return DataObject(try decode(demonstrated).demonstrate(episodes: episodes, seed: seed))
}
