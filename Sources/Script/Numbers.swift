import LuaBridge
import Tensors

/// A list of numbers or a tensor, as pictures and statistics take them.
struct Numbers: FromLua {
  let values: [Double]

  static var luaExpectation: String { "list of numbers or Tensor" }
  static func read(_ L: LuaState, at index: CInt) throws -> Numbers { try Numbers(try LuaValue.read(L, at: index)) }

  init(_ value: LuaValue) throws {
    switch value {
    case .object(let object as Tensor): values = object.values.map(Double.init)
    case .table(let table) where table.names.isEmpty:
      values = try table.list.enumerated().map { i, element in
        switch element {
        case .int(let x): Double(x)
        case .number(let x): x
        default: throw LuaError("element \(i + 1): number expected, got \(element.brief)")
        }
      }
    default: throw LuaError("a list of numbers or a Tensor expected, got \(value.brief)")
    }
  }
}

extension LuaTable {
  /// Removes and returns a list of numbers.
  mutating func takeNumbers(_ name: String) throws -> [Double]? {
    guard let value: LuaValue = try takeOptional(name) else { return nil }
    do { return try Numbers(value).values } catch { throw LuaError("'\(name)': \(error)") }
  }

  /// Removes and returns a number or a list of numbers.
  mutating func takeNumberOrList(_ name: String) throws -> [Double]? {
    switch self[name] {
    case .int?, .number?: [try take(name)]
    default: try takeNumbers(name)
    }
  }

  /// Removes and returns {low, high}.
  mutating func takeRange(_ name: String) throws -> ClosedRange<Double>? {
    guard let ends = try takeNumbers(name) else { return nil }
    guard ends.count == 2, ends[0] < ends[1] else { throw LuaError("'\(name)' must be {low, high} with low < high") }
    return ends[0]...ends[1]
  }
}
