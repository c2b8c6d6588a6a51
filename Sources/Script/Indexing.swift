import LuaBridge
import Tensors

/// A dimension or an index as Lua writes it: from 1, or from the end when negative. Here, and only here, counting from 1 ends.
struct FromOne: FromLua {
  let number: Int

  static var luaExpectation: String { "integer" }
  static func read(_ L: LuaState, at index: CInt) throws -> FromOne { FromOne(number: try Int.read(L, at: index)) }

  /// The same counted from 0; `what` names it in the error.
  func index(of count: Int, _ what: String) throws -> Int {
    guard number != 0, number <= count, number >= -count else {
      throw UsageError(count == 0 ? "\(what): there is none, got \(number)" : "\(what) wants 1 to \(count), or -1 to -\(count) from the end, got \(number)")
    }
    return number > 0 ? number - 1 : number + count
  }
}

extension Tensor {
  func dimension(_ dim: FromOne) throws -> Int { try dim.index(of: rank, "a dimension of shape \(shape)") }

  func index(_ index: FromOne, in dim: Int) throws -> Int {
    try index.index(of: shape[dim], "an index into dimension \(dim + 1) of shape \(shape)")
  }
}

/// Integers given one by one or as one list: `t:reshape(2, 3)`, `t:reshape{2, 3}`.
struct Integers: FromLua {
  let values: [Int]

  static var luaExpectation: String { "integers or a list of them" }
  static func read(_ L: LuaState, at index: CInt) throws -> Integers {
    let arguments = try LuaRest.read(L, at: index).values
    if arguments.count == 1, case .table(let table) = arguments[0], table.names.isEmpty { return Integers(values: try integers(table.list)) }
    return Integers(values: try integers(arguments))
  }

  private static func integers(_ values: [LuaValue]) throws -> [Int] {
    try values.map { value in
      switch value {
      case .int(let x): return x
      case .number(let x): if let exact = Int(exactly: x) { return exact }
      default: break
      }
      throw LuaError("\(luaExpectation) expected, got \(value.brief)")
    }
  }

  /// As a shape; throws for one that no tensor has.
  func shape() throws -> [Int] {
    try Tensor.check(values)
    return values
  }
}

/// Throws unless `value` is a size that something can be made of.
func checkSize(_ name: String, _ value: Int) throws {
  guard (1...65536).contains(value) else { throw UsageError("\(name) wants a number from 1 to 65536, got \(value)") }
}
