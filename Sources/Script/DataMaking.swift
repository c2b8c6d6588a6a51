import Environments
import LuaBridge
import Tensors

extension Interpreter {
  /// dsrl.data.make.
  func installDataMaking() {
    module("dsrl.data") { m in
      m.function("make", "(arrays: table) -> DataSet",
        "Data out of arrays: observations [steps, observation], actions [steps, action], rewards [steps] (0), terminals and timeouts: lists of booleans, or Tensors of 0 and 1 (false). An episode ends at a terminal, a timeout, or the last step.",
        makeData)
    }
  }
}

private func makeData(_ arrays: LuaTable) throws -> DataObject {
  var table = arrays
  func tensor(_ name: String) throws -> Tensor? {
    guard let value: LuaValue = try table.takeOptional(name) else { return nil }
    do { return try Tensor.make(value).detach() } catch { throw LuaError("'\(name)': \(error)") }
  }
  guard let observations = try tensor("observations"), let actions = try tensor("actions") else { throw LuaError("missing 'observations' or 'actions'") }
  let count = observations.shape.first ?? 0
  let rewards = try tensor("rewards") ?? Tensor.zeros([count])
  func flags(_ name: String) throws -> [Bool] {
    switch try table.takeOptional(name, as: LuaValue.self) {
    case nil: return Array(repeating: false, count: count)
    case .table(let list):
      return try list.list.enumerated().map { index, value in
        guard case .bool(let flag) = value, list.names.isEmpty else { throw LuaError("'\(name)' must be a list of booleans or a Tensor of 0 and 1, got \(value.brief) at \(index + 1)") }
        return flag
      }
    case .object(let object as Tensor)?: return try DataSet.flags(object, name)
    case let other?: throw LuaError("'\(name)' must be a list of booleans or a Tensor of 0 and 1, got \(other.brief)")
    }
  }
  let (terminals, timeouts) = (try flags("terminals"), try flags("timeouts"))
  try table.finish()
  return DataObject(try DataSet(observations: observations, actions: actions, rewards: DataSet.column(rewards), terminals: terminals, timeouts: timeouts))
}
