import LuaBridge
import Tensors

extension Tensor: LuaObject, LuaSized {
  public static var luaName: String { "Tensor" }
  public var luaByteCount: Int { count * MemoryLayout<Float>.stride }
}

/// A Tensor, or nested lists of numbers that make one: what observations, actions and noises may be given as.
struct TensorLike: FromLua {
  let tensor: Tensor

  static var luaExpectation: String { "Tensor or nested lists of numbers" }
  static func read(_ L: LuaState, at index: CInt) throws -> TensorLike { TensorLike(tensor: try Tensor.make(LuaValue.read(L, at: index))) }
}

extension Tensor {
  /// A number as rank 0; lists as one dimension more than what they hold, which must all have one shape.
  convenience init(copying value: LuaValue) throws {
    var numbers: [Float] = []
    let shape = try Tensor.flatten(value, path: [], into: &numbers)
    try self.init(numbers, shape: shape)
  }

  /// A tensor as it is, anything else as `init(copying:)`.
  static func make(_ value: LuaValue) throws -> Tensor {
    if case .object(let object) = value, let tensor = object as? Tensor { return tensor }
    return try Tensor(copying: value)
  }

  /// Appends the numbers in `value` and returns their shape; `path` is where it stands, for the error.
  private static func flatten(_ value: LuaValue, path: [Int], into numbers: inout [Float]) throws -> [Int] {
    switch value {
    case .int(let x): numbers.append(Float(x))
    case .number(let x): numbers.append(Float(x))
    case .object(let object as Tensor): throw LuaError("number expected\(place(path)), got a Tensor of shape \(object.shape); dsrl.stack joins tensors")
    case .table(let table):
      guard table.names.isEmpty else { throw LuaError("a list of numbers expected\(place(path)), got a table with the name '\(table.names[0])'") }
      var shape: [Int]?
      for (i, element) in table.list.enumerated() {
        let inner = try flatten(element, path: path + [i + 1], into: &numbers)
        guard inner == shape ?? inner else {
          throw LuaError("lists of one shape expected, got \(inner)\(place(path + [i + 1])) after \(shape ?? [])")
        }
        shape = inner
      }
      return [table.list.count] + (shape ?? [])
    default: throw LuaError((path.isEmpty ? TensorLike.luaExpectation : "number") + " expected\(place(path)), got \(value.brief)")
    }
    return []
  }

  /// " at [2][1]".
  private static func place(_ path: [Int]) -> String { path.isEmpty ? "" : " at " + path.map { "[\($0)]" }.joined() }

  /// As nested lists; a number for rank 0.
  var luaValue: LuaValue {
    func nested(_ shape: ArraySlice<Int>, _ values: ArraySlice<Float>) -> LuaValue {
      guard let count = shape.first else { return .number(Double(values[values.startIndex])) }
      let step = count > 0 ? values.count / count : 0
      return .table(LuaTable(list: (0..<count).map { i in
        let start = values.startIndex + i * step
        return nested(shape.dropFirst(), values[start..<start + step])
      }))
    }
    return nested(shape[...], values[...])
  }
}

extension Tensor {
  /// Rows for something that wants [n, width]: a vector is one row, and `isRow` says so. `what` names them in the error.
  func rows(of width: Int, _ what: String) throws -> (rows: Tensor, isRow: Bool) {
    if shape == [width] { return (try reshape([1, width]), true) }
    guard rank == 2, shape[1] == width else { throw UsageError("\(what) want the shape [\(width)] or [n, \(width)], got \(shape)") }
    return (self, false)
  }
}
